// Inputs: what the input of a mutation takes, as the server tells it, and how what people fill in becomes it.
import { FORMS } from "../documents";
import { isFindable, type Findable } from "./finders";
import { ask, client, ownGrids } from "../session";
import { label, loadLabels, namesOf } from "../labels";
import { colon, language, say } from "../words";

export interface Field {
  name: string;
  type: string;
  required: boolean;
  listed: boolean;
  /** Of an id, the type whose row it names. */
  picks: string | null;
  values: string[] | null;
  initial: string | null;
  minLength: number | null;
  maxLength: number | null;
  min: number | null;
  max: number | null;
}

export interface Form {
  mutation: string;
  input: string;
  /** The field that names what it is done to. */
  subject: string | null;
  inputs: { name: string; fields: Field[] }[];
}

/** What is found by its name and sent by its code, as units and grids are, or else by its id. */
export interface Coded {
  code: string;
  name: string;
  /** What tells it from others of that name. */
  note?: string;
}

/** What stands in a field while people fill it in. */
export type Value = string | Coded[] | File[] | Values | Values[];
export interface Values {
  [name: string]: Value;
}
/** What is wrong, by the way to the field: `signatures-0-name`. */
export type Errors = Record<string, string>;

/** Filled in by the page: the version that people see, and the key by which it is done once. */
const OURS = ["expectedVersion", "idempotencyKey"];
const LONG = /description|note|text|reason|comment|grounds|facts|minutes|answer|question|situation/i;
const CODED = { unit: /units?$/i, grid: /(grids?|county|town)$/i };

const forms = new Map<string, Form>();
const parts = new Map<string, Field[]>();

/** Load a form with its labels, once; undefined where the server cannot be asked, or knows no such mutation. */
export async function loadForm(mutation: string): Promise<Form | undefined> {
  if (!forms.has(mutation)) {
    const found = await ask<{ actionForms: Form[] | null }>(FORMS, { of: [mutation] });
    for (const form of found.data?.actionForms ?? []) {
      forms.set(form.mutation, form);
      for (const { name, fields } of form.inputs) parts.set(name, fields);
    }
  }
  const form = forms.get(mutation);
  if (form) {
    const enums = form.inputs.flatMap(({ fields }) => fields.filter(({ values }) => values).map(({ type }) => type));
    await loadLabels([...form.inputs.map(({ name }) => name), ...enums]);
  }
  return form;
}

const versioned = ({ inputs }: Form): boolean => inputs[0]!.fields.some(({ name }) => name === "expectedVersion");

/** The fields of an input that people fill in, in the order of their labels. */
export function fieldsOf(input: string, left: readonly (string | null)[] = []): Field[] {
  const order = namesOf(input);
  return (parts.get(input) ?? [])
    .filter(({ name }) => !OURS.includes(name) && !left.includes(name))
    .sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
}

/** What the page itself puts into an input: which object, and in which version people saw it. */
export function ownFields(form: Form, subject: string | null, row: Record<string, unknown>, version?: number): object {
  const field = parts.get(form.input)?.find(({ name }) => name === subject);
  const named = field && { [field.name]: field.type === "ID" ? row.id : row[field.name] };
  return { ...named, ...(versioned(form) && { expectedVersion: version }) };
}

/** The document that does it. Beside what is named nothing but refusals is asked for: the page loads the object anew. */
export function documentOf({ mutation, input }: Form, answer = ""): string {
  const name = mutation[0]!.toUpperCase() + mutation.slice(1);
  return `mutation ${name}($input: ${input}!) { ${mutation}(input: $input) { ${answer} errors { code message path } } }`;
}

/** Of a field that takes a change, what is changed: it is sent with the value that people saw. */
const changed = (field: Field): Field | undefined => {
  const found = parts.get(field.type);
  return found?.some(({ name }) => name === "base") ? found.find(({ name }) => name === "value") : undefined;
};
export const isChange = (field: Field): boolean => changed(field) !== undefined;

/** The fields of an input within the input; none of a value. */
export const partOf = (field: Field): Field[] | undefined =>
  isChange(field) || !parts.has(field.type) ? undefined : fieldsOf(field.type);

export const valuesOf = (field: Field): [string, string[]] | undefined => {
  const { type, values } = changed(field) ?? field;
  return values ? [type, values] : undefined;
};

/** What a field names, if it can be found by its name. */
export function findableAs(field: Field): Findable | undefined {
  if (field.type === "ID" && isFindable(field.picks)) return field.picks;
  return field.type !== "String" ? undefined : CODED.unit.test(field.name) ? "unit" : CODED.grid.test(field.name) ? "grid" : undefined;
}

