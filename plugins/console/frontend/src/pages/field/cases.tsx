// Cases: the open cases of one's grids, those first that one may settle oneself; steps are kept and sent like reports.
import { useEffect, useState } from "preact/hooks";
import type { Action } from "../../actions";
import { Failure } from "../../failure";
import { Light, State } from "../../lights";
import { onChange } from "../../live";
import { linkTo } from "../../router";
import { ask } from "../../session";
import { showDistance } from "../../times";
import { colon, language, say } from "../../words";
import { CASES } from "./documents";
import { Entry } from "./entry";
import { inOwnGrids } from "./homes";
import { items, keep, type Attached } from "./outbox";
import { Photos } from "./photos";
import { tell } from "./words";

interface FieldCase {
  number: string;
  title: string;
  status: string;
  light: string | null;
  dueAt: string | null;
  address: string | null;
  needsTitle: boolean;
  grid: { name: string } | null;
  category: { name: string } | null;
  actions: Pick<Action, "name" | "label" | "allowed">[];
}

/** What one may do out there, without a network as well. The last answers, so its text is for the requester. */
const STEPS = ["acceptCase", "handleCase", "handleInGrid", "replyToCase"];
const ANSWERS = ["handleInGrid", "replyToCase"];
/** Steps that somebody takes who has listened to a recording. */
const HEARING = ["acceptCase", "handleInGrid"];

const stepsOf = ({ actions }: FieldCase) => actions.filter(({ name, allowed }) => allowed && STEPS.includes(name));

export function Cases() {
  const [found, setFound] = useState<FieldCase[] | null>(null);
  const [failed, setFailed] = useState("");
  const load = async () => {
    const where = { and: [{ open: { equals: true } }, inOwnGrids()] };
    const answer = await ask<{ cases: { nodes: FieldCase[] } | null }>(CASES, { where });
    if (!answer.data?.cases) return setFailed(answer.ok ? "" : answer.problems[0].message);
    setFailed("");
    setFound(answer.data.cases.nodes);
  };
  useEffect(() => {
    void load();
    return onChange(() => void load());
  }, [language.value]);
  const mine = found?.filter((each) => stepsOf(each).length > 0) ?? [];
  const others = found?.filter((each) => stepsOf(each).length === 0) ?? [];
  return (
    <>
      <h1>{tell("cases")}</h1>
      {failed && <Failure message={failed} again={() => void load()} />}
      {!found && !failed && <p class="quiet">{say("loading")}</p>}
      {found && (
        <>
          <h2>{tell("mine")}</h2>
          {mine.length === 0 && <p class="quiet">{tell("noneMine")}</p>}
          <List id="mine" cases={mine} />
          {others.length > 0 && <h2>{tell("others")}</h2>}
          <List id="others" cases={others} />
          <p>
            <a href={linkTo("desk")}>{tell("allCases")}</a>
          </p>
        </>
      )}
    </>
  );
}

function List({ id, cases }: { id: string; cases: FieldCase[] }) {
  return (
    <ul class="cards-list" id={id}>
      {cases.map((each) => (
        <Card key={each.number} case={each} />
      ))}
    </ul>
  );
}

function Card({ case: about }: { case: FieldCase }) {
  const [step, setStep] = useState<{ name: string; label: string } | null>(null);
  const photos = about.actions.some(({ name, allowed }) => name === "addAttachments" && allowed);
  const waits = items.value.some(({ input }) => input.number === about.number);
  return (
    <li class="card" data-number={about.number}>
      <a class="title" href={linkTo("cases", about.number)}>
        {about.title}
      </a>
      <p class="line">
        <State of="CaseStatus" value={about.status} /> <Light of={about.light} />
        {about.dueAt && (
          <span class="quiet">
            {say("due")} {showDistance(about.dueAt)}
          </span>
        )}
        {waits && <span class="state">{tell("waitsHere")}</span>}
      </p>
      <p class="quiet">{[about.category?.name, about.grid?.name, about.address].filter(Boolean).join(" · ")}</p>
      {step ? (
        <Step case={about} step={step} onClose={() => setStep(null)} />
      ) : (
        <p class="buttons">
          {stepsOf(about).map((action) => (
            <button type="button" data-step={action.name} onClick={() => setStep(action)}>
              {action.label}
            </button>
          ))}
          {photos && (
            <button type="button" data-step="addAttachments" onClick={() => setStep({ name: "addAttachments", label: tell("addPhotos") })}>
              {tell("addPhotos")}
            </button>
          )}
        </p>
      )}
    </li>
  );
}

function Step({ case: about, step, onClose }: { case: FieldCase; step: { name: string; label: string }; onClose: () => void }) {
  const { number, status, title, needsTitle } = about;
  const [heard, setHeard] = useState("");
  const [files, setFiles] = useState<Attached[]>([]);
  const answers = ANSWERS.includes(step.name);
  const photos = step.name === "addAttachments";
  const listens = needsTitle && HEARING.includes(step.name);
  const save = (text: string) => {
    const told = answers ? { text } : text ? { note: text } : {};
    const input = photos ? { number, ...told } : { number, seen: status, ...told, ...(listens && heard.trim() && { title: heard.trim() }) };
    return keep(step.name, input, `${step.label}${colon()}${title}`, files);
  };
  return (
    <Entry
      id={`step-${number}`}
      title={step.label}
      label={tell(answers ? "answer" : "note")}
      optional={!answers}
      save={save}
      onClose={onClose}
    >
      {listens && (
        <div class="field">
          <label for={`heard-${number}`}>{tell("heard")}</label>
          <input id={`heard-${number}`} type="text" value={heard} onInput={(event) => setHeard(event.currentTarget.value)} />
        </div>
      )}
      {photos && <Photos id={`photos-${number}`} files={files} onChange={setFiles} />}
    </Entry>
  );
}
