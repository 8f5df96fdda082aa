// Plan: what the operation in front would cost, and for whoever may explore its SQL and how PostgreSQL would run that.
import { effect, signal } from "@preact/signals";
import { token } from "./identity";
import { readTab, send } from "./operations";
import { tab } from "./tabs";
import { say } from "./words";

const PAUSE = 700;

interface Cost {
  objects: number;
  limit: number;
}

interface Step {
  node: string;
  relation?: string;
  index?: string;
  rows: number;
  cost: number;
  plans?: Step[];
}

interface Explained {
  kind: string;
  cost?: Cost;
  statement?: string;
  plan?: Step;
  problem?: string;
}

const explained = signal<Explained | undefined>(undefined);

/** Ask what an operation costs whenever nobody has typed for a moment. */
export function watchCosts(): void {
  let control = new AbortController();
  let timer = 0;
  effect(() => {
    const written = tab.value;
    void token.value; // somebody else may see something else
    control.abort();
    control = new AbortController();
    clearTimeout(timer);
    const { signal: ended } = control;
    timer = setTimeout(() => void explain(written, ended), PAUSE);
  });
}

async function explain(written: typeof tab.value, ended: AbortSignal): Promise<void> {
  try {
    const asked = readTab(written);
    // Subscriptions cost with each event, and nothing is told of them before.
    explained.value = asked.kind === "subscription" ? undefined : await ask(asked, ended);
  } catch {
    if (!ended.aborted) explained.value = undefined;
  }
}

async function ask(asked: ReturnType<typeof readTab>, ended: AbortSignal): Promise<Explained> {
  const reply = await send(asked, "application/json", { explain: true }, ended);
  const answer = (await reply.json()) as {
    errors?: { message: string; extensions?: { cost?: number; limit?: number } }[];
    extensions?: { explain?: Omit<Explained, "kind"> };
  };
  const [problem] = answer.errors ?? [];
  if (!problem) return { kind: asked.kind, ...answer.extensions?.explain };
  const { cost, limit } = problem.extensions ?? {};
  const known = cost !== undefined && limit !== undefined ? { cost: { objects: cost, limit } } : {};
  return { kind: asked.kind, problem: problem.message, ...known };
}

/** The cost beside the button that runs it. */
export function CostNote() {
  const cost = explained.value?.cost;
  if (!cost) return null;
  return (
    <span id="cost" class={cost.objects > cost.limit ? "warning" : "faint"} title={say("costNote")}>
      {say("cost")} {cost.objects} / {cost.limit}
    </span>
  );
}

export function Plan() {
  const found = explained.value;
  if (!found) return <p class="note">{say("planEmpty")}</p>;
  return (
    <div class="plan" tabIndex={0}>
      {found.problem && <p class="warning">{found.problem}</p>}
      {found.cost && (
        <p>
          <b>{say("cost")}</b> {found.cost.objects} / {found.cost.limit} <span class="faint">{say("costNote")}</span>
        </p>
      )}
      {!found.statement && !found.problem && <p class="note">{say(found.kind === "mutation" ? "planMutation" : "planClosed")}</p>}
      {found.plan && (
        <>
          <h3>{say("steps")}</h3>
          <ul class="steps">
            <StepLine step={found.plan} />
          </ul>
        </>
      )}
      {found.statement && (
        <>
          <h3>{say("statement")}</h3>
          <pre id="statement">{breakLines(found.statement)}</pre>
        </>
      )}
    </div>
  );
}

function StepLine({ step }: { step: Step }) {
  return (
    <li>
      {step.node} <b>{step.relation}</b> <span class="typename">{step.index}</span>{" "}
      <span class="faint">
        {Math.round(step.rows)} · {Math.round(step.cost)}
      </span>
      {step.plans && (
        <ul class="steps">
          {step.plans.map((one, at) => (
            <StepLine key={at} step={one} />
          ))}
        </ul>
      )}
    </li>
  );
}

function breakLines(sql: string): string {
  return sql.replace(/([ ,(])(?=(?:select|from|where|order by|union all|left join)\b)/gi, "$1\n  ");
}
