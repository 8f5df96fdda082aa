// Outbox: what was done in the field, kept on this device in its order until the server has it, and what came of it.
import { effect, signal } from "@preact/signals";
import { OfflineQueue, type Problem, type Result, type Synced, type Uploaded } from "@gongzhi/client";
import { makeKey } from "@gongzhi/client/keys.js";
import { tellChange } from "../../live";
import { change, checkSession, client, loseConnection, offline, who } from "../../session";
import { RESOLVE } from "./documents";
import { countEntries, DRAFT, findOwner, openShelf, sweepFiles, type Owner, type Shelf } from "./shelf";

/** A file that goes with an entry. Once it is uploaded it has an id, which is good for a day. */
export interface Attached {
  id: string;
  kind: "PHOTO" | "VOICE";
  /** A small picture of a photo, as a data address; of a recording, how many seconds. */
  preview: string;
  uploaded?: { id: string; at: number };
}

/** The input of one of the mutations that `sync` takes. */
export type Input = Record<string, unknown> & { idempotencyKey: string };

export interface Item {
  clientId: string;
  occurredAt: string;
  /** What was done, such as `reportCase`, and its input. */
  name: string;
  input: Input;
  /** How people know it again. */
  title: string;
  files: Attached[];
  state: "WAITING" | "REFUSED" | "CONFLICT";
  /** Whether the server may have it: from then on it is sent as it is, so that it is carried out once. */
  sent: boolean;
  problems: Problem[];
  conflict: Synced["conflict"];
  case: Synced["case"];
}

/** What was sent since the page was opened. */
export interface Sent {
  clientId: string;
  title: string;
  number?: string;
}

/** Milliseconds for which an upload is named; the server keeps it for a day. */
const FRESH = 20 * 3_600_000;
const PASSING = ["NETWORK", "RATE_LIMITED", "REQUEST_TIMEOUT", "SERVER_STOPPING", "UNAVAILABLE", "INTERNAL_SERVER_ERROR", "TIMEOUT"];

export const items = signal<Item[]>([]);
export const sent = signal<Sent[]>([]);
export const sending = signal(false);
/** Why what waits cannot be sent now, if it is not for want of a network. */
export const stuck = signal("");
/** How many entries of other accounts wait on this device. */
export const foreign = signal(0);

let owner: Owner | undefined;
let account: string | undefined;
let shelf: Shelf = openShelf(undefined);

/** Open the outbox of an account; where nothing can be kept, one that lasts as long as the page. */
export async function openOutbox(name: string): Promise<Owner | undefined> {
  if (account !== name) {
    owner = await findOwner(name).catch(() => undefined);
    shelf = openShelf(owner);
    account = name;
    sent.value = [];
    if (owner) void sweep(name).catch(() => undefined);
  }
  await refresh();
  foreign.value = await countEntries(name, true).catch(() => 0);
  return owner;
}

/** Remove files of which nothing is left but their bytes. What cannot be removed now is removed another time. */
async function sweep(name: string): Promise<void> {
  const kept = await shelf.list<Pick<Item, "files">>();
  await sweepFiles(name, new Set(kept.flatMap(({ files }) => files.map(({ id }) => id))));
}

export const outbox = (): Shelf => shelf;

/** Show nothing of it any more, as when a session ends; what is on the device stays there. */
export function closeOutbox(): void {
  account = owner = undefined;
  shelf = openShelf(undefined);
  items.value = [];
  sent.value = [];
}

effect(() => {
  if (who.value === null) closeOutbox();
});

async function refresh(): Promise<void> {
  const found = await shelf.list<Item & { id?: string }>();
  items.value = found
    .filter(({ id }) => id !== DRAFT)
    .sort((one, other) => (one.occurredAt < other.occurredAt ? -1 : 1));
}

async function write(item: Item): Promise<void> {
  await shelf.write(item.clientId, item);
  await refresh();
}

async function remove({ clientId, files }: Item): Promise<void> {
  // The entry first: one whose file is gone could not be sent.
  await shelf.remove(clientId);
  for (const { id } of files) await shelf.removeFile(id);
  await refresh();
}

/** Keep what was done, and send it if there is a network. Its files are on the shelf already. */
export async function keep(name: string, input: object, title: string, files: Attached[] = []): Promise<void> {
  const now = new Date().toISOString();
  // In the order in which they were done, even within one millisecond or after the clock was set back.
  const last = items.value.at(-1)?.occurredAt ?? "";
  const occurredAt = now > last ? now : new Date(Date.parse(last) + 1).toISOString();
  const keyed = { ...input, idempotencyKey: makeKey() };
  const left = { state: "WAITING", sent: false, problems: [], conflict: [], case: null } as const;
  await write({ clientId: makeKey(), occurredAt, name, input: keyed, title, files, ...left, problems: [], conflict: [] });
  void navigator.storage?.persist?.();
  void sendAll();
}

