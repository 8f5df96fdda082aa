// Report: what somebody says, where, with photos; then the receipt, which is shown once.
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { linkTo } from "../../router";
import { askOnce, changeOnce, who } from "../../session";
import { COUNTIES, CATEGORIES, GRID_AT, REPORT, WITHIN } from "./documents";
import { EMPTY, draft, keyFor, opened, type Draft, type Receipt } from "./kept";
import { Files, Page, Wrong, explain, uploadAll, useLoaded } from "./parts";
import { ReceiptCard, type Similar } from "./receipt";
import { tell, type ResidentWord } from "./words";

const KINDS = ["HELP", "COMPLAINT", "SUGGESTION", "CONSULT", "TIP_OFF"] as const;
const LEVELS = ["county", "town", "village", "group"] as const;
/** Characters of the title, which is the beginning of what somebody wrote. */
const TITLE = 30;

interface Coded {
  code: string;
  name: string;
}

interface Category extends Coded {
  validTo: string | null;
  parent: { code: string } | null;
}

const put = (change: Partial<Draft>) => (draft.value = { ...draft.value, ...change });

/** The first words, so that nobody has to think of a title. */
export function titleOf(words: string): string {
  const [first = ""] = words.trim().split(/[\n。！？!?]/);
  return first.length > TITLE ? `${first.slice(0, TITLE)}…` : first;
}

export function ReportPage() {
  const [done, setDone] = useState<{ receipt: Receipt; similar: Similar[] } | null>(null);
  // The receipt takes the place of the form, without another address: whoever does not see it must hear of it.
  useEffect(() => {
    if (done) document.getElementById("main")?.focus();
  }, [done]);
  if (!done) {
    return (
      <Page name="report">
        <Form onDone={(receipt, similar) => setDone({ receipt, similar })} />
      </Page>
    );
  }
  return (
    <Page name="received">
      <ReceiptCard receipt={done.receipt} similar={done.similar} />
      <p class="buttons unprinted">
        <a class="button main" href={linkTo("follow")} onClick={() => (opened.value = done.receipt)}>
          {tell("watch")}
        </a>
        <button type="button" onClick={() => setDone(null)}>
          {tell("another")}
        </button>
      </p>
    </Page>
  );
}

/** What is missing, told before anything is sent. */
function findGaps({ words, files, grids, place }: Draft): string[] {
  const recorded = files.some(({ type }) => type.startsWith("audio/"));
  return [...(words.trim() || recorded ? [] : [tell("needWords")]), ...(grids[0] || place ? [] : [tell("needPlace")])];
}

function readInput({ kind, category, words, grids, place, address, anonymous }: Draft, attachments: string[]): object {
  const text = words.trim();
  return {
    kind,
    category,
    channel: "WEB",
    anonymous,
    attachments,
    ...(text && { title: titleOf(text), description: text }),
    ...(address.trim() && { address: address.trim() }),
    ...(place
      ? { place: { longitude: place.longitude, latitude: place.latitude, crs: "WGS84" } }
      : { grid: grids.filter(Boolean).at(-1) }),
  };
}

interface Reported {
  reportCase: { case: { number: string } | null; receiptCode: string | null; similar: Similar[] | null };
}

function Form({ onDone }: { onDone: (receipt: Receipt, similar: Similar[]) => void }) {
  const [told, setTold] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const now = draft.value;
  const refuse = (problems: readonly Problem[]) => setTold([tell("fix"), ...problems.map(explain)]);

  const send = async () => {
    const gaps = findGaps(now);
    if (gaps.length > 0) return setTold([tell("fix"), ...gaps]);
    const { ids, problem } = await uploadAll(now.files);
    if (problem) return refuse([problem]);
    const input = readInput(now, ids);
    const found = await changeOnce<Reported>(REPORT, { ...input, idempotencyKey: keyFor("report", input) });
    const { case: filed, receiptCode, similar } = found.data?.reportCase ?? {};
    if (!filed || !receiptCode) return refuse(found.problems);
    draft.value = EMPTY;
    onDone({ number: filed.number, code: receiptCode }, similar ?? []);
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setTold([]);
    await send().finally(() => setBusy(false));
  };
  return (
    <form id="report" noValidate onSubmit={(event) => void submit(event)}>
      <Wrong told={told} />
      <Kinds />
      <Subjects />
      <div class="field">
        <label for="words">{tell("words")}</label>
        <textarea id="words" rows={6} aria-describedby="words-hint" value={now.words} onInput={(event) => put({ words: event.currentTarget.value })} />
        <p class="quiet" id="words-hint">
          {tell("wordsHint")}
        </p>
      </div>
      <Place />
      <Files files={now.files} onChange={(files) => put({ files })} />
      <Who />
      <Uses />
      <p>
        <button class="main" id="send" disabled={busy}>
          {tell(busy ? "sending" : "send")}
        </button>
      </p>
      <p role="status">{busy && now.files.length > 0 && tell("uploading")}</p>
    </form>
  );
}

function Kinds() {
  const { kind } = draft.value;
  return (
    <fieldset class="choices">
      <legend>{tell("kind")}</legend>
      {KINDS.map((one) => (
        <label>
          <input type="radio" name="kind" value={one} checked={kind === one} onChange={() => put({ kind: one })} /> {tell(`kind${one}`)}
        </label>
      ))}
      <p role="status">{kind === "TIP_OFF" && tell("sealed")}</p>
    </fieldset>
  );
}

