// Case view: one's own case in plain words: where it stands, by when, what one may do, and what happened.
import { useState } from "preact/hooks";
import { linkTo } from "../../router";
import { label } from "../../labels";
import { changeOnce } from "../../session";
import { showMoment } from "../../times";
import { colon } from "../../words";
import type { Clock, Followed } from "./case_loading";
import { ADD, RATE } from "./documents";
import { draft, keyFor, type Receipt } from "./kept";
import { Block, Fact, Files, Wrong, explain, uploadAll } from "./parts";
import { tell, type ResidentWord } from "./words";

const OVER = ["CLOSED", "DECLINED", "VOIDED", "WITHDRAWN"];
const MARKS = [5, 4, 3, 2, 1] as const;

interface Given {
  found: Followed;
  /** Null for who is signed in: their account opens it. */
  receipt: Receipt | null;
  reload: () => Promise<void>;
}

/** Begin a new report about this one, with its number in it. */
function follow(number: string, kind: string): void {
  draft.value = { ...draft.value, kind, words: `${tell("about")} ${number}${colon()}` };
}

export function CaseView({ found, receipt, reload }: Given) {
  const [told, setTold] = useState("");
  const done = async (word: ResidentWord) => {
    await reload();
    setTold(tell(word));
  };
  return (
    <article class="followed">
      <Standing found={found} />
      <p role="status" id="done">
        {told}
      </p>
      <p class="unprinted">
        <button type="button" onClick={() => void reload()}>
          {tell("reload")}
        </button>{" "}
        <button type="button" onClick={() => print()}>
          {tell("print")}
        </button>
      </p>
      {found.reply && (
        <Block id="answer" name="answer">
          <p class="written">{found.reply.text}</p>
          <p class="quiet">{showMoment(found.reply.at)}</p>
        </Block>
      )}
      {found.mayRate && <Rating key={found.reply?.at} number={found.number} receipt={receipt} onDone={done} />}
      {found.overdue && <Late number={found.number} />}
      {OVER.includes(found.status) && <Closed number={found.number} />}
      <Course found={found} />
      {!OVER.includes(found.status) && <Add number={found.number} receipt={receipt} onDone={done} />}
    </article>
  );
}

function Standing({ found }: { found: Followed }) {
  const { status, number, title, dueAt, overdue, leadUnit, category, reportedAt, rating, solved } = found;
  const open = !OVER.includes(status) && status !== "REPLIED";
  return (
    <section id="standing" aria-labelledby="standing-title">
      <h2 id="standing-title">{title}</h2>
      <p class="state-line" data-late={overdue} id="state">
        {tell(`say${status}` as ResidentWord)}
      </p>
      <dl>
        <Fact name={tell("number")}>{number}</Fact>
        <Fact name={tell("handler")}>{leadUnit?.name ?? (open ? handlerOf(found) : null)}</Fact>
        {open && (
          <Fact name={tell("deadline")}>
            <Terms clocks={found.clocks ?? []} dueAt={dueAt} />
            {overdue && <b class="urgent"> {tell("late")}</b>}
          </Fact>
        )}
        <Fact name={tell("subjectOf")}>{category?.name}</Fact>
        <Fact name={tell("placeOf")}>{placeOf(found)}</Fact>
        <Fact name={tell("reportedAt")}>{showMoment(reportedAt)}</Fact>
        {rating !== null && (
          <Fact name={tell("yourRating")}>
            {tell(`rating${rating}` as ResidentWord)} · {tell(solved ? "solvedYes" : "solvedNo")}
          </Fact>
        )}
      </dl>
    </section>
  );
}

const placeOf = ({ grid }: Followed): string =>
  (grid?.path ?? [])
    .filter(({ kind }) => !["PROVINCE", "CITY"].includes(kind))
    .map(({ name }) => name)
    .join(" ");

/** Before a unit has it, whoever works in the grid; the number is published by consent. */
function handlerOf({ grid }: Followed): string {
  const worker = grid?.gridWorker;
  return worker ? `${tell("worker")} ${worker.name} ${worker.dutyPhone ?? ""}` : tell("nobody");
}

/** What is due when, step by step; without the plugin that keeps clocks, the next of them. */
function Terms({ clocks, dueAt }: { clocks: Clock[]; dueAt: string | null }) {
  const running = clocks.filter((clock) => !clock.stoppedAt && (clock.dueAt || clock.paused));
  if (running.length === 0) return <>{dueAt ? showMoment(dueAt) : tell("noDeadline")}</>;
  return (
    <>
      {running.map((clock) => (
        <div>
          {label("ClockStage", clock.stage)} {clock.dueAt ? showMoment(clock.dueAt) : tell("paused")}
        </div>
      ))}
    </>
  );
}

