// Queue: what was done without a network, kept in order until the server has it.
import type { Client } from "./client.js";
import { makeKey } from "./keys.js";
import type { Problem, Result } from "./results.js";

/** An entry: what was done, when, and under which name. `change` is a SyncChangeInput of the schema. */
export interface Entry<Change = object> {
  clientId: string;
  occurredAt: string;
  change: Change;
}

/** What came of an entry. All but those that FAILED have left the queue. */
export interface Synced {
  clientId: string;
  state: "APPLIED" | "CONFLICT" | "REFUSED" | "FAILED" | (string & {});
  case: { number: string; status: string; version: number } | null;
  conflict: { id: string; field: string; mine: string | null; theirs: string | null; by: string | null; at: string }[];
  errors: Problem[];
}

/** Where entries are kept. They hold what people wrote: let nobody else read it, and empty it when they sign out. */
export interface EntryStore<Change> {
  read(): Promise<Entry<Change>[]>;
  /** Keep these from now on. `left` is what came of those that were sent and are not among them any more. */
  write(entries: Entry<Change>[], left?: Synced[]): Promise<void>;
}

export interface QueueOptions {
  /** Whose entries these are: a server to which somebody else is signed in by then takes none of them. */
  account?: string;
}

/** The most entries that the server takes at once. */
const BATCH = 50;
const SYNC = `mutation Sync($input: SyncInput!) {
  sync(input: $input) {
    results {
      clientId state
      case { number status version }
      conflict { id field mine theirs by at }
      errors { code message path }
    }
    errors { code message path }
  }
}`;

export class OfflineQueue<Change extends object = object> {
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private client: Client,
    private store: EntryStore<Change>,
    private options: QueueOptions = {},
  ) {}

  /** Keep what was done. Its own `idempotencyKey` is made here if it has none, and sent each time. */
  add(change: Change, occurredAt = new Date(), clientId: string = makeKey()): Promise<Entry<Change>> {
    const keyed = Object.entries(change).map(([name, input]) => [name, { idempotencyKey: makeKey(), ...input }]);
    const entry = { clientId, occurredAt: occurredAt.toISOString(), change: Object.fromEntries(keyed) as Change };
    return this.#inTurn(async () => {
      await this.store.write([...(await this.store.read()), entry]);
      return entry;
    });
  }

  /** Return what is waiting. */
  waiting(): Promise<Entry<Change>[]> {
    return this.#inTurn(() => this.store.read());
  }

  /** Send what is waiting, in its order, and return what came of it. Without a network all of it stays. */
  flush(): Promise<Result<Synced[]>> {
    return this.#inTurn(async () => {
      const done: Synced[] = [];
      const rest = await this.store.read();
      const failed: Entry<Change>[] = [];
      while (rest.length) {
        const entries = rest.slice(0, BATCH);
        const found = await this.client.mutate<{ sync: { results: Synced[] } }, { input: object }>(SYNC, { input: { ...this.options, entries } });
        if (!found.ok) return { ...found, data: done };
        const { results } = found.data.sync;
        done.push(...results);
        rest.splice(0, entries.length);
        failed.push(...entries.filter((_, at) => results[at]?.state === "FAILED"));
        await this.store.write([...failed, ...rest], results.filter(({ state }) => state !== "FAILED")); // batch by batch, so that a crash loses nothing and repeats little
      }
      return { ok: true, data: done, problems: [] };
    });
  }

  /** One thing at a time: what is added while a batch is under way must not be overwritten. */
  #inTurn<Found>(work: () => Promise<Found>): Promise<Found> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** Keeps entries in the browser's IndexedDB, which outlives the page. */
export function keepInBrowser<Change extends object>(name = "gongzhi-queue"): EntryStore<Change> {
  const run = async <Found>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<Found>) => {
    const opening = indexedDB.open(name, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("entries");
    const database = await settle(opening);
    try {
      return await settle(work(database.transaction("entries", mode).objectStore("entries")));
    } finally {
      database.close();
    }
  };
  return {
    read: async () => (await run<Entry<Change>[] | undefined>("readonly", (store) => store.get("all"))) ?? [],
    write: async (entries) => void (await run("readwrite", (store) => store.put(entries, "all"))),
  };
}

const settle = <Found>(request: IDBRequest<Found>): Promise<Found> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
