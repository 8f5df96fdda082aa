// Declared views: what plugins have this page draw, as the server lays it out for whoever is signed in.
import { signal } from "@preact/signals";
import { COUNTIES, VIEWS } from "./documents";
import type { Coded } from "./forms/inputs";
import { ask, ownGrids } from "./session";
import { language } from "./words";

export interface Named {
  english: string;
  chinese: string;
}

export interface Column extends Named {
  path: string[];
  type: string;
  owner: string | null;
  ownerId: string[];
}

export interface Table extends Named {
  path: string[];
  type: string;
  columns: Column[];
}

export interface Filter extends Named {
  name: string;
  type: string;
  initial: string | null;
  counts: string[];
}

export interface DeclaredForm extends Named {
  mutation: string;
  subject: string | null;
}

export interface DeclaredView extends Named {
  name: string;
  plugin: string;
  desk: Named;
  kind: "LIST" | "DETAIL" | "COUNTER" | "MAP";
  document: string;
  variables: string[];
  type: string;
  opens: string | null;
  rows: string[];
  columns: Column[];
  tables: Table[];
  filters: Filter[];
  forms: DeclaredForm[];
}

/** Null until they are known. */
export const declared = signal<DeclaredView[] | null>(null);
/** Why they are not known. */
export const undeclared = signal("");

export async function loadViews(): Promise<void> {
  declared.value = null;
  undeclared.value = "";
  const found = await ask<{ views: DeclaredView[] | null }>(VIEWS);
  if (found.data?.views) declared.value = found.data.views;
  else undeclared.value = found.problems[0]?.message ?? "";
}

export const say = ({ english, chinese }: Named): string => (language.value === "zh" ? chinese : english);

/** The lists of each plugin, in the order in which the server names them. */
export function listDesks(): { plugin: string; desk: Named; lists: DeclaredView[] }[] {
  const lists = (declared.value ?? []).filter(({ kind }) => kind === "LIST");
  const plugins = [...new Set(lists.map(({ plugin }) => plugin))];
  return plugins.map((plugin) => {
    const mine = lists.filter((view) => view.plugin === plugin);
    return { plugin, desk: mine[0]!.desk, lists: mine };
  });
}

export const findView = (name: string): DeclaredView | undefined => declared.value?.find((view) => view.name === name);

/** The view that shows an object of a type. */
export const detailOf = (type: string | null): DeclaredView | undefined =>
  declared.value?.find((view) => view.kind === "DETAIL" && view.type === type);

/** What a path leads to in an answer; undefined where something on the way is not there. */
export function valueAt(data: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((found, name) => (found as Record<string, unknown> | null | undefined)?.[name], data);
}

/** Grids to choose from: those that somebody holds something in, or else the counties. */
export async function loadGrids(): Promise<Coded[]> {
  const own = ownGrids();
  if (own.length > 0) return own;
  return (await ask<{ grids: { nodes: Coded[] } }>(COUNTIES)).data?.grids?.nodes ?? [];
}
