// Report: a case or a patrol is written down where somebody stands, with photos, a recording and, if wanted, the place.
import { useEffect, useRef, useState } from "preact/hooks";
import { label, namesOf } from "../../labels";
import { colon, say } from "../../words";
import { findPlace } from "./files";
import { kinds, known } from "./known";
import { keep, outbox, type Attached } from "./outbox";
import { Photos, Recorder } from "./photos";
import { DRAFT } from "./shelf";
import { tell, type FieldWord } from "./words";

interface Values {
  what: "aCase" | "aPatrol";
  kind: string;
  category: string;
  origin: "REACTIVE" | "PROACTIVE";
  title: string;
  description: string;
  found: string;
  address: string;
  urgency: string;
  grid: string;
  place: { longitude: number; latitude: number; accuracy: number } | null;
}

interface Draft {
  id: typeof DRAFT;
  values: Values;
  files: Attached[];
}

type Errors = Partial<Record<keyof Values, string>>;

/** Milliseconds after which what is written is kept: a phone closes a page while its camera is open. */
const PAUSE = 400;

const begin = (): Values => ({
  what: "aCase",
  kind: kinds().includes("HELP") ? "HELP" : (kinds()[0] ?? ""),
  category: "",
  origin: "REACTIVE",
  title: "",
  description: "",
  found: "",
  address: "",
  urgency: namesOf("CaseUrgency")[0] ?? "ROUTINE",
  grid: known.value.grids[0]?.code ?? "",
  place: null,
});

export function Report() {
  const [values, setValues] = useState<Values>(begin);
  const [files, setFiles] = useState<Attached[]>([]);
  const [errors, setErrors] = useState<Errors>({});
  const [said, setSaid] = useState<FieldWord | null>(null);
  const [full, setFull] = useState(false);
  const touched = useRef(false);
  const draft = useRef({ id: DRAFT, values, files });
  draft.current = { id: DRAFT, values, files };
  // One after the other: a draft that is written late must not come back after what it became was handed in.
  const turn = useRef(Promise.resolve());
  const saveDraft = () => {
    if (touched.current) turn.current = turn.current.then(() => outbox().write(DRAFT, draft.current)).catch(() => setFull(true));
  };

  useEffect(() => {
    void outbox()
      .list<Draft>()
      .then((kept) => {
        const draft = kept.find(({ id }) => id === DRAFT);
        if (!draft || touched.current) return;
        setValues({ ...begin(), ...draft.values });
        setFiles(draft.files);
        setSaid("draft");
      });
  }, []);
  useEffect(() => {
    const timer = setTimeout(saveDraft, PAUSE);
    return () => clearTimeout(timer);
  }, [values]);
  // At once: what was photographed, said or located is not easily done again.
  useEffect(saveDraft, [files, values.place]);
  useEffect(() => {
    // A phone may close a page that is out of sight without another word.
    document.addEventListener("visibilitychange", saveDraft);
    return () => {
      document.removeEventListener("visibilitychange", saveDraft);
      saveDraft();
    };
  }, []);

  const set = (changes: Partial<Values>) => {
    touched.current = true;
    setSaid(null);
    setValues((now) => ({ ...now, ...changes }));
    setErrors((now) => Object.fromEntries(Object.entries(now).filter(([name]) => !(name in changes))));
  };
  const changeFiles = (work: (now: Attached[]) => Attached[]) => {
    touched.current = true;
    setFiles(work);
  };
  const clear = async () => {
    touched.current = false;
    await (turn.current = turn.current.then(() => outbox().remove(DRAFT)));
    setValues(begin());
    setFiles([]);
    setErrors({});
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const wrong = findErrors(values, files);
    setErrors(wrong);
    const [first] = Object.keys(wrong);
    if (first) return document.getElementById(`report-${first}`)?.focus();
    try {
      if (values.what === "aPatrol") await keepPatrol(values);
      else await keepCase(values, files);
      await clear();
      setFull(false);
      setSaid("saved");
      document.getElementById("report-said")?.focus();
    } catch {
      setFull(true);
    }
  };
  const discard = () => {
    for (const { id } of files) void outbox().removeFile(id);
    void clear().then(() => setSaid(null));
  };

  const given = { values, errors, set };
  return (
    <>
      <h1>{tell("report")}</h1>
      <p role="status" id="report-said" tabIndex={-1} class={said ? "notice" : undefined}>
        {said && tell(said)}
      </p>
      <form class="card" id="report" noValidate aria-label={tell("report")} onSubmit={(event) => void submit(event)}>
        <Choice name="what" legend={tell("whatKind")} options={["aCase", "aPatrol"]} {...given} />
        <Pick name="grid" options={gridOptions()} {...given} />
        {values.what === "aPatrol" ? (
          <>
            <Text name="found" rows={4} hint={tell("foundHint")} required {...given} />
          </>
        ) : (
          <>
            <Choice name="origin" legend={tell("origin")} options={["REACTIVE", "PROACTIVE"]} {...given} />
            <Pick name="kind" options={kinds().map((one) => [one, label("CaseKind", one)])} {...given} />
            <Subject {...given} />
            <Text name="title" {...given} />
            <Text name="description" rows={4} {...given} />
            <Recorder id="record" files={files} onChange={changeFiles} />
            <Photos id="photos" files={files} onChange={changeFiles} />
            <Text name="address" hint={tell("addressHint")} {...given} />
            <Location place={values.place} onChange={(place) => set({ place })} />
            <Pick name="urgency" options={namesOf("CaseUrgency").map((one) => [one, label("CaseUrgency", one)])} {...given} />
          </>
        )}
        <p class="error" role="alert" id="report-full">
          {full && tell("full")}
        </p>
        <p class="buttons">
          <button class="main">{say("submit")}</button>
          <button type="button" onClick={discard}>
            {tell("discard")}
          </button>
        </p>
      </form>
    </>
  );
}

