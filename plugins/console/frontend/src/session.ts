// Session: who is signed in, and how everything is asked: by cookies, or in development by a role's token.
import { signal } from "@preact/signals";
import { BrowserSession, Client, type Credentials, type Result, type Uploaded } from "@gongzhi/client";
import { WHO } from "./documents";
import { load, save } from "./storage";
import { language, say, type Word } from "./words";

export interface Who {
  account: string;
  role: string | null;
  permissions: string[];
  /** Whether everything is withheld until a second factor is added. */
  secondFactorDue: boolean;
  person: { name: string } | null;
  grants: { role: string; grid: { code: string; name: string } | null; unit: { code: string; name: string } | null }[];
}

/** In development: a role in a place. */
export interface Place {
  role: string;
  grid: string;
  unit: string;
}

/** Undefined while nobody knows yet; null for nobody. */
export const who = signal<Who | null | undefined>(undefined);
/** Of somebody whose password was right: what a code of their second factor answers. */
export const challenge = signal<string | null>(null);
/** Whether whoever is signed in may something somewhere. */
export const may = (permission: string): boolean => who.value?.permissions.includes(permission) ?? false;
/** Why somebody has to sign in again. */
export const notice = signal<Word | null>(null);
/** Whether the last request had no answer. */
export const offline = signal(false);
/** How often the browser has said that the network is gone. */
let losses = 0;
/** Where events stood when the session was looked at last. */
export let begun: string | undefined;

// The language is asked for at each request: it may be switched at any time.
const send: typeof fetch = (address, given) =>
  fetch(address, { ...given, headers: { ...given?.headers, "accept-language": language.value === "zh" ? "zh-CN" : "en" } });

/** The session of whoever signed in by a password, and what they do about their own password and second factor. */
export const cookies = new BrowserSession({ fetch: send });
let token: string | undefined; // in memory alone

const credentials: Credentials = {
  token: () => token,
  renew: (refused) => (token ? Promise.resolve(false) : cookies.renew(refused)),
  get headers(): Record<string, string> {
    return token ? {} : cookies.headers;
  },
};

export const client = new Client({ credentials, fetch: send, retries: { attempts: 3 } });

/** Tries once. Pages for everybody say at once that the network is gone, or how long to wait, and do not wait in silence. */
const once = new Client({ credentials, fetch: send, retries: { attempts: 1 } });

export async function askOnce<Data>(document: string, variables: object = {}): Promise<Result<Data>> {
  return watch(await reach(once.query<Data, object>(document, variables)));
}

export async function changeOnce<Data>(document: string, input: object): Promise<Result<Data>> {
  return watch(await reach(once.mutate<Data, { input: object }>(document, { input })));
}

export const uploadOnce = (file: File, clientId: string): Promise<Result<Uploaded>> => reach(once.upload(file, { clientId }));

/** Ask; a session that has ended on the way leads to the page of sign-in, and the address stays. */
export async function ask<Data>(document: string, variables: object = {}): Promise<Result<Data>> {
  return watch(await reach(client.query<Data, object>(document, variables)));
}

/** Ask for what is a look at somebody's file: the purpose is recorded with it, and they can read it. */
export async function askFor<Data>(purpose: string, document: string, variables: object): Promise<Result<Data>> {
  const stated: typeof fetch = (address, given) =>
    send(address, { ...given, headers: { ...given?.headers, "gongzhi-purpose": encodeURIComponent(purpose) } });
  const asking = new Client({ credentials, fetch: stated, retries: { attempts: 3 } });
  return watch(await reach(asking.query<Data, object>(document, variables)));
}

export async function change<Data>(document: string, input: object): Promise<Result<Data>> {
  return watch(await reach(client.mutate<Data, { input: object }>(document, { input })));
}

function watch<Data>(found: Result<Data>): Result<Data> {
  const codes = found.problems.map(({ code }) => code);
  // Without cookies one is a stranger, who is answered, with nothing in it.
  const stranger = found.data !== null && (found.data as { me?: unknown }).me === null;
  if (stranger || codes.includes("UNAUTHENTICATED")) expire();
  // Strangers may do nothing, and others less than they might: rights are taken back, too.
  else if (codes.includes("FORBIDDEN")) void checkSession();
  return found;
}

