// Tabs: what is being written. Queries and variables are kept between visits; headers, which may hold secrets, are not.
import { computed, effect, signal } from "@preact/signals";
import { load, save } from "./storage";

export interface Tab {
  id: number;
  query: string;
  variables: string;
  headers: string;
  result: string;
  status: string;
  /** Ends what runs in the tab; not there when nothing does. */
  running?: AbortController;
}

export interface Past {
  query: string;
  variables: string;
  at: string;
}

const MOST_TABS = 20;
const MOST_PAST = 50;
const FIRST = `# Ctrl+Enter 运行，Ctrl+Space 补全。
query RecentCases {
  cases(first: 5, orderBy: REPORTED_AT_DESC) {
    totalCount
    nodes {
      number
      title
      status
      reportedAt
    }
  }
}
`;

let next = 1;

function makeTab(query = "", variables = ""): Tab {
  return { id: next++, query, variables, headers: "", result: "", status: "" };
}

const kept = load<{ query: string; variables: string }[]>("tabs") ?? [];
export const tabs = signal<Tab[]>(kept.length ? kept.map((one) => makeTab(one.query, one.variables)) : [makeTab(FIRST)]);
export const chosen = signal(tabs.value[0]?.id ?? 0);
export const past = signal<Past[]>(load<Past[]>("past") ?? []);

export const tab = computed<Tab>(() => tabs.value.find((one) => one.id === chosen.value) ?? (tabs.value[0] as Tab));

effect(() => save("tabs", tabs.value.map(({ query, variables }) => ({ query, variables }))));
effect(() => save("past", past.value));

export function change(id: number, changes: Partial<Tab>): void {
  tabs.value = tabs.value.map((one) => (one.id === id ? { ...one, ...changes } : one));
}

export function openTab(query = "", variables = ""): void {
  const blank = tab.value.query.trim() === "" && !tab.value.running;
  if (blank && query !== "") {
    change(tab.value.id, { query, variables, result: "", status: "" });
    return;
  }
  const made = makeTab(query, variables);
  tabs.value = [...tabs.value, made].slice(-MOST_TABS);
  chosen.value = made.id;
}

export function closeTab(id: number): void {
  const at = tabs.value.findIndex((one) => one.id === id);
  tabs.value[at]?.running?.abort();
  const left = tabs.value.filter((one) => one.id !== id);
  tabs.value = left.length ? left : [makeTab()];
  if (chosen.value === id) chosen.value = tabs.value[Math.max(0, at - 1)]?.id ?? 0;
}

export function remember(query: string, variables: string): void {
  const before = past.value.filter((one) => one.query !== query || one.variables !== variables);
  past.value = [{ query, variables, at: new Date().toISOString() }, ...before].slice(0, MOST_PAST);
}

export function nameOf(query: string): string {
  return /(?:query|mutation|subscription)\s+([A-Za-z_]\w*)/.exec(query)?.[1] ?? "";
}
