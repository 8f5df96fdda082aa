// Action form: a dialog with the fields of an action's input, and what was wrong with them, each at its place.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { makeKey } from "@gongzhi/client/keys.js";
import { findableAs, documentOf, emptyValue, emptyValues, entriesOf, fieldsOf, findMissing, isChange, isLong } from "./inputs";
import { loadForm, nameOf, ownFields, partOf, readInput, takesFiles, valuesOf, waysOf } from "./inputs";
import type { Coded, Errors, Field, Form, Value, Values } from "./inputs";
import { label } from "../labels";
import { change } from "../session";
import { Picker } from "./picker";
import { colon, say } from "../words";

export interface Subject {
  /** What the form takes from what it is done to: its id, or what its input names it by. */
  row: Record<string, unknown>;
  version?: number;
  /** What people see in fields that a form may change. */
  shown?: Record<string, string>;
  /** What the directory proposes. */
  units?: Record<string, Coded[]>;
  reason?: string;
  /** What is not asked, since the object has it. */
  known?: string[];
  /** What is decided by the button that was pressed: it is sent, and not asked. */
  fixed?: Record<string, unknown>;
  /** What comes of it, said before it is done. */
  warning?: string;
}

interface Given {
  mutation: string;
  title: string;
  /** The field that takes what is shown; that of the mutation's own action if not said, none for null. */
  field?: string | null;
  subject: Subject;
  /** A field of the payload that is wanted, such as a code that is shown once. */
  answer?: string | undefined;
  onDone: (payload: Record<string, unknown>) => void;
  onClose: () => void;
  /** Called when the object has changed since the form was opened; returns the version that people see then. */
  onStale: () => Promise<number | undefined>;
}

