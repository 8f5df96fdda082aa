// Action form: a dialog with the fields of an action's input, and what was wrong with them, each at its place.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { makeKey } from "@gongzhi/client/keys.js";
import { changeOf, documentOf, emptyValue, fieldsOf, findMissing, inputOf, isLong, labelsOf } from "./inputs";
import { readInput, takesFiles, takesVersion, valuesOf } from "./inputs";
import type { Errors, Field, Unit, Value, Values } from "./inputs";
import { label, loadLabels } from "../labels";
import { change } from "../session";
import { UnitPicker } from "./unit_picker";
import { colon, language, say } from "../words";

export interface Subject {
  number: string;
  version: number;
  /** What people see in fields that a form may change. */
  shown: Record<string, string>;
  /** What the directory proposes. */
  units: Record<string, Unit[]>;
  reason?: string;
  /** What is not asked, since the case has it. */
  known: string[];
}

interface Given {
  mutation: string;
  title: string;
  subject: Subject;
  onDone: () => void;
  onClose: () => void;
  /** Called when the case has changed since the form was opened; returns the version that people see then. */
  onStale: () => Promise<number | undefined>;
}

export function ActionForm(given: Given) {
  const [ready, setReady] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    void loadLabels(labelsOf(given.mutation)).then(() => setReady(true));
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="form-title" onClose={given.onClose}>
      <h2 id="form-title">{given.title}</h2>
      {ready ? <Fields {...given} /> : <p class="quiet">{say("loading")}</p>}
    </dialog>
  );
}

/** What a field is called. Units are found by name, so nobody is asked for codes. */
function nameOf(mutation: string, field: Field): string {
  const name = label(inputOf(mutation) ?? "", field.name);
  return field.unit && language.value === "zh" ? name.replace(/编码$/, "") : name;
}

function firstValue(field: Field, subject: Subject): Value {
  if (changeOf(field)) return subject.shown[field.name] ?? "";
  return subject.units[field.name] ?? emptyValue(field);
}

/** Sort problems by their fields; what belongs to none that is shown is told above them all. */
function sortProblems(problems: readonly Problem[], fields: Field[]): { errors: Errors; others: string[] } {
  const errors: Errors = {};
  const others: string[] = [];
  for (const { path, message } of problems) {
    const field = fields.find(({ name }) => path.includes(name));
    if (field) errors[field.name] = message;
    else others.push(message);
  }
  return { errors, others };
}