/** Say what is missing. Whether it fits is for the server to say, once it hears of it. */
function findErrors({ what, grid, category, title, description, found }: Values, files: Attached[]): Errors {
  const missing = (name: FieldWord) => `${say("fillIn")}${colon()}${tell(name)}`;
  const errors: Errors = {};
  if (grid === "") errors.grid = missing("grid");
  if (what === "aPatrol") return found.trim() === "" ? { ...errors, found: missing("found") } : errors;
  if (category === "") errors.category = missing("category");
  // A recording speaks for itself.
  if (files.some(({ kind }) => kind === "VOICE")) return errors;
  if (title.trim() === "") errors.title = tell("voiceOrText");
  if (description.trim() === "") errors.description = tell("voiceOrText");
  return errors;
}

function keepPatrol({ grid, found }: Values): Promise<void> {
  const input = { grid, at: new Date().toISOString(), found: found.trim() };
  return keep("recordPatrol", input, `${tell("recordPatrol")}${colon()}${found.trim().slice(0, 30)}`);
}

function keepCase(values: Values, files: Attached[]): Promise<void> {
  const { kind, category, origin, urgency, grid, place } = values;
  const [title, description, address] = [values.title.trim(), values.description.trim(), values.address.trim()];
  const input = {
    kind,
    category,
    origin,
    urgency,
    channel: "GRID_WORKER",
    ...(title && { title }),
    ...(description && { description }),
    ...(address && { address }),
    // A place says in which grid it lies.
    ...(place ? { place: { longitude: place.longitude, latitude: place.latitude, crs: "WGS84" } } : { grid }),
  };
  return keep("reportCase", input, title || tell("voice"), files);
}

interface Given {
  values: Values;
  errors: Errors;
  set: (changes: Partial<Values>) => void;
}

type TextName = "title" | "description" | "found" | "address";

