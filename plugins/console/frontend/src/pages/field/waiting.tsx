// Waiting: what is not sent yet, what was refused, and where somebody else was first, each with what one may do about it.
import { useState } from "preact/hooks";
import { label } from "../../labels";
import { linkTo } from "../../router";
import { offline, signOut } from "../../session";
import { showMoment } from "../../times";
import { removePage } from "./offline_page";
import { drop, items, sendAgain, sendAll, sending, sent, stuck, type Item } from "./outbox";
import { Photos, Preview } from "./photos";
import { lasts } from "./shelf";
import { tell, type FieldWord } from "./words";

/** What people wrote themselves, and may put right. */
const TEXTS = ["title", "description", "address", "found", "note", "text"] as const;
const NAMES: Record<string, FieldWord> = { text: "answer" };

export function Waiting() {
  return (
    <>
      <h1>{tell("queue")}</h1>
      <p role="status" id="sending">
        {sending.value ? tell("sendingNow") : offline.value && items.value.length > 0 ? tell("offlineReady") : stuck.value}
      </p>
      {items.value.length === 0 && <p id="nothing-waits">{tell("nothingWaits")}</p>}
      {items.value.some(({ state }) => state === "WAITING") && (
        <button type="button" class="main wide-button" id="send-now" disabled={sending.value} onClick={() => void sendAll()}>
          {tell("sendNow")}
        </button>
      )}
      <ul class="cards-list" id="waiting">
        {items.value.map((item) => (
          <Card key={item.clientId} item={item} />
        ))}
      </ul>
      {sent.value.length > 0 && (
        <section class="card" aria-labelledby="sent-title">
          <h2 id="sent-title">{tell("sent")}</h2>
          <ul id="sent" class="rows">
            {sent.value.map(({ clientId, title, number }) => (
              <li key={clientId}>{number ? <a href={linkTo("cases", number)}>{title}</a> : title}</li>
            ))}
          </ul>
        </section>
      )}
      {lasts() && <Removal />}
    </>
  );
}

function Card({ item }: { item: Item }) {
  const { clientId, title, occurredAt, files, state } = item;
  const tone = state === "WAITING" ? undefined : state === "CONFLICT" ? "AMBER" : "RED";
  const abandon = () => confirm(tell("sureToDrop")) && void drop(item);
  return (
    <li class="card" data-entry={clientId} data-state={state}>
      <b>{title}</b>
      <p class="line">
        <span class="state" data-tone={tone}>
          {tell(state === "WAITING" ? "waiting" : state === "CONFLICT" ? "conflict" : "refused")}
        </span>
        <span class="quiet">{showMoment(occurredAt)}</span>
        {files.length > 0 && (
          <span class="quiet">
            {files.length} {tell("files")}
          </span>
        )}
      </p>
      <ul class="attached">
        {(withFiles(item) ? [] : files).map((file, at) => (
          <li key={file.id}>
            <Preview file={file} name={`${tell(file.kind === "PHOTO" ? "photo" : "voice")} ${at + 1}`} />
          </li>
        ))}
      </ul>
      {state === "CONFLICT" && <Conflict item={item} />}
      {state !== "WAITING" && <Again item={item} />}
      <p class="buttons">
        <button type="button" data-drop onClick={abandon}>
          {tell("drop")}
        </button>
      </p>
    </li>
  );
}

/** A value as people read it: a status by its label. */
const shown = (field: string, value: string | null): string =>
  value === null ? "—" : field === "status" ? label("CaseStatus", value) : value;

function Conflict({ item: { conflict, case: about } }: { item: Item }) {
  return (
    <>
      {conflict.map(({ field, mine, theirs, by, at }) => (
        <dl class="conflict" data-field={field}>
          <dt>
            {label("Case", field)} · {tell("yours")}
          </dt>
          <dd class="written">{shown(field, mine)}</dd>
          <dt>{tell("theirs")}</dt>
          <dd class="written">{shown(field, theirs)}</dd>
          <dt>{tell("who")}</dt>
          <dd>
            {by && label("roles", by)} {showMoment(at)}
          </dd>
        </dl>
      ))}
      {about && (
        <p>
          <a href={linkTo("cases", about.number)}>{about.number}</a>
        </p>
      )}
    </>
  );
}

/** Whether its files may be changed: the server has refused it, maybe for one of them. */
const withFiles = ({ state, name }: Item): boolean => state === "REFUSED" && ["reportCase", "addAttachments"].includes(name);

/** What was answered may be sent once more, with its texts and files put right. */
function Again({ item }: { item: Item }) {
  const { clientId, input, problems } = item;
  const texts = TEXTS.filter((name) => typeof input[name] === "string");
  const [changes, setChanges] = useState<Record<string, string>>({});
  const [files, setFiles] = useState(item.files);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void sendAgain({ ...item, files }, changes);
      }}
    >
      {problems.length > 0 && (
        <ul class="error" role="alert">
          {problems.map(({ message }) => (
            <li>{message}</li>
          ))}
        </ul>
      )}
      {texts.map((name) => (
        <div class="field">
          <label for={`${name}-${clientId}`}>{tell(NAMES[name] ?? (name as FieldWord))}</label>
          <textarea
            id={`${name}-${clientId}`}
            rows={name === "title" ? 1 : 3}
            value={changes[name] ?? String(input[name])}
            onInput={(event) => setChanges((now) => ({ ...now, [name]: event.currentTarget.value }))}
          />
        </div>
      ))}
      {withFiles(item) && <Photos id={`photos-${clientId}`} files={files} onChange={setFiles} />}
      <button class="main" data-again>
        {tell(item.state === "CONFLICT" ? "sendAgain" : "correctAgain")}
      </button>
    </form>
  );
}

/** The way to be rid of all that is on the phone. */
function Removal() {
  const remove = async () => {
    if (!confirm(tell("sureToRemove"))) return;
    await removePage();
    // Whoever went on here would have it all back.
    await signOut();
  };
  return (
    <p class="removal">
      <button type="button" id="remove-page" disabled={offline.value} onClick={() => void remove()}>
        {tell("remove")}
      </button>
    </p>
  );
}