/** What a field is called. What is found by name is asked for by neither code nor id. */
export function nameOf(input: string, field: Field): string {
  const name = label(input, field.name);
  return findableAs(field) && language.value === "zh" ? name.replace(/(编码|区划代码|标识)$/, "") : name;
}

export function isLong(field: Field): boolean {
  const { type } = changed(field) ?? field;
  if (findableAs(field) || type !== "String") return false;
  return field.listed || (field.maxLength ?? 0) > 500 || LONG.test(field.name);
}

export const takesFiles = (field: Field): boolean => field.name === "attachments" && field.type === "ID";

export function emptyValue(field: Field): Value {
  const part = partOf(field);
  if (part) return field.listed ? (field.required ? [emptyValues(part)] : []) : emptyValues(part);
  // Whoever holds one grid mostly means that.
  if (findableAs(field) === "grid" && field.required && !field.listed) return ownGrids().slice(0, 1);
  if (findableAs(field) || takesFiles(field)) return [];
  return field.initial ?? "";
}

export const emptyValues = (fields: Field[]): Values => Object.fromEntries(fields.map((field) => [field.name, emptyValue(field)]));

/** The values of an input within the input, one or several, each with the way to it. */
export function entriesOf(field: Field, value: Value | undefined, way: string): [string, Values][] {
  if (field.listed) return ((value ?? []) as Values[]).map((one, at) => [`${way}-${at}`, one]);
  return [[way, (value ?? {}) as Values]];
}

/** An input within the input that need not be given, and in which nothing is: it is left out. */
const isLeftOut = (field: Field, part: Field[], value: Value): boolean =>
  !field.listed && !field.required && part.every(({ name }) => isEmpty((value as Values)[name]));

/** The ways to all fields that are shown. */
export function waysOf(fields: Field[], values: Values, before = ""): string[] {
  return fields.flatMap((field) => {
    const way = before + field.name;
    const part = partOf(field);
    const inner = part ? entriesOf(field, values[field.name], way).flatMap(([to, one]) => waysOf(part, one, `${to}-`)) : [];
    return [way, ...inner];
  });
}

/** Say what must be given and is not. Everything else the server says, in its words. */
export function findMissing(input: string, fields: Field[], values: Values, before = ""): Errors {
  const missing: Errors = {};
  for (const field of fields) {
    const value = values[field.name];
    const way = before + field.name;
    const part = partOf(field);
    if (part && value !== undefined && !isLeftOut(field, part, value)) {
      for (const [to, one] of entriesOf(field, value, way)) Object.assign(missing, findMissing(field.type, part, one, `${to}-`));
    } else if (field.required && isEmpty(value)) missing[way] = `${say("fillIn")}${colon()}${nameOf(input, field)}`;
  }
  return missing;
}

function isEmpty(value: Value | undefined): boolean {
  if (value === undefined) return true;
  if (typeof value === "string") return value.trim() === "";
  return Array.isArray(value) ? value.length === 0 : Object.values(value).every(isEmpty);
}

/** Make the input of what was filled in; files are uploaded first. What is empty is left out. */
export async function readInput(fields: Field[], values: Values, shown: Record<string, string> = {}): Promise<object> {
  const input: Record<string, unknown> = {};
  for (const field of fields) {
    const read = await readValue(field, values[field.name] ?? "", shown[field.name]);
    if (read !== undefined) input[field.name] = read;
  }
  return input;
}

async function readValue(field: Field, value: Value, shown: string | undefined): Promise<unknown> {
  if (isChange(field)) return value === (shown ?? "") ? undefined : { base: shown, value };
  const part = partOf(field);
  if (part) {
    if (isLeftOut(field, part, value)) return undefined;
    const read = [];
    for (const [, one] of entriesOf(field, value, "")) read.push(await readInput(part, one));
    return field.listed ? (read.length > 0 || field.required ? read : undefined) : read[0];
  }
  if (isEmpty(value)) return field.listed && field.required ? [] : undefined;
  if (typeof value !== "string") {
    if (takesFiles(field)) return uploadAll(value as File[]);
    const codes = (value as Coded[]).map(({ code }) => code);
    return field.listed ? codes : codes[0];
  }
  if (!field.listed) return readText(field, value);
  return value
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => readText(field, line));
}

function readText({ type }: Field, text: string): unknown {
  if (type === "Int" || type === "Float") return Number(text);
  if (type === "Boolean") return text === "true";
  // In China's time wherever the browser is, as all moments are shown.
  return type === "DateTime" ? new Date(`${text}+08:00`).toISOString() : text;
}

async function uploadAll(files: File[]): Promise<string[]> {
  const ids = [];
  for (const file of files) {
    const sent = await client.upload(file);
    if (!sent.ok) throw new Error(`${file.name}: ${sent.problems[0].message}`);
    ids.push(sent.data.id);
  }
  return ids;
}
