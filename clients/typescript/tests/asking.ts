// Signs in, asks, writes, uploads and queues, while answers are lost and tokens end.
import "fake-indexeddb/auto";
import { openAsBlob } from "node:fs";
import { BrowserSession, Client, keepInBrowser, keepInMemory, OfflineQueue, Session, type Credentials } from "../dist/index.js";
import { FollowDocument, GridDocument, MeDocument, ReportDocument, type ReportCaseInput } from "./generated/graphql.ts";
import { given, hear, say } from "./talking.ts";

const { address } = given as { address: string };

// What becomes of the next requests: null lets one through, and its answer is lost.
const mishaps: (Response | null)[] = [];
let sent: { url: string; body: unknown; headers: Headers }[] = [];
let offline = false;
const send: typeof fetch = async (input, init) => {
  sent.push({ url: String(input), body: init?.body, headers: new Headers(init?.headers) });
  if (offline) throw new TypeError("There is no network.");
  const mishap = mishaps.shift();
  if (mishap) return mishap;
  const answer = await fetch(input, init);
  if (mishap === null) throw new TypeError("The answer is lost.");
  return answer;
};

const store = keepInMemory();
const session = new Session({ address, store, fetch: send, retries: { pause: 5 } });
const client = new Client({ address, credentials: session, fetch: send, language: "zh", retries: { pause: 5 } });

// Who is wrong is told so, once and in data.
const invited = await session.acceptInvitation({ code: given.code!, password: given.password! });
const wrong = await session.signIn({ name: given.name!, password: "not this one" });
const right = await session.signIn({ name: given.name!, password: given.password! });
say([invited.ok, wrong.problems[0]?.code, right.ok]);

// Types: data of a query without variables, with them, and of nothing that was asked for.
const me = await client.query(MeDocument);
const grid = await client.query(GridDocument, { code: "610921" });
if (me.ok && grid.ok) say([me.data.me?.account, grid.data.grid?.name, grid.data.grid?.children?.nodes.length]);
// @ts-expect-error the code is missing
void (() => client.query(GridDocument));
// @ts-expect-error it has no such field
void (() => me.data?.me?.nothing);

// A token that has ended is renewed, by one of all that ask; an answer that is lost on the way of it is asked for again.
await hear();
sent = [];
const before = (await store.read())?.accessToken;
const all = await Promise.all([1, 2, 3].map(() => client.query(MeDocument)));
const renewals = sent.filter(({ url }) => url.endsWith("/auth/refresh")).length;
say([all.map(({ ok }) => ok), renewals, before !== (await store.read())?.accessToken]);
await hear();
mishaps.push(await refused(), null);
say((await client.query(MeDocument)).ok);

// Errors are data, with codes that the types know.
const input: Omit<ReportCaseInput, "idempotencyKey"> = {
  kind: "HELP",
  channel: "WEB",
  category: "roads.lighting",
  title: "路灯不亮",
  description: "村口路灯不亮",
  grid: "610921101222-020202",
};
const bad = await client.mutate(ReportDocument, { input: { ...input, title: " " } });
say(bad.problems.map(({ code, path }) => [code, path]));
const invalid = await client.query<{}, {}>("{ nope }");
say([invalid.data, invalid.problems[0]?.code]);

// Sent again it is done once, and not before the server wants it.
sent = [];
mishaps.push(busy("1"), null);
const began = Date.now();
const reported = await client.mutate(ReportDocument, { input });
const keys = sent.map(({ body }): string => JSON.parse(String(body)).variables.input.idempotencyKey);
const again = await client.mutate(ReportDocument, { input: { ...input, idempotencyKey: keys[0]! } });
const numbers = [reported, again].map(({ data }) => data?.reportCase?.case?.number);
say([numbers.length, new Set(numbers).size, keys.length, new Set(keys).size, Date.now() - began >= 1000]);
sent = [];
mishaps.push(...[1, 2].map(() => busy("0")));
const tired = await new Client({ address, fetch: send, retries: { attempts: 2, pause: 1 } }).query(MeDocument);
say([tired.problems[0]?.code, sent.length]);

// Where the database has replicas, the furthest position that was told goes with what is asked next, until one is lost.
const reader = new Client({ address, fetch: send, retries: { attempts: 1 } });
const positions = [];
sent = [];
for (const position of ["41", "7", "100"]) {
  mishaps.push(Response.json({ data: {} }, { headers: { "gongzhi-position": position } }));
  await reader.query(MeDocument);
}
mishaps.push(null);
await reader.query(MeDocument);
await reader.query(MeDocument);
for (const { headers } of sent) positions.push(headers.get("gongzhi-position"));
say(positions);

// Uploads tell how far they are, and what is no photo is refused.
const shares: number[] = [];
const photo = await client.upload(await openAsBlob(given.photo!, { type: "image/png" }), {
  onProgress: (share) => shares.push(share),
});
const junk = await client.upload(new Blob(["nothing"]));
say([photo.data?.kind, shares.at(-1), shares.every((share, at) => at === 0 || share >= shares[at - 1]!), junk.ok]);

