// A starter desk: signs in by cookies, lists cases by deadline, accepts one, and follows what happens.
import { BrowserSession, Client, type Result } from "@gongzhi/client";
import { AcceptDocument, DeskDocument, EventsDocument, type DeskQuery } from "./generated/graphql";

type Case = NonNullable<DeskQuery["cases"]>["nodes"][number];

const session = new BrowserSession();
const client = new Client({ credentials: session, language: "zh" });
const find = <E extends HTMLElement>(id: string) => document.getElementById(id) as E;
let following = new AbortController();

/** Show what went wrong, or that nothing did; return whether nothing did. */
function report(result: Result<unknown>): boolean {
  find("problem").textContent = result.problems.map(({ message }) => message).join("；");
  return result.ok;
}

/** Show the cases, or the form to sign in; return whether somebody is. */
async function show(): Promise<boolean> {
  const found = await client.query(DeskDocument);
  const known = Boolean(found.data?.me);
  const cases = found.data?.cases;
  find("sign-in").hidden = known;
  find("desk").hidden = !known;
  if (known && report(found) && cases) {
    find("count").textContent = String(cases.totalCount);
    find("cases").replaceChildren(...cases.nodes.map(makeRow));
  }
  return known;
}

function makeRow(one: Case): HTMLTableRowElement {
  const row = document.createElement("tr");
  const due = one.dueAt ? new Date(one.dueAt).toLocaleString("zh-CN") : "";
  for (const text of [one.number, one.title, one.grid?.name ?? "", due, one.status])
    row.insertCell().textContent = text;
  const button = document.createElement("button");
  button.textContent = "受理";
  button.hidden = one.status !== "REPORTED";
  button.onclick = () => accept(one, button);
  row.insertCell().append(button);
  return row;
}

async function accept({ number, version }: Case, button: HTMLButtonElement) {
  button.disabled = true;
  // With the version that was shown: if somebody was faster, nothing is done, and the message says so.
  const done = await client.mutate(AcceptDocument, { input: { number, expectedVersion: version } });
  button.disabled = false;
  if (report(done)) await show();
}

async function follow() {
  following = new AbortController();
  const begun = await client.findCursor();
  if (!(await show())) return;
  for await (const told of client.subscribe(EventsDocument, {}, { cursor: begun.data, signal: following.signal }))
    if (told.ok) await show();
}

find<HTMLFormElement>("sign-in").onsubmit = async (event) => {
  event.preventDefault();
  const form = event.target as HTMLFormElement;
  const { name, password } = Object.fromEntries(new FormData(form)) as Record<string, string>;
  let entered = await session.signIn({ name: name!, password: password! });
  // Whoever has a second factor is asked for a code, and again for a wrong one, as long as the challenge stands.
  while (!entered.ok && entered.problems[0].challenge) {
    const { challenge, message } = entered.problems[0];
    const code = prompt(message);
    if (code === null) return;
    entered = await session.answerChallenge({ challenge, code });
  }
  if (!report(entered)) return;
  form.reset();
  await follow();
};

find("sign-out").onclick = async () => {
  following.abort();
  report(await session.signOut());
  find("cases").replaceChildren();
  await show();
};

await follow();
