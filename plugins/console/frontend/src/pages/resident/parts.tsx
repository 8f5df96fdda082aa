// Parts: what the residents' pages share: sections, fields, files to choose, and what went wrong in plain words.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { Failure } from "../../failure";
import { loadLabels } from "../../labels";
import { linkTo, route } from "../../router";
import { askOnce, uploadOnce } from "../../session";
import { language, say as title } from "../../words";
import { clientId } from "./kept";
import { tell, type ResidentWord } from "./words";
import "./resident.css";

/** Say what went wrong, and what to do. */
export function explain({ code, message, retryAfter }: Problem): string {
  if (code === "NETWORK") return tell("lost");
  if (code === "RATE_LIMITED" && retryAfter) return `${tell("slow")} ${retryAfter} ${tell("slowEnd")} ${tell("kept")}`;
  return message;
}

/** Where residents may go, the first being where they begin. */
const WAYS = ["resident", "report", "follow", "public", "me"] as const;

const LABELS = ["CaseStatus", "ClockStage", "CasePhase"];

export function Page({ name, children }: { name: ResidentWord; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${tell(name)} · ${title("title")}`;
  }, [language.value, name]);
  useEffect(() => void loadLabels(LABELS), []);
  return (
    <div class="resident">
      <nav class="lists unprinted" aria-label={tell("pages")} id="resident-pages">
        {WAYS.map((way) => (
          <a href={linkTo(way)} aria-current={route.value.path[0] === way ? "page" : undefined}>
            {tell(way === "resident" ? "home" : way)}
          </a>
        ))}
      </nav>
      <h1>{tell(name)}</h1>
      {children}
    </div>
  );
}

export function Block({ id, name, children }: { id: string; name: ResidentWord; children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{tell(name)}</h2>
      {children}
    </section>
  );
}

/** What was refused, above a form; it is read out when it appears, and takes the focus. */
export function Wrong({ told }: { told: string[] }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (told.length > 0) box.current?.focus();
  }, [told]);
  return (
    <div role="alert" class="wrong" ref={box} tabIndex={-1}>
      {told.map((one) => (
        <p>{one}</p>
      ))}
    </div>
  );
}

export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  if (!children && children !== 0) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Load something, and again when it is asked for; a page that others wrote meanwhile is not shown in between. */
export function useLoaded<Data>(document: string, variables: object = {}) {
  const [data, setData] = useState<Data | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const load = async () => {
    const found = await askOnce<Data>(document, variables);
    setData((now) => found.data ?? now);
    setProblem(found.ok ? null : found.problems[0]);
  };
  useEffect(() => void load(), [language.value, JSON.stringify(variables)]);
  return { data, problem, load };
}

/** What stands in place of something that is not there yet, or cannot be: a plugin may be off here. */
export function Missing({ problem, again, loaded = false }: { problem: Problem | null; again: () => void; loaded?: boolean }) {
  if (!problem) return <p class="quiet">{tell(loaded ? "notOffered" : "load")}</p>;
  if (problem.code === "GRAPHQL_VALIDATION_FAILED") return <p>{tell("notOffered")}</p>;
  return <Failure message={problem.code === "NETWORK" ? tell("lostLoad") : explain(problem)} again={again} />;
}

const MOST = 9;

/** Photos and recordings to go along. */
export function Files({ files, onChange }: { files: File[]; onChange: (files: File[]) => void }) {
  const [wrong, setWrong] = useState("");
  const add = (event: { currentTarget: HTMLInputElement }) => {
    const chosen = [...files, ...(event.currentTarget.files ?? [])];
    setWrong(chosen.length > MOST ? tell("tooMany") : "");
    onChange(chosen.slice(0, MOST));
    event.currentTarget.value = ""; // or the same photo could not be chosen again
  };
  return (
    <div class="field">
      <label for="files">{tell("photos")}</label>
      <input id="files" type="file" multiple accept="image/*,audio/*" aria-describedby="files-hint files-error" onChange={add} />
      <p class="quiet" id="files-hint">
        {tell("photosHint")}
      </p>
      <p class="error" id="files-error" role="status">
        {wrong}
      </p>
      <ul class="chosen-files">
        {files.map((file) => (
          <li>
            {file.name}{" "}
            <button type="button" aria-label={`${tell("remove")} ${file.name}`} onClick={() => onChange(files.filter((one) => one !== file))}>
              {tell("remove")}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What was taken already: who sends again after a lost answer sends no file twice. */
const taken = new WeakMap<File, string>();

export async function uploadAll(files: File[]): Promise<{ ids: string[]; problem: Problem | null }> {
  const ids: string[] = [];
  for (const file of files) {
    let id = taken.get(file);
    if (!id) {
      const sent = await uploadOnce(file, clientId);
      if (!sent.ok) {
        const [problem] = sent.problems;
        return { ids, problem: problem.code === "NETWORK" ? problem : { ...problem, message: `${file.name}: ${problem.message}` } };
      }
      taken.set(file, (id = sent.data.id));
    }
    ids.push(id);
  }
  return { ids, problem: null };
}