function Late({ number }: { number: string }) {
  return (
    <Block id="late" name="lateTitle">
      <ul class="dots">
        <li>{tell("late1")}</li>
        <li>
          {tell("late2")}{" "}
          <a href={linkTo("report")} onClick={() => follow(number, "COMPLAINT")}>
            {tell("complain")}
          </a>
        </li>
        <li>{tell("late3")}</li>
      </ul>
    </Block>
  );
}

function Closed({ number }: { number: string }) {
  return (
    <Block id="closed" name="closedTitle">
      <p>{tell("closedHint")}</p>
      <p>
        <a href={linkTo("report")} onClick={() => follow(number, "HELP")}>
          {tell("again")}
        </a>
      </p>
    </Block>
  );
}

function Course({ found: { description, attachments, timeline } }: { found: Followed }) {
  return (
    <>
      <Block id="course" name="course">
        <ol class="steps">
          {timeline.map(({ id, at, title, text, note, unit }) => (
            <li key={id}>
              <b>{title}</b> <time dateTime={at}>{showMoment(at)}</time>
              {unit && <div>{unit.name}</div>}
              {text && <p>{text}</p>}
              {note && <p class="written noted">{note}</p>}
            </li>
          ))}
        </ol>
      </Block>
      <Block id="yours" name="yours">
        <p class="written">{description}</p>
        <ul class="files">
          {attachments.map(({ id, url, thumbnailUrl, at }, place) => (
            <li key={id}>
              <a href={url} target="_blank" rel="noopener">
                {thumbnailUrl && <img src={thumbnailUrl} alt="" loading="lazy" />}
                {tell("file")} {place + 1}
              </a>{" "}
              <span class="quiet">{showMoment(at)}</span>
            </li>
          ))}
        </ul>
      </Block>
    </>
  );
}

interface StepGiven {
  number: string;
  receipt: Receipt | null;
  onDone: (word: ResidentWord) => Promise<void>;
}

const named = (number: string, receipt: Receipt | null) => ({ number, ...(receipt && { receiptCode: receipt.code }) });

function Rating({ number, receipt, onDone }: StepGiven) {
  const [rating, setRating] = useState(0);
  const [solved, setSolved] = useState<boolean | null>(null);
  const [comment, setComment] = useState("");
  const [told, setTold] = useState<string[]>([]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!rating || solved === null) return setTold([tell("needRating")]);
    const input = { ...named(number, receipt), rating, solved, ...(comment.trim() && { comment: comment.trim() }) };
    const found = await changeOnce(RATE, { ...input, idempotencyKey: keyFor("rate", input) });
    if (found.ok) return onDone(solved ? "rated" : "reopened");
    setTold(found.problems.map(explain));
  };
  return (
    <div class="unprinted">
      <Block id="rate" name="rateTitle">
        <form noValidate onSubmit={(event) => void submit(event)}>
          <Wrong told={told} />
          <fieldset class="choices">
            <legend>{tell("rating")}</legend>
            {MARKS.map((mark) => (
              <label>
                <input type="radio" name="rating" value={mark} checked={rating === mark} onChange={() => setRating(mark)} /> {tell(`rating${mark}`)}
              </label>
            ))}
          </fieldset>
          <fieldset class="choices">
            <legend>{tell("solved")}</legend>
            {[true, false].map((one) => (
              <label>
                <input type="radio" name="solved" value={String(one)} checked={solved === one} onChange={() => setSolved(one)} />{" "}
                {tell(one ? "solvedYes" : "solvedNo")}
              </label>
            ))}
          </fieldset>
          <div class="field">
            <label for="comment">{tell("comment")}</label>
            <textarea id="comment" rows={3} value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
          </div>
          <button class="main">{tell("rate")}</button>
        </form>
      </Block>
    </div>
  );
}

function Add({ number, receipt, onDone }: StepGiven) {
  const [files, setFiles] = useState<File[]>([]);
  const [note, setNote] = useState("");
  const [told, setTold] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const send = async () => {
    if (files.length === 0) return setTold([tell("needFiles")]);
    const { ids, problem } = await uploadAll(files);
    if (problem) return setTold([explain(problem)]);
    const input = { ...named(number, receipt), attachments: ids, ...(note.trim() && { note: note.trim() }) };
    const found = await changeOnce(ADD, { ...input, idempotencyKey: keyFor("add", input) });
    if (!found.ok) return setTold(found.problems.map(explain));
    setFiles([]);
    setNote("");
    setTold([]);
    await onDone("added");
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    void send().finally(() => setBusy(false));
  };
  return (
    <div class="unprinted">
      <Block id="add" name="addTitle">
        <form noValidate onSubmit={submit}>
          <Wrong told={told} />
          <Files files={files} onChange={setFiles} />
          <div class="field">
            <label for="note">{tell("addNote")}</label>
            <textarea id="note" rows={2} value={note} onInput={(event) => setNote(event.currentTarget.value)} />
          </div>
          <button disabled={busy}>{tell(busy ? "sending" : "add")}</button>
        </form>
      </Block>
    </div>
  );
}