export function ActionForm(given: Given) {
  const [form, setForm] = useState<Form | null | undefined>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const load = () => void loadForm(given.mutation).then(setForm);
  useEffect(() => {
    dialog.current?.showModal();
    load();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="form-title" onClose={given.onClose}>
      <h2 id="form-title">{given.title}</h2>
      {form && <Fields {...given} form={form} />}
      {form === null && <p class="quiet">{say("loading")}</p>}
      {form === undefined && (
        <p class="error" role="alert">
          {say("failed")}{" "}
          <button type="button" onClick={load}>
            {say("retry")}
          </button>{" "}
          <button type="button" onClick={given.onClose}>
            {say("cancel")}
          </button>
        </p>
      )}
    </dialog>
  );
}

function firstValue(field: Field, { shown, units }: Subject): Value {
  if (isChange(field)) return shown?.[field.name] ?? "";
  return units?.[field.name] ?? emptyValue(field);
}

/** Sort problems by the ways to their fields; what belongs to none that is shown is told above them all. */
function sortProblems(problems: readonly Problem[], ways: string[]): { errors: Errors; others: string[] } {
  const errors: Errors = {};
  const others: string[] = [];
  for (const { path, message } of problems) {
    const steps = path.map(String);
    const begin = steps.findIndex((one) => ways.includes(one));
    let way = begin < 0 ? [] : steps.slice(begin);
    while (way.length > 0 && !ways.includes(way.join("-"))) way = way.slice(0, -1);
    if (way.length > 0) errors[way.join("-")] = message;
    else others.push(message);
  }
  return { errors, others };
}

function Fields({ form: made, subject, field: named = made.subject, answer, onDone, onClose, onStale }: Given & { form: Form }) {
  const fields = fieldsOf(made.input, [named, ...Object.keys(subject.fixed ?? {})]).filter((field) => isChange(field) || !subject.known?.includes(field.name));
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(fields.map((field) => [field.name, firstValue(field, subject)])),
  );
  const [errors, setErrors] = useState<Errors>({});
  const [others, setOthers] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  // That of the object as it was when people decided, whatever changes behind the form meanwhile.
  const version = useRef(subject.version);
  // The same key for the same input: what was done, and whose answer was lost, is not done twice.
  const sent = useRef({ text: "", key: "" });

  const show = (wrong: Errors, more: string[]) => {
    setErrors(wrong);
    setOthers(more);
    const first = waysOf(fields, values).find((way) => wrong[way]);
    if (first) document.getElementById(`field-${first}`)?.focus();
  };

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const missing = { ...findMissing(made.input, fields, values), ...findUnchosen(waysOf(fields, values)) };
    if (Object.keys(missing).length > 0) return show(missing, []);
    setBusy(true);
    try {
      const own = { ...ownFields(made, named, subject.row, version.current), ...subject.fixed };
      const input = { ...own, ...(await readInput(fields, values, subject.shown)) };
      const text = JSON.stringify(input);
      if (sent.current.text !== text) sent.current = { text, key: makeKey() };
      const found = await change<Record<string, Record<string, unknown>>>(documentOf(made, answer), { ...input, idempotencyKey: sent.current.key });
      if (found.ok) return onDone(found.data[made.mutation] ?? {});
      if (found.problems.some(({ code }) => code === "STALE_VERSION")) version.current = (await onStale()) ?? version.current;
      const sorted = sortProblems(found.problems, waysOf(fields, values));
      show(sorted.errors, sorted.others);
    } catch (problem) {
      show({}, [(problem as Error).message]); // of a file that was not taken
    } finally {
      setBusy(false);
    }
  };

  const told = [...others, ...waysOf(fields, values).flatMap((way) => errors[way] ?? [])];
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <div role="alert">
        {told.length > 0 && (
          <div class="error" id="form-errors">
            <p>{say("checkFields")}</p>
            <ul>
              {told.map((message) => (
                <li>{message}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
      {subject.warning && <p id="form-warning">{subject.warning}</p>}
      {subject.reason && fields.some(({ name }) => subject.units?.[name]) && (
        <p class="quiet">
          {say("suggested")}
          {colon()}
          {subject.reason}
        </p>
      )}
      <Rows input={made.input} fields={fields} values={values} errors={errors} before="" onChange={setValues} />
      <p class="buttons">
        <button class="main" disabled={busy}>
          {say(busy ? "sending" : "submit")}
        </button>
        <button type="button" onClick={onClose}>
          {say("cancel")}
        </button>
      </p>
    </form>
  );
}

/** What was typed to find something, and nothing was chosen: left out in silence it would be done to somebody else. */
function findUnchosen(ways: string[]): Errors {
  const boxes = ways.map((way) => [way, document.getElementById(`field-${way}`)] as const);
  const typed = boxes.filter(([, box]) => box instanceof HTMLInputElement && box.role === "combobox" && box.value.trim() !== "");
  return Object.fromEntries(typed.map(([way]) => [way, say("chooseFound")]));
}

interface Filled {
  input: string;
  fields: Field[];
  values: Values;
  errors: Errors;
  before: string;
  onChange: (change: (now: Values) => Values) => void;
}

/** The fields of an input, also of one within the input. */
function Rows({ input, fields, values, errors, before, onChange }: Filled) {
  return (
    <>
      {fields.map((field) => {
        const way = before + field.name;
        const entry = {
          field,
          way,
          name: nameOf(input, field),
          value: values[field.name] ?? "",
          error: errors[way],
          onChange: (value: Value) => onChange((now) => ({ ...now, [field.name]: value })),
        };
        const part = partOf(field);
        return part ? <Part key={field.name} {...entry} part={part} errors={errors} /> : <Row key={field.name} {...entry} />;
      })}
    </>
  );
}

/** An input within the input, one or several. */
function Part({ field, name, way, value, error, part, errors, onChange }: Entry & { part: Field[]; errors: Errors }) {
  const entries = entriesOf(field, value, way);
  const replace = (at: number, change: (now: Values) => Values) => {
    const changed = entries.map(([, one], place) => (place === at ? change(one) : one));
    onChange(field.listed ? changed : changed[0]!);
  };
  const drop = (at: number) => onChange(entries.map(([, one]) => one).filter((_, place) => place !== at));
  return (
    <fieldset id={`field-${way}`} tabIndex={-1} aria-describedby={error ? `error-${way}` : undefined}>
      <legend>
        {name} {field.required && <span class="quiet">{say("required")}</span>}
      </legend>
      {entries.map(([to, one], at) => (
        <div class="entry" key={at} role={field.listed ? "group" : undefined} aria-label={field.listed ? `${name} ${at + 1}` : undefined}>
          <Rows input={field.type} fields={part} values={one} errors={errors} before={`${to}-`} onChange={(change) => replace(at, change)} />
          {field.listed && (
            <button type="button" aria-label={`${say("remove")} ${name} ${at + 1}`} onClick={() => drop(at)}>
              {say("remove")}
            </button>
          )}
        </div>
      ))}
      {field.listed && (
        <button type="button" onClick={() => onChange([...entries.map(([, one]) => one), emptyValues(part)])}>
          {say("add")} {name}
        </button>
      )}
      <p class="error" id={`error-${way}`}>
        {error}
      </p>
    </fieldset>
  );
}

interface Entry {
  field: Field;
  /** The way to it, by which its elements are called. */
  way: string;
  name: string;
  value: Value;
  error: string | undefined;
  onChange: (value: Value) => void;
}

function Row(entry: Entry) {
  const { field, way, name, error } = entry;
  const hint = hintOf(field);
  return (
    <div class="field">
      <label for={`field-${way}`}>
        {name} {field.required && <span class="quiet">{say("required")}</span>}
      </label>
      <Control {...entry} />
      {hint && (
        <p class="quiet" id={`hint-${way}`}>
          {hint}
        </p>
      )}
      <p class="error" id={`error-${way}`}>
        {error}
      </p>
    </div>
  );
}

function hintOf(field: Field): string {
  if (field.listed && !findableAs(field) && !takesFiles(field) && !optionsOf(field)) return say("eachLine");
  if (/within$/i.test(field.name)) return say("duration");
  if (field.type === "ID" && !findableAs(field)) return say("id");
  return field.maxLength ? `${say("atMost")}${colon()}${field.maxLength}` : "";
}

function Control({ field, way, value, error, onChange }: Entry) {
  const id = `field-${way}`;
  const described = [error && `error-${way}`, hintOf(field) && `hint-${way}`].filter(Boolean).join(" ");
  const common = { id, name: field.name, "aria-describedby": described || undefined, "aria-invalid": Boolean(error) };
  const required = { ...common, "aria-required": field.required || undefined };
  const text = typeof value === "string" ? value : "";
  const onInput = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  const kind = findableAs(field);
  if (kind) {
    const picked = { id, kind, described, invalid: Boolean(error), several: field.listed, required: field.required };
    return <Picker {...picked} chosen={value as Coded[]} onChange={onChange} />;
  }
  if (takesFiles(field)) {
    return <input type="file" multiple {...required} onChange={(event) => onChange([...(event.currentTarget.files ?? [])])} />;
  }
  const options = optionsOf(field);
  if (options && field.listed) return <Choices {...{ id, described, value: text, options, onChange }} />;
  if (options) {
    return (
      <select {...required} value={text} onChange={onInput}>
        {(!field.required || text === "") && <option value="">{field.required ? say("choose") : "—"}</option>}
        {options.map(([each, shown]) => (
          <option value={each}>{shown}</option>
        ))}
      </select>
    );
  }
  if (isLong(field) || field.listed) return <textarea rows={4} {...required} value={text} onInput={onInput} />;
  const shown = { ...required, value: text, onInput };
  if (field.type === "Int") return <input type="number" step="1" min={field.min ?? undefined} max={field.max ?? undefined} {...shown} />;
  if (field.type === "Float") return <input type="number" step="any" min={field.min ?? undefined} max={field.max ?? undefined} {...shown} />;
  if (field.type === "Date") return <input type="date" {...shown} />;
  return field.type === "DateTime" ? <input type="datetime-local" {...shown} /> : <input type="text" {...shown} />;
}

/** Several values of an enum. */
function Choices({ id, described, value, options, onChange }: ChoicesGiven) {
  const chosen = value.split("\n").filter(Boolean);
  const toggle = (one: string) => {
    const changed = chosen.includes(one) ? chosen.filter((each) => each !== one) : [...chosen, one];
    onChange(changed.join("\n"));
  };
  return (
    <div role="group" id={id} tabIndex={-1} aria-describedby={described || undefined} class="chips">
      {options.map(([one, shown]) => (
        <label>
          <input type="checkbox" checked={chosen.includes(one)} onChange={() => toggle(one)} /> {shown}
        </label>
      ))}
    </div>
  );
}

interface ChoicesGiven {
  id: string;
  described: string;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}

function optionsOf(field: Field): [string, string][] | undefined {
  if (field.type === "Boolean") return [["true", say("yes")], ["false", say("no")]];
  const [type, values] = valuesOf(field) ?? [];
  return values?.map((value) => [value, label(type!, value)]);
}