function Fields({ mutation, subject, onDone, onClose, onStale }: Given) {
  const fields = fieldsOf(mutation).filter((field) => changeOf(field) || !subject.known.includes(field.name));
  const [values, setValues] = useState<Values>(() =>
    Object.fromEntries(fields.map((field) => [field.name, firstValue(field, subject)])),
  );
  const [errors, setErrors] = useState<Errors>({});
  const [others, setOthers] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // That of the case as it was when people decided, whatever changes behind the form meanwhile.
  const version = useRef(subject.version);
  // The same key for the same input: what was done, and whose answer was lost, is not done twice.
  const sent = useRef({ text: "", key: "" });

  const show = (wrong: Errors, more: string[]) => {
    setErrors(wrong);
    setOthers(more);
    const first = fields.find(({ name }) => wrong[name]);
    if (first) form.current?.querySelector<HTMLElement>(`#field-${first.name}`)?.focus();
  };

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const missing = findMissing(fields, values, (field) => nameOf(mutation, field));
    if (Object.keys(missing).length > 0) return show(missing, []);
    setBusy(true);
    try {
      const seen = takesVersion(mutation) ? { expectedVersion: version.current } : {};
      const input = { number: subject.number, ...seen, ...(await readInput(fields, values, subject.shown)) };
      const text = JSON.stringify(input);
      if (sent.current.text !== text) sent.current = { text, key: makeKey() };
      const found = await change(documentOf(mutation), { ...input, idempotencyKey: sent.current.key });
      if (found.ok) return onDone();
      if (found.problems.some(({ code }) => code === "STALE_VERSION")) version.current = (await onStale()) ?? version.current;
      const sorted = sortProblems(found.problems, fields);
      show(sorted.errors, sorted.others);
    } catch (problem) {
      show({}, [(problem as Error).message]); // of a file that was not taken
    } finally {
      setBusy(false);
    }
  };

  const wrong = Object.keys(errors).length + others.length > 0;
  return (
    <form ref={form} noValidate onSubmit={(event) => void submit(event)}>
      <div role="alert">
        {wrong && (
          <div class="error" id="form-errors">
            <p>{say("checkFields")}</p>
            <ul>
              {others.map((message) => (
                <li>{message}</li>
              ))}
              {fields
                .filter(({ name }) => errors[name])
                .map((field) => (
                  <li>{errors[field.name]}</li>
                ))}
            </ul>
          </div>
        )}
      </div>
      {subject.reason && fields.some(({ name }) => subject.units[name]) && (
        <p class="quiet">
          {say("suggested")}
          {colon()}
          {subject.reason}
        </p>
      )}
      {fields.map((field) => (
        <Row
          key={field.name}
          field={field}
          name={nameOf(mutation, field)}
          value={values[field.name] ?? ""}
          error={errors[field.name]}
          onChange={(value) => setValues((now) => ({ ...now, [field.name]: value }))}
        />
      ))}
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

interface Entry {
  field: Field;
  name: string;
  value: Value;
  error: string | undefined;
  onChange: (value: Value) => void;
}

function Row(entry: Entry) {
  const { field, name, error } = entry;
  const hint = hintOf(field);
  return (
    <div class="field">
      <label for={`field-${field.name}`}>
        {name} {field.required && <span class="quiet">{say("required")}</span>}
      </label>
      <Control {...entry} />
      {hint && (
        <p class="quiet" id={`hint-${field.name}`}>
          {hint}
        </p>
      )}
      <p class="error" id={`error-${field.name}`}>
        {error}
      </p>
    </div>
  );
}

function hintOf(field: Field): string {
  if (field.listed && !field.unit && !takesFiles(field)) return say("eachLine");
  if (/within$/i.test(field.name)) return say("duration");
  return field.maxLength ? `${say("atMost")}${colon()}${field.maxLength}` : "";
}

function Control({ field, value, error, onChange }: Entry) {
  const id = `field-${field.name}`;
  const described = [error && `error-${field.name}`, hintOf(field) && `hint-${field.name}`].filter(Boolean).join(" ");
  const common = { id, name: field.name, "aria-describedby": described || undefined, "aria-invalid": Boolean(error) };
  const required = { ...common, "aria-required": field.required || undefined };
  const text = typeof value === "string" ? value : "";
  const onInput = (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value);
  if (field.unit) {
    const units = { id, described, invalid: Boolean(error), several: field.listed === true };
    return <UnitPicker {...units} chosen={value as Unit[]} onChange={onChange} />;
  }
  if (takesFiles(field)) {
    return <input type="file" multiple {...required} onChange={(event) => onChange([...(event.currentTarget.files ?? [])])} />;
  }
  const options = optionsOf(field);
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
  if (isLong(field)) return <textarea rows={4} {...required} value={text} onInput={onInput} />;
  const shown = { ...required, value: text, onInput };
  if (field.type === "Int") return <input type="number" step="1" min={field.min} max={field.max} {...shown} />;
  if (field.type === "Float") return <input type="number" step="any" min={field.min} max={field.max} {...shown} />;
  if (field.type === "Date") return <input type="date" {...shown} />;
  return field.type === "DateTime" ? <input type="datetime-local" {...shown} /> : <input type="text" {...shown} />;
}

function optionsOf(field: Field): [string, string][] | undefined {
  if (field.type === "Boolean") return [["true", say("yes")], ["false", say("no")]];
  return valuesOf(field)?.map((value) => [value, label(changeOf(field) ?? field.type, value)]);
}
