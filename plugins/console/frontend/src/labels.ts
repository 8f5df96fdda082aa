// Labels: what people read in place of names, as the server has them, with the tones of lights.
import { signal } from "@preact/signals";
import { LABELS } from "./documents";
import { ask } from "./session";
import { language } from "./words";

export interface Label {
  name: string;
  chinese: string;
  english: string;
  tone?: "GREEN" | "AMBER" | "RED" | null;
}

const COMMON = ["CaseStatus", "CaseKind", "CaseUrgency", "Light", "ClockStage", "WorkOrderState", "WorkOrderRole", "Case"];
const groups = signal<ReadonlyMap<string, readonly Label[]>>(new Map());

export async function loadLabels(of: string[] = [...COMMON, "AttachmentKind", "reasons", "roles"]): Promise<void> {
  const wanted = of.filter((name) => !groups.peek().has(name));
  if (wanted.length === 0) return;
  const found = await ask<{ labels: { of: string; labels: Label[] }[] }>(LABELS, { of: wanted });
  const added = (found.data?.labels ?? []).map((group) => [group.of, group.labels] as const);
  groups.value = new Map([...groups.peek(), ...added]);
}

/** Labels that are here, to be kept for a time without a network, and given back then. */
export const readLabels = (of: string[]): [string, readonly Label[]][] => of.map((name) => [name, groups.peek().get(name) ?? []]);
export function giveLabels(kept: [string, readonly Label[]][]): void {
  groups.value = new Map([...kept.filter(([, labels]) => labels.length > 0), ...groups.peek()]);
}

/** The names of a type in the order in which they are shown. */
export const namesOf = (of: string): string[] => (groups.value.get(of) ?? []).map(({ name }) => name);

const find = (of: string, name: string) => groups.value.get(of)?.find((label) => label.name === name);

/** The label of a value or field; its name where the server has none. */
export function label(of: string, name: string): string {
  const found = find(of, name);
  return found ? (language.value === "zh" ? found.chinese : found.english) : name;
}

export const tone = (of: string, name: string): string | undefined => find(of, name)?.tone ?? undefined;
