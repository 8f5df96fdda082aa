// Live: one subscription for all pages, from where the session began; pages are told which cases changed.
import { signal } from "@preact/signals";
import { FOLLOW } from "./documents";
import { begun, checkSession, client } from "./session";

/** The numbers of cases that changed; null if anything may have. */
type Listener = (numbers: string[] | null) => void;

/** Milliseconds in which events are gathered: a step of a case is several. */
const GATHERED = 200;

export const following = signal(true);
const listeners = new Set<Listener>();
let numbers = new Set<string>();
let timer: ReturnType<typeof setTimeout> | undefined;
let running: AbortController | undefined;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function tellChange(changed: string[] | null): void {
  for (const listener of [...listeners]) listener(changed);
}

function gather(number: string): void {
  numbers.add(number);
  timer ??= setTimeout(() => {
    const gathered = [...numbers];
    numbers = new Set();
    timer = undefined;
    tellChange(gathered);
  }, GATHERED);
}

/** Follow until somebody signs out. What a broken connection missed comes after it, by the cursor. */
export async function follow(): Promise<void> {
  stopFollowing();
  const { signal: ended } = (running = new AbortController());
  let cursor = begun;
  following.value = true;
  while (!ended.aborted) {
    let code = "";
    const told = client.subscribe<{ caseEvents: { case: { number: string } | null } }, {}>(FOLLOW, {}, { cursor, signal: ended });
    for await (const event of told) {
      cursor = event.cursor ?? cursor;
      const number = event.data?.caseEvents.case?.number;
      if (number) gather(number);
      else if (event.ok) tellChange(null); // of a case that one may see no longer
      else code = event.problems[0].code;
    }
    if (ended.aborted) return;
    if (code === "UNAUTHENTICATED") return checkSession();
    if (code !== "CURSOR_EXPIRED") break;
    const now = await client.findCursor({ signal: ended });
    if (!now.ok) break;
    cursor = now.data;
    tellChange(null);
  }
  following.value = false;
}

export function stopFollowing(): void {
  running?.abort();
  running = undefined;
}