/** The grids in which somebody holds something; in development that of the role. */
export function ownGrids(): { code: string; name: string }[] {
  const held = (who.value?.grants ?? []).flatMap(({ grid }) => grid ?? []);
  const place = token ? load<Place | null>("place") : null;
  const own = place?.grid ? [...held, { code: place.grid, name: place.grid }] : held;
  return [...new Map(own.map((grid) => [grid.code, grid])).values()];
}

export function loseConnection(): void {
  losses++;
  offline.value = true;
}

/** Wait for an answer, and note whether there was one. What was on its way when the network went says nothing of now. */
async function reach<Data>(sent: Promise<Result<Data>>): Promise<Result<Data>> {
  const before = losses;
  const found = await sent;
  if (isLost(found)) offline.value = true;
  else if (before === losses) offline.value = false;
  return found;
}

const isLost = ({ problems }: Result<unknown>): boolean => problems.some(({ code }) => code === "NETWORK");

function expire(): void {
  if (who.value) notice.value = "expired";
  if (who.value !== undefined) who.value = null;
}

export async function checkSession(): Promise<void> {
  const found = await reach(client.query<{ me: Who | null; eventCursor: string }, object>(WHO, {}));
  // A server that stops, or has too much to do, has not signed anybody out.
  if (!found.ok && !found.data?.me && found.problems[0].code !== "UNAUTHENTICATED") {
    offline.value = true;
    return;
  }
  begun = found.data?.eventCursor;
  if (found.data?.me) who.value = found.data.me;
  else {
    expire();
    who.value = null;
  }
}

export function signIn(name: string, password: string): Promise<Result<void>> {
  return open(cookies.signIn({ name, password, device: `${navigator.platform} ${say("title")}` }));
}

/** Send the code, where the password was not enough. */
export function answerChallenge(code: string): Promise<Result<void>> {
  return open(cookies.answerChallenge({ challenge: challenge.value ?? "", code }));
}

/** Set the password of an account with the code of an invitation, and sign in by it. */
export function acceptInvitation(code: string, password: string, name?: string): Promise<Result<void>> {
  return open(cookies.acceptInvitation({ code, password, ...(name && { name }) }));
}

/** Enter where a session was opened, or keep what a code has to answer. */
async function open(answer: Promise<Result<void>>): Promise<Result<void>> {
  token = undefined;
  const found = await answer;
  const [problem] = found.problems;
  // A challenge stands for some minutes and one session; with a wrong code it stands still.
  if (problem?.code === "SECOND_FACTOR_REQUIRED") challenge.value = problem.challenge ?? null;
  else if (found.ok) challenge.value = null;
  if (found.ok) await enter();
  return found;
}

/** What is to be done when an account signs out: `ask` may say no, and `clear` comes after it. */
interface Farewell {
  ask(account: string): Promise<boolean>;
  clear(account: string): Promise<void>;
}

let farewell: Farewell | undefined;
export const onSignOut = (given: Farewell): void => void (farewell = given);

export async function signOut(): Promise<void> {
  const account = who.value?.account;
  if (account && farewell && !(await farewell.ask(account))) return;
  if (token) token = undefined;
  else {
    // The browser has its cookies still: whoever sits down next would be signed in.
    if (isLost(await reach(cookies.signOut()))) return;
  }
  if (account) await farewell?.clear(account);
  save("place", null);
  notice.value = null;
  who.value = null;
}

/** Enter in a role, which only a server in development lets anybody do; false if there is no such role or place. */
export async function enterAs(place: Place): Promise<boolean> {
  const given = Object.fromEntries(Object.entries(place).filter(([, value]) => value !== ""));
  const reply = await send("/auth/development-token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(given),
  });
  if (!reply.ok) return false;
  token = ((await reply.json()) as { accessToken: string }).accessToken;
  save("place", place);
  await enter();
  return true;
}

async function enter(): Promise<void> {
  notice.value = null;
  await checkSession();
}

/** Go on as whoever was here last. */
export async function openSession(): Promise<void> {
  const place = load<Place | null>("place");
  if (!(place && (await enterAs(place).catch(() => false)))) await checkSession();
}