function Subjects() {
  const { data } = useLoaded<{ categories: { nodes: Category[] } }>(CATEGORIES);
  const all = (data?.categories.nodes ?? []).filter(({ validTo, code }) => !validTo && code !== "other");
  const roots = all.filter(({ parent }) => !parent);
  return (
    <div class="field">
      <label for="category">{tell("subject")}</label>
      <select id="category" value={draft.value.category} onChange={(event) => put({ category: event.currentTarget.value })}>
        <option value="other">{tell("unsure")}</option>
        {roots.map((root) => {
          const below = all.filter(({ parent }) => parent?.code === root.code);
          if (below.length === 0) return <option value={root.code}>{root.name}</option>;
          return (
            <optgroup label={root.name}>
              <option value={root.code}>{root.name}</option>
              {below.map(({ code, name }) => (
                <option value={code}>{name}</option>
              ))}
            </optgroup>
          );
        })}
      </select>
    </div>
  );
}

/** A place by its names, from the county down, or by where this device is. */
function Place() {
  const { grids, place, address } = draft.value;
  const { data } = useLoaded<{ grids: { nodes: Coded[] } }>(COUNTIES);
  const counties = data?.grids.nodes ?? [];
  useEffect(() => {
    if (counties.length === 1 && !draft.value.grids[0]) put({ grids: [counties[0]!.code] });
  }, [counties.length]);
  const choose = (at: number, code: string) => put({ grids: [...draft.value.grids.slice(0, at), code], place: null });
  return (
    <fieldset id="place">
      <legend>{tell("place")}</legend>
      <Level at={0} options={counties} chosen={grids[0] ?? ""} onChange={choose} />
      {LEVELS.slice(1).map((_, at) => grids[at] && <Within key={grids[at]} at={at + 1} code={grids[at]!} chosen={grids[at + 1] ?? ""} onChange={choose} />)}
      <Position found={place} />
      <div class="field">
        <label for="address">{tell("address")}</label>
        <input id="address" maxLength={200} autocomplete="off" aria-describedby="address-hint" value={address} onInput={(event) => put({ address: event.currentTarget.value })} />
        <p class="quiet" id="address-hint">
          {tell("addressHint")}
        </p>
      </div>
    </fieldset>
  );
}

interface LevelGiven {
  at: number;
  chosen: string;
  onChange: (at: number, code: string) => void;
}

function Within({ code, ...given }: LevelGiven & { code: string }) {
  const { data } = useLoaded<{ grid: { children: { nodes: Coded[] } } | null }>(WITHIN, { code });
  const options = data?.grid?.children.nodes ?? [];
  return options.length > 0 ? <Level {...given} options={options} /> : null;
}

function Level({ at, options, chosen, onChange }: LevelGiven & { options: Coded[] }) {
  const id = `grid-${LEVELS[at]}`;
  return (
    <div class="field">
      <label for={id}>{tell(LEVELS[at]!)}</label>
      <select id={id} value={chosen} onChange={(event) => onChange(at, event.currentTarget.value)}>
        <option value="">{tell("anywhere")}</option>
        {options.map(({ code, name }) => (
          <option value={code}>{name}</option>
        ))}
      </select>
    </div>
  );
}

function Position({ found }: { found: Draft["place"] }) {
  const [told, setTold] = useState<ResidentWord | "">("");
  const take = ({ coords: { longitude, latitude } }: GeolocationPosition) => {
    const point = { longitude, latitude, crs: "WGS84" };
    void askOnce<{ gridAt: { path: { name: string; kind: string }[] } | null }>(GRID_AT, { point }).then(({ data, problems }) => {
      const path = data?.gridAt?.path.filter(({ kind }) => !["PROVINCE", "CITY"].includes(kind)).map(({ name }) => name);
      if (path) put({ place: { longitude, latitude, name: path.join(" ") } });
      setTold(path ? "" : problems.length > 0 ? "unlocated" : "outside");
    });
  };
  const locate = () => {
    setTold("locating");
    if (!("geolocation" in navigator)) return setTold("unlocated");
    navigator.geolocation.getCurrentPosition(take, () => setTold("unlocated"), { enableHighAccuracy: true, timeout: 15_000 });
  };
  return (
    <div class="field">
      <button type="button" id="locate" aria-describedby="locate-hint" onClick={locate}>
        {tell("locate")}
      </button>
      <p class="quiet" id="locate-hint">
        {tell("locateHint")}
      </p>
      <p role="status" id="located">
        {found ? `${tell("located")} ${found.name}` : told && tell(told)}
      </p>
      {found && (
        <button type="button" onClick={() => put({ place: null })}>
          {tell("unlocate")}
        </button>
      )}
    </div>
  );
}

/** Who is known to ask: somebody who is signed in may stay unnamed. */
function Who() {
  if (!who.value) return <p class="told">{tell("stranger")}</p>;
  return (
    <p class="told">
      <label>
        <input type="checkbox" id="anonymous" checked={draft.value.anonymous} onChange={(event) => put({ anonymous: event.currentTarget.checked })} />{" "}
        {tell("anonymous")}
      </label>
    </p>
  );
}

function Uses() {
  return (
    <section class="told" aria-labelledby="uses-title">
      <h2 id="uses-title">{tell("dataTitle")}</h2>
      <ul class="dots">
        {(["data1", "data2", "data3", "data4"] as const).map((one) => (
          <li>{tell(one)}</li>
        ))}
      </ul>
      <p>
        <a href={linkTo("public", "rules")}>{tell("notice")}</a>
      </p>
    </section>
  );
}