function Text({ name, rows, hint, required, values, errors, set }: Given & { name: TextName; rows?: number; hint?: string; required?: boolean }) {
  const common = {
    id: `report-${name}`,
    value: values[name],
    "aria-invalid": Boolean(errors[name]),
    "aria-required": required,
    "aria-describedby": `report-${name}-hint report-${name}-error`,
    onInput: (event: { currentTarget: { value: string } }) => set({ [name]: event.currentTarget.value }),
  };
  return (
    <div class="field">
      <label for={common.id}>{tell(name)}</label>
      {rows ? <textarea rows={rows} {...common} /> : <input type="text" {...common} />}
      <p class="quiet" id={`${common.id}-hint`}>
        {hint}
      </p>
      <p class="error" id={`${common.id}-error`}>
        {errors[name]}
      </p>
    </div>
  );
}

function Pick({ name, options, values, errors, set }: Given & { name: "kind" | "urgency" | "grid"; options: [string, string][] }) {
  const id = `report-${name}`;
  return (
    <div class="field">
      <label for={id}>{tell(name)}</label>
      <select id={id} value={values[name]} aria-describedby={`${id}-error`} onChange={(event) => set({ [name]: event.currentTarget.value })}>
        {options.map(([value, shown]) => (
          <option value={value}>{shown}</option>
        ))}
      </select>
      <p class="error" id={`${id}-error`}>
        {errors[name]}
      </p>
    </div>
  );
}

/** Subjects by the groups in which they stand. */
function Subject({ values, errors, set }: Given) {
  const groups = [...new Set(known.value.categories.map(({ group }) => group))];
  return (
    <div class="field">
      <label for="report-category">
        {tell("category")} <span class="quiet">{say("required")}</span>
      </label>
      <select
        id="report-category"
        value={values.category}
        aria-required
        aria-invalid={Boolean(errors.category)}
        aria-describedby="report-category-error"
        onChange={(event) => set({ category: event.currentTarget.value })}
      >
        <option value="">{say("choose")}</option>
        {groups.map((group) => (
          <optgroup label={group}>
            {known.value.categories
              .filter((one) => one.group === group)
              .map(({ code, name }) => (
                <option value={code}>{name}</option>
              ))}
          </optgroup>
        ))}
      </select>
      <p class="error" id="report-category-error">
        {errors.category}
      </p>
    </div>
  );
}

const gridOptions = (): [string, string][] =>
  known.value.grids.flatMap(({ code, name, below }) => [
    [code, name] as [string, string],
    ...below.map((one) => [one.code, `　${one.name}`] as [string, string]),
  ]);

function Choice<Name extends "what" | "origin">(
  given: Given & { name: Name; legend: string; options: readonly (Values[Name] & FieldWord)[] },
) {
  const { name, legend, options, values, set } = given;
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {options.map((each) => (
        <label>
          <input type="radio" name={name} value={each} checked={values[name] === each} onChange={() => set({ [name]: each })} /> {tell(each)}
        </label>
      ))}
    </fieldset>
  );
}

/** The place is asked of the phone when somebody presses for it, and not before. */
function Location({ place, onChange }: { place: Values["place"]; onChange: (place: Values["place"]) => void }) {
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  const locate = async () => {
    setState("busy");
    try {
      onChange(await findPlace());
      setState("idle");
    } catch {
      setState("failed");
    }
  };
  return (
    <div class="field" id="location">
      {place ? (
        <span class="chosen">
          {place.latitude.toFixed(5)}, {place.longitude.toFixed(5)}（{tell("accuracy")} {place.accuracy} {tell("metres")}）{" "}
          <button type="button" aria-label={`${say("remove")} ${tell("address")}`} onClick={() => onChange(null)}>
            ×
          </button>
        </span>
      ) : (
        <button type="button" id="locate" disabled={state === "busy"} onClick={() => void locate()}>
          {tell(state === "busy" ? "locating" : "locate")}
        </button>
      )}
      <p class="error" role="alert">
        {state === "failed" && tell("noPlace")}
      </p>
    </div>
  );
}
