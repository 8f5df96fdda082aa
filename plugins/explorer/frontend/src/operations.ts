// Operations: which one of a document is meant, sending it, and reading what comes back, at once or event by event.
import { parse, print } from "graphql";
import type { OperationDefinitionNode } from "graphql";
import { acceptLanguage, token } from "./identity";
import { change, remember, tab } from "./tabs";
import type { Tab } from "./tabs";
import { say } from "./words";

const ENDPOINT = "/graphql";
const MOST_EVENTS = 100;

export interface Asked {
  query: string;
  kind: string;
  operationName?: string | undefined;
  variables: Record<string, unknown>;
  headers: Record<string, string>;
}

/** Where the cursor is in the document: of several operations the one there is run. */
export const cursor = { at: 0 };

class Unfit extends Error {}

function readObject(text: string): Record<string, unknown> {
  if (text.trim() === "") return {};
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Unfit(say("badJson"));
  }
  if (typeof found !== "object" || found === null || Array.isArray(found)) throw new Unfit(say("badJson"));
  return found as Record<string, unknown>;
}

function chooseOperation(query: string): OperationDefinitionNode | undefined {
  const operations = parse(query).definitions.filter((one) => one.kind === "OperationDefinition") as OperationDefinitionNode[];
  return operations.find((one) => one.loc && one.loc.start <= cursor.at && cursor.at <= one.loc.end) ?? operations[0];
}

/** What a tab asks for. Throws with a message for people. */
export function readTab({ query, variables, headers }: Tab): Asked {
  let operation: OperationDefinitionNode | undefined;
  try {
    operation = chooseOperation(query);
  } catch (problem) {
    throw new Unfit(`${say("badDocument")} ${problem instanceof Error ? problem.message : ""}`);
  }
  const own = Object.fromEntries(Object.entries(readObject(headers)).map(([name, value]) => [name, String(value)]));
  return {
    query,
    kind: operation?.operation ?? "query",
    operationName: operation?.name?.value,
    variables: readObject(variables),
    headers: { ...(token.value ? { authorization: `Bearer ${token.value}` } : {}), "accept-language": acceptLanguage(), ...own },
  };
}

export function send(asked: Asked, accept: string, extensions: object, signal: AbortSignal): Promise<Response> {
  const { query, operationName, variables } = asked;
  return fetch(ENDPOINT, {
    method: "POST",
    headers: { "content-type": "application/json", accept, ...asked.headers },
    body: JSON.stringify({ query, operationName, variables, extensions }),
    signal,
  });
}

/** Run what the tab in front asks for, or stop it if it runs. */
export async function run(): Promise<void> {
  const { id, query, variables, running } = tab.value;
  if (running) {
    running.abort();
    return;
  }
  const control = new AbortController();
  try {
    const asked = readTab(tab.value);
    remember(query, variables);
    change(id, { running: control, status: say("running"), result: "" });
    await (asked.kind === "subscription" ? follow(id, asked, control.signal) : ask(id, asked, control.signal));
  } catch (problem) {
    if (problem instanceof Unfit) change(id, { result: problem.message, status: "" });
    else if (control.signal.aborted) change(id, { status: "" });
    else change(id, { result: say("offline"), status: "" });
  } finally {
    change(id, { running: undefined as unknown as AbortController });
  }
}

async function ask(id: number, asked: Asked, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const reply = await send(asked, "application/json", { cost: true }, signal);
  const text = await reply.text();
  const taken = Math.round(performance.now() - begun);
  const { result, cost } = readAnswer(text);
  const costs = cost ? ` · ${say("cost")} ${cost.objects}/${cost.limit}` : "";
  change(id, { result, status: `${reply.status} · ${taken} ms · ${size(text.length)}${costs}` });
}

function readAnswer(text: string): { result: string; cost?: { objects: number; limit: number } } {
  try {
    const { extensions, ...answer } = JSON.parse(text) as { extensions?: { cost?: { objects: number; limit: number } } };
    const { cost, ...others } = extensions ?? {};
    const shown = Object.keys(others).length ? { ...answer, extensions: others } : answer;
    return { result: JSON.stringify(shown, null, 2), ...(cost ? { cost } : {}) };
  } catch {
    return { result: text };
  }
}

function size(letters: number): string {
  return letters < 2000 ? `${letters} B` : `${Math.round(letters / 1000)} kB`;
}

/** Show each event above those before it. */
async function follow(id: number, asked: Asked, signal: AbortSignal): Promise<void> {
  const reply = await send(asked, "text/event-stream", {}, signal);
  if (!reply.body || !(reply.headers.get("content-type") ?? "").startsWith("text/event-stream")) {
    change(id, { result: readAnswer(await reply.text()).result, status: String(reply.status) });
    return;
  }
  let count = 0;
  let shown: string[] = [];
  change(id, { status: say("following") });
  for await (const data of readEvents(reply.body)) {
    count += 1;
    shown = [`// ${new Date().toLocaleTimeString()} · ${count}\n${readAnswer(data).result}`, ...shown].slice(0, MOST_EVENTS);
    change(id, { result: shown.join("\n\n"), status: `${say("following")} ${count} ${say("events")}` });
  }
  change(id, { status: `${count} ${say("events")}` });
}

async function* readEvents(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let left = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (left + value).split("\n\n");
    left = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
      if (lines.includes("event: next") && data !== "") yield data;
    }
  }
}

export function prettify(): void {
  try {
    // The comments of a document are not in its tree, so one with comments is left as it is.
    if (!/^\s*#/m.test(tab.value.query)) change(tab.value.id, { query: `${print(parse(tab.value.query))}\n` });
    const variables = readObject(tab.value.variables);
    if (Object.keys(variables).length) change(tab.value.id, { variables: JSON.stringify(variables, null, 2) });
  } catch {
    // What cannot be read is marked in the editor already.
  }
}
