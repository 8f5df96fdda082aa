// Formula: a figure's name as a button, and the published formula that it opens.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Failure } from "../../failure";
import { ask } from "../../session";
import { language, say } from "../../words";
import { KPIS } from "./places";
import { nameFigure, tell } from "./words";

interface Kpi {
  name: string;
  formula: string;
  numerator: string;
  denominator: string;
  unit: string;
  version: number;
}

/** The figure whose formula is open: its name among the formulas, and what it is called where it was opened. */
const opened = signal<{ name: string; title: string } | null>(null);
/** As the server has them, in the language in which they were asked for. */
const known = signal<{ language: string; kpis: Kpi[] } | null>(null);
const failed = signal("");

async function load(): Promise<void> {
  const asked = language.value;
  const found = await ask<{ kpis: Kpi[] }>(KPIS);
  failed.value = found.data?.kpis ? "" : (found.problems[0]?.message ?? "");
  if (found.data?.kpis) known.value = { language: asked, kpis: found.data.kpis };
}

/** What a figure is called; it opens how that is computed. */
export function FigureName({ name, title = nameFigure(name) }: { name: string; title?: string }) {
  return (
    <button
      type="button"
      class="figure-name"
      aria-haspopup="dialog"
      data-formula={name}
      onClick={() => (opened.value = { name, title })}
    >
      {title}
    </button>
  );
}

export function FormulaDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const figure = opened.value;
  useEffect(() => {
    if (!figure) return;
    dialog.current?.showModal();
    if (known.value?.language !== language.value) void load();
  }, [figure, language.value]);
  useEffect(() => () => void (opened.value = null), []);
  if (!figure) return null;
  const kpi = known.value?.kpis.find(({ name }) => name === figure.name);
  const rows = kpi && [
    [tell("formulaText"), kpi.formula],
    [tell("numerator"), kpi.numerator],
    [tell("denominator"), kpi.denominator],
    [tell("unit"), kpi.unit],
    [tell("version"), String(kpi.version)],
  ];
  // What is closed by Escape closes, too: the browser gives the focus back to the button that opened it.
  return (
    <dialog ref={dialog} id="formula" aria-labelledby="formula-title" onClose={() => (opened.value = null)}>
      <h2 id="formula-title">
        {figure.title} · {tell("formula")}
      </h2>
      {failed.value && <Failure message={failed.value} again={() => void load()} />}
      {!known.value && !failed.value && <p class="quiet">{say("loading")}</p>}
      {known.value && !kpi && <p>{tell("noFormula")}</p>}
      {rows && (
        <dl>
          {rows.map(([term, text]) => (
            <div>
              <dt>{term}</dt>
              <dd>{text}</dd>
            </div>
          ))}
        </dl>
      )}
      <button type="button" class="main" onClick={() => dialog.current?.close()}>
        {tell("close")}
      </button>
    </dialog>
  );
}
