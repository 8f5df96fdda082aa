// Shelf: what is kept on this device until it is sent, each account's apart, sealed by a key that cannot leave the browser.

/** What is kept under a name: as JSON, or as bytes. */
export interface Shelf {
  list<Item>(): Promise<Item[]>;
  write(id: string, item: object): Promise<void>;
  remove(id: string): Promise<void>;
  readFile(id: string): Promise<Blob | undefined>;
  writeFile(id: string, file: Blob): Promise<void>;
  removeFile(id: string): Promise<void>;
}

/** Whose things are here. What is known of their work has no personal data in it, so it is not sealed. */
export interface Owner {
  account: string;
  key: CryptoKey;
  at: number;
  known?: unknown;
}

interface Sealed {
  id: string;
  account: string;
  iv: Uint8Array<ArrayBuffer>;
  data: ArrayBuffer;
  type?: string;
  /** When it was written, in milliseconds since 1970. */
  at?: number;
}

const NAME = "gongzhi-field";
type Store = "owners" | "entries" | "files";

/** Whether anything can be kept: pages without TLS have no such keys. */
export const lasts = (): boolean => Boolean(globalThis.indexedDB && globalThis.crypto?.subtle);

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("owners", { keyPath: "account" });
      for (const name of ["entries", "files"]) {
        const store = opening.result.createObjectStore(name, { keyPath: ["account", "id"] });
        store.createIndex("account", "account");
      }
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("blocked"));
  });
}

/** Do something with a store, and return what came of it once it is on the disk. */
async function run<Found>(name: Store, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<Found>): Promise<Found> {
  const database = await openDatabase();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

/** Return the account's place here; a new one has a key of its own, which scripts can use and never read. */
export async function findOwner(account: string): Promise<Owner> {
  const found = await run<Owner | undefined>("owners", "readonly", (store) => store.get(account));
  if (found) return found;
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  try {
    await run("owners", "readwrite", (store) => store.add({ account, key, at: Date.now() }));
  } catch {
    // Another tab was faster, so its key is the one that holds.
  }
  return (await run<Owner | undefined>("owners", "readonly", (store) => store.get(account)))!;
}

/** Note what an account knows of its work, and that it was here last. */
export const noteOwner = (owner: Owner): Promise<unknown> => run("owners", "readwrite", (store) => store.put(owner));

/** Whoever was here last; undefined if nobody was, or signed out. */
export async function findLast(): Promise<Owner | undefined> {
  if (!lasts()) return undefined;
  const owners = await run<Owner[]>("owners", "readonly", (store) => store.getAll());
  return owners.sort((one, other) => other.at - one.at)[0];
}

/** How much of an account is here that is not sent, what it has only begun to write included; or of all others. */
export async function countEntries(account: string, others = false): Promise<number> {
  if (!lasts()) return 0;
  const keys = (await run("entries", "readonly", (store) => store.getAllKeys())) as [string, string][];
  return keys.filter(([owner]) => (owner === account) !== others).length;
}

/** What is written and not yet handed in lies under this name. */
export const DRAFT = "draft";

/** Delete all of an account, its key first: without it the rest is noise. */
export async function clearOwner(account: string): Promise<void> {
  if (!lasts()) return;
  await run("owners", "readwrite", (store) => store.delete(account));
  for (const name of ["entries", "files"] as const) {
    const keys = await run(name, "readonly", (store) => store.index("account").getAllKeys(account));
    for (const key of keys) await run(name, "readwrite", (store) => store.delete(key));
  }
}

/** Milliseconds after which a file that no entry names is nobody's: until then another tab may be about to name it. */
const NAMED_BY_THEN = 24 * 3_600_000;

/** Delete an account's files that no entry names: the page was killed between a file and its entry. */
export async function sweepFiles(account: string, named: ReadonlySet<string>): Promise<void> {
  const keys = (await run("files", "readonly", (store) => store.index("account").getAllKeys(account))) as [string, string][];
  for (const key of keys.filter(([, id]) => !named.has(id))) {
    const sealed = await run<Sealed | undefined>("files", "readonly", (store) => store.get(key));
    if ((sealed?.at ?? 0) + NAMED_BY_THEN < Date.now()) await run("files", "readwrite", (store) => store.delete(key));
  }
}

/** Delete all of everybody. */
export const clearAll = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(NAME);
    deleting.onsuccess = () => resolve();
    deleting.onerror = deleting.onblocked = () => reject(deleting.error);
  });

/** Open an account's shelf; one that lasts as long as the page where nothing else can be had. */
export function openShelf(owner: Owner | undefined): Shelf {
  return owner ? sealedShelf(owner) : shelfOfPage();
}

function sealedShelf({ account, key }: Owner): Shelf {
  // Bound to their place, so that no sealed thing can be put where another was.
  const bound = (id: string) => new TextEncoder().encode(`${account}\n${id}`);
  const seal = async (id: string, bytes: ArrayBuffer, type?: string): Promise<Sealed> => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: bound(id) }, key, bytes);
    return { id, account, iv, data, type, at: Date.now() };
  };
  const unseal = ({ id, iv, data }: Sealed) =>
    crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: bound(id) }, key, data);
  const put = async (name: Store, sealed: Sealed) => void (await run(name, "readwrite", (store) => store.put(sealed)));
  const remove = async (name: Store, id: string) => void (await run(name, "readwrite", (store) => store.delete([account, id])));
  return {
    async list<Item>() {
      const sealed = await run<Sealed[]>("entries", "readonly", (store) => store.index("account").getAll(account));
      return Promise.all(sealed.map(async (one) => JSON.parse(new TextDecoder().decode(await unseal(one))) as Item));
    },
    write: async (id, item) => put("entries", await seal(id, new TextEncoder().encode(JSON.stringify(item)).buffer)),
    remove: (id) => remove("entries", id),
    async readFile(id) {
      const sealed = await run<Sealed | undefined>("files", "readonly", (store) => store.get([account, id]));
      return sealed && new Blob([await unseal(sealed)], { type: sealed.type });
    },
    writeFile: async (id, file) => put("files", await seal(id, await file.arrayBuffer(), file.type)),
    removeFile: (id) => remove("files", id),
  };
}

function shelfOfPage(): Shelf {
  const items = new Map<string, object>();
  const files = new Map<string, Blob>();
  return {
    list: async <Item>() => [...items.values()] as Item[],
    write: async (id, item) => void items.set(id, item),
    remove: async (id) => void items.delete(id),
    readFile: async (id) => files.get(id),
    writeFile: async (id, file) => void files.set(id, file),
    removeFile: async (id) => void files.delete(id),
  };
}