/** Send it once more: under a new key, since the server has answered the old one, and as the case stands now. */
export async function sendAgain(item: Item, changes: object = {}): Promise<void> {
  await yieldConflicts(item);
  const seen = "seen" in item.input && item.case ? { seen: item.case.status } : {};
  const input = { ...item.input, ...seen, ...changes, idempotencyKey: makeKey() };
  const files = item.files.map(({ uploaded, ...file }) => file);
  await write({ ...item, input, files, state: "WAITING", sent: false, problems: [], conflict: [] });
  void sendAll();
}

export async function drop(item: Item): Promise<void> {
  await yieldConflicts(item);
  await remove(item);
}

/** Let what others wrote stand, where one may decide that; else it stays for whoever may. */
async function yieldConflicts({ conflict }: Item): Promise<void> {
  if (offline.value) return;
  for (const { id } of conflict) await change(RESOLVE, { conflict: id, keep: "THEIRS", idempotencyKey: `yield-${id}` });
}

/** Send what waits, in its order. Only one tab does at a time, and only while its owner is signed in. */
export async function sendAll(): Promise<void> {
  if (sending.value) return;
  sending.value = true;
  try {
    const locks = navigator.locks as LockManager | undefined;
    await (locks ? locks.request("gongzhi-field", sendWaiting) : sendWaiting());
  } finally {
    sending.value = false;
  }
}

const waiting = (): Item[] => items.value.filter(({ state }) => state === "WAITING");
const isMine = (): boolean => account !== undefined && who.peek()?.account === account;

async function sendWaiting(): Promise<void> {
  await refresh(); // another tab may have sent some
  if (waiting().length === 0 || !isMine()) return;
  await checkSession();
  if (!isMine() || offline.peek()) return;
  for (const item of waiting()) if (!item.sent && !(await uploadFiles(item))) return;
  // Noted before it is sent: if no answer comes, the server may have it all the same.
  for (const item of waiting()) if (!item.sent) await shelf.write(item.clientId, { ...item, sent: true });
  await refresh();
  const queue = new OfflineQueue<Record<string, Input>>(client, { read: readWaiting, write: settleItems }, { account });
  note(await queue.flush());
}

/** Say whether there was an answer; what cannot be sent now is sent later. */
function note({ problems }: Result<unknown>): boolean {
  const code = problems[0]?.code;
  stuck.value = code === undefined || code === "NETWORK" ? "" : problems[0]!.message;
  if (code === "NETWORK") loseConnection();
  // Somebody else is signed in by now, or nobody.
  else if (code === "UNAUTHENTICATED" || code === "FORBIDDEN") void checkSession();
  return code === undefined;
}

const readWaiting = async () =>
  waiting().map(({ clientId, occurredAt, name, input }) => ({ clientId, occurredAt, change: { [name]: input } }));

/** Keep what came of entries: what is done leaves, and the rest is shown. */
async function settleItems(_: unknown, left: Synced[] = []): Promise<void> {
  for (const { clientId, state, case: about, conflict, errors } of left) {
    const item = items.value.find((one) => one.clientId === clientId);
    if (!item) continue;
    if (state === "APPLIED") {
      sent.value = [...sent.value, { clientId, title: item.title, number: about?.number }];
      await remove(item);
    } else {
      const kept = state === "CONFLICT" ? "CONFLICT" : "REFUSED";
      await write({ ...item, state: kept, problems: errors, conflict: conflict ?? [], case: about });
    }
    if (about) tellChange([about.number]);
  }
}

/** Upload an entry's files, and name them in its input. False if it cannot be done now. */
async function uploadFiles(item: Item): Promise<boolean> {
  const files: Attached[] = [];
  for (const [at, file] of item.files.entries()) {
    if (file.uploaded && Date.now() - file.uploaded.at < FRESH) {
      files.push(file);
      continue;
    }
    const blob = await shelf.readFile(file.id);
    const found: Result<Uploaded> | null = blob ? await client.upload(blob) : null;
    if (found && !found.ok) {
      if (PASSING.includes(found.problems[0].code)) return note(found);
      // Whoever is nobody by now is refused, too, and that says nothing about the file.
      await checkSession();
      if (!isMine()) return false;
      await write({ ...item, state: "REFUSED", problems: found.problems });
      return true;
    }
    files.push(found?.ok ? { ...file, uploaded: { id: found.data.id, at: Date.now() } } : file);
    // Each at once: what is uploaded is not uploaded again after a lost connection.
    await write({ ...item, files: [...files, ...item.files.slice(at + 1)] });
  }
  const attachments = files.flatMap(({ uploaded }) => uploaded?.id ?? []);
  if (files.length > 0) await write({ ...item, files, input: { ...item.input, attachments } });
  return true;
}
