// Plugin desk: the views of one plugin together: its numbers, and its lists.
import { useEffect, useState } from "preact/hooks";
import { declared, listDesks, loadGrids, say as title, valueAt, type DeclaredView } from "../declared";
import { onChange } from "../live";
import { linkTo } from "../router";
import { ask } from "../session";
import { language, say } from "../words";
import { chinaDay } from "../times";

/** The lists of a plugin, above each of its pages. */
export function DeskMenu({ plugin, here }: { plugin: string; here: string }) {
  const desk = listDesks().find((one) => one.plugin === plugin);
  if (!desk) return null;
  return (
    <nav class="lists unprinted" aria-label={title(desk.desk)}>
      {desk.lists.map((list) => (
        <a href={linkTo("views", list.name)} aria-current={list.name === here ? "page" : undefined}>
          {title(list)}
        </a>
      ))}
    </nav>
  );
}

export function PluginDesk({ plugin }: { plugin: string }) {
  const desk = listDesks().find((one) => one.plugin === plugin);
  useEffect(() => {
    document.title = `${desk ? title(desk.desk) : ""} · ${say("title")}`;
  }, [language.value]);
  if (!desk) return <h1>{say("noPage")}</h1>;
  const counters = (declared.value ?? []).filter((view) => view.kind === "COUNTER" && view.plugin === plugin);
  return (
    <>
      <h1>{title(desk.desk)}</h1>
      {counters.length > 0 && (
        <ul class="cards" id="counters">
          {counters.map((view) => (
            <Counter key={view.name} view={view} />
          ))}
        </ul>
      )}
      <h2>{say("lists")}</h2>
      <ul class="cards" id="lists">
        {desk.lists.map((list) => (
          <li>
            <a href={linkTo("views", list.name)}>{title(list)}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

function Counter({ view }: { view: DeclaredView }) {
  const [number, setNumber] = useState<string | null>(null);
  const load = async () => {
    const [grid] = view.variables.includes("grid") ? await loadGrids() : [];
    const known: Record<string, unknown> = { grid: grid?.code, today: chinaDay() };
    const variables = Object.fromEntries(view.variables.filter((name) => name in known).map((name) => [name, known[name]]));
    const found = valueAt((await ask<object>(view.document, variables)).data, view.rows);
    setNumber(found === null || found === undefined ? "—" : String(found));
  };
  useEffect(() => {
    void load();
    return onChange((numbers) => {
      if (numbers === null) void load();
    });
  }, []);
  const text = (
    <>
      <span class="figure">{number ?? "…"}</span> {title(view)}
    </>
  );
  return <li data-counter={view.name}>{view.opens ? <a href={linkTo("views", view.opens)}>{text}</a> : text}</li>;
}