// Where there is no randomUUID, as in a page without TLS, keys are UUIDs all the same.
const { randomUUID } = crypto;
Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true, writable: true });
sent = [];
await client.mutate(ReportDocument, { input: { ...input, title: " " } });
const made: string = JSON.parse(String(sent[0]!.body)).variables.input.idempotencyKey;
Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true, writable: true });
say(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(made));

// What is done without a network waits, in order, and leaves once it is there.
const queue = new OfflineQueue(client, keepInBrowser());
await queue.add({ reportCase: input }, new Date(given.now!), "a1");
await queue.add({ reportCase: { ...input, category: "nothing.of.ours" } }, new Date(given.now!), "a2");
offline = true;
const kept = await queue.flush();
offline = false;
const waiting = (await new OfflineQueue(client, keepInBrowser()).waiting()).map(({ clientId }) => clientId);
const flushed = await queue.flush();
const states = flushed.data?.map(({ clientId, state }) => [clientId, state]);
say([kept.problems[0]?.code, waiting, states, (await queue.waiting()).length]);

// A cursor of long ago or of nobody ends a subscription with what is wrong.
const ended = [];
for await (const told of client.subscribe(FollowDocument, {}, { cursor: "nonsense" })) ended.push(told);
const over = new AbortController();
over.abort();
for await (const told of client.subscribe(FollowDocument, {}, { signal: over.signal })) ended.push(told);
say(ended.map(({ problems }) => problems[0]?.code));

// Whoever cannot be renewed is told so at once, over both.
const revoked: Credentials = { token: () => "nothing" };
const stranger = new Client({ address, credentials: revoked });
const answers = [(await stranger.query(MeDocument)).problems[0]?.code];
for (const how of ["events", "socket"] as const)
  for await (const told of stranger.subscribe(FollowDocument, {}, { over: how })) answers.push(told.problems[0]?.code);
say(answers);

// Signed out, only the device is known, also by a renewal that was under way.
const [late, out] = await Promise.all([session.renew(await session.token()), session.signOut()]);
say([late, out.ok, Object.keys((await store.read()) ?? {}), await session.token()]);

function busy(seconds: string): Response {
  return new Response("<html>", { status: 503, headers: { "retry-after": seconds } });
}

async function refused(): Promise<Response> {
  const errors = [{ message: "The token has ended.", extensions: { code: "UNAUTHENTICATED" } }];
  return Response.json({ errors }, { status: 401 });
}

// A page of the server's own host needs no token: the browser keeps cookies, which this stands for.
const jar = new Map<string, string>();
const order: string[] = [];
const browse: typeof fetch = async (input, init) => {
  const path = new URL(String(input)).pathname;
  order.push(`ask ${path}`);
  const headers = new Headers(init?.headers);
  headers.set("cookie", [...jar].map(([name, value]) => `${name}=${value}`).join("; "));
  const answer = await fetch(input, { ...init, headers });
  for (const cookie of answer.headers.getSetCookie()) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
    if (/max-age=0/i.test(cookie)) jar.delete(name!);
    else jar.set(name!, value!);
  }
  order.push(`got ${path}`);
  return answer;
};
const browser = new BrowserSession({ address, fetch: browse });
const page = new Client({ address, credentials: browser, fetch: browse });
const entered = await browser.signIn({ name: given.name!, password: given.password! });
const known = await page.query(MeDocument);
say([entered.ok, known.data?.me?.account]);
await hear();
const renewed = await Promise.all([1, 2].map(() => page.query(MeDocument)));
const seen = new AbortController();
for await (const told of page.subscribe(FollowDocument, {}, { signal: seen.signal, cursor: given.cursor! })) {
  say([...renewed.map(({ ok }) => ok), told.ok]);
  seen.abort();
}
// Whoever signs out while the session is renewed is out: the browser would keep the cookies of the later answer.
order.length = 0;
await Promise.all([browser.renew(), browser.signOut()]);
say(order);
say([(await page.query(MeDocument)).data?.me, [...jar.keys()].filter((name) => !name.includes("device"))]);

// A second factor is added by the password and a code; from then on the password is not enough, and a code is asked for.
await browser.signIn({ name: given.name!, password: given.password! });
const refusedFactor = await browser.beginSecondFactor({ password: "not this one" });
const begun = await browser.beginSecondFactor({ password: given.password! });
say([refusedFactor.problems[0]?.path, begun.data?.secret]);
const confirmed = await browser.confirmSecondFactor({ enrolment: begun.data!.enrolment, code: await hear() });
const [recovery] = confirmed.data?.recoveryCodes ?? [];
const first = await session.signIn({ name: given.name!, password: given.password! });
const [{ challenge = "" } = {}] = first.problems;
const missed = await session.answerChallenge({ challenge, code: "made up" });
const answered = await session.answerChallenge({ challenge, code: recovery! });
say([first.problems[0]?.code, missed.problems[0]?.code, answered.ok, (await client.query(MeDocument)).data?.me?.account]);
