// Audit: proves its chain, and searches what was done and who looked at files.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { ACTS, CHAIN, LOOKS } from "./documents";
import { DataTable, Mark, Moment, Pages, Panel, Search, between, type Page } from "./parts";
import { tell } from "./words";
import { label, loadLabels } from "../../labels";
import { ask, may } from "../../session";
import { say } from "../../words";

interface Chain {
  state: "WHOLE" | "BROKEN" | "UNFINISHED";
  text: string;
  anchor: object | null;
}

interface Office {
  role: string | null;
  grid: { name: string } | null;
  unit: { name: string } | null;
}

interface Act {
  id: string;
  at: string;
  account: string | null;
  mutation: string;
  objects: string[];
  codes: string[];
  reader: Office;
}

interface Look {
  id: string;
  at: string;
  account: string | null;
  kind: string;
  purpose: string;
  operation: string;
  peopleCount: number;
  reader: Office;
}

export function AuditPage({ query }: { query: URLSearchParams }) {
  const [acts, looks] = [may("disclosure.audit"), may("people.oversee")];
  return (
    <>
      {may("deployment.examine") && <Verification />}
      {(acts || looks) && (
        <section class="filters" aria-label={say("filters")}>
          <Search name="account" text={tell("nameContains")} value={query.get("account") ?? ""} />
          {acts && <Search name="mutation" text={tell("mutationName")} value={query.get("mutation") ?? ""} />}
          <Search name="from" day text={tell("fromDay")} value={query.get("from") ?? ""} />
          <Search name="before" day text={tell("untilDay")} value={query.get("before") ?? ""} />
        </section>
      )}
      {acts && <Acts query={query} />}
      {looks && <Looks query={query} />}
    </>
  );
}

const HUES = { WHOLE: "GREEN", BROKEN: "RED", UNFINISHED: "AMBER" } as const;
const STATES = { WHOLE: "whole", BROKEN: "broken", UNFINISHED: "unfinished" } as const;

function Verification() {
  const [anchor, setAnchor] = useState("");
  const [busy, setBusy] = useState(false);
  const [found, setFound] = useState<Chain | null>(null);
  const [wrong, setWrong] = useState("");
  const verify = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    setFound(null);
    setWrong("");
    const told = await ask<{ auditChain: Chain | null }>(CHAIN, { anchor: anchor.trim() || null });
    setBusy(false);
    if (told.data?.auditChain) setFound(told.data.auditChain);
    else setWrong(told.ok ? say("noRights") : told.problems[0].message);
  };
  return (
    <section id="chain" class="panel" aria-labelledby="chain-title">
      <h2 id="chain-title">{tell("chain")}</h2>
      <p class="quiet">{tell("chainNote")}</p>
      <form noValidate onSubmit={(event) => void verify(event)}>
        <label for="anchor">{tell("anchor")}</label>
        <textarea
          id="anchor"
          rows={2}
          value={anchor}
          aria-invalid={wrong !== ""}
          aria-describedby={wrong ? "anchor-error" : undefined}
          onInput={(event) => setAnchor(event.currentTarget.value)}
        />
        <p class="error" id="anchor-error" role="alert">
          {wrong}
        </p>
        <button class="main" disabled={busy}>
          {tell(busy ? "verifying" : "verify")}
        </button>
      </form>
      <div role="status" id="chain-state">
        {found && (
          <>
            <p>
              <Mark value={tell(STATES[found.state])} hue={HUES[found.state]} /> {found.text}
            </p>
            {found.anchor && (
              <p>
                {tell("newAnchor")} <code id="new-anchor">{JSON.stringify(found.anchor)}</code>
              </p>
            )}
          </>
        )}
      </div>
    </section>
  );
}

const account = (query: URLSearchParams) => (query.get("account") ? { account: { equals: query.get("account") } } : {});

/** As the audit writes it, whether people give the schema's name or that. */
const asWritten = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const asNamed = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const office = ({ role, grid, unit }: Office): string =>
  [role && label("roles", role), grid?.name, unit?.name].filter(Boolean).join(" · ");

function Acts({ query }: { query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const mutation = query.get("mutation");
  const filter = { ...account(query), ...between(query), ...(mutation && { mutation: { equals: asWritten(mutation) } }) };
  const asked = useAsked<{ acts: { totalCount: number; nodes: Act[]; pageInfo: Page } | null }>(ACTS, { filter, after }, ({ acts }) => acts !== null);
  useEffect(() => {
    void loadLabels(["Mutation", "roles", "reasons"]);
  }, []);
  useEffect(() => go(null), [query.toString()]);
  return (
    <Panel id="acts" title={tell("acts")} asked={asked}>
      {({ acts }) => (
        <>
          <p role="status" class="quiet">
            {acts!.totalCount} {say("rows")}
          </p>
          <DataTable
            caption={tell("acts")}
            rows={acts!.nodes}
            rowKey={({ id }) => id}
            columns={[
              { title: tell("at"), show: ({ at }) => <Moment at={at} /> },
              { title: tell("account"), show: (act) => act.account },
              { title: tell("office"), show: ({ reader }) => office(reader) || null },
              { title: tell("act"), show: (act) => label("Mutation", asNamed(act.mutation)) },
              { title: tell("objects"), show: ({ objects }) => objects.length > 0 && <code class="ids">{objects.join("\n")}</code> },
              { title: tell("refusals"), show: ({ codes }) => codes.map((code) => label("reasons", code)).join("、") || null },
            ]}
          />
          <Pages page={acts!.pageInfo} after={after} go={go} />
        </>
      )}
    </Panel>
  );
}

function Looks({ query }: { query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const filter = { ...account(query), ...between(query) };
  const asked = useAsked<{ looks: { totalCount: number; nodes: Look[]; pageInfo: Page } | null }>(LOOKS, { filter, after }, ({ looks }) => looks !== null);
  useEffect(() => {
    void loadLabels(["LookKind", "roles"]);
  }, []);
  useEffect(() => go(null), [query.toString()]);
  return (
    <Panel id="looks" title={tell("looks")} asked={asked}>
      {({ looks }) => (
        <>
          <p role="status" class="quiet">
            {looks!.totalCount} {say("rows")}
          </p>
          <DataTable
            caption={tell("looks")}
            rows={looks!.nodes}
            rowKey={({ id }) => id}
            columns={[
              { title: tell("at"), show: ({ at }) => <Moment at={at} /> },
              { title: tell("account"), show: (look) => look.account },
              { title: tell("office"), show: ({ reader }) => office(reader) || null },
              { title: tell("kind"), show: ({ kind }) => label("LookKind", kind) },
              { title: tell("purpose"), show: ({ purpose }) => purpose },
              { title: tell("people"), show: ({ peopleCount }) => peopleCount, number: true },
            ]}
          />
          <Pages page={looks!.pageInfo} after={after} go={go} />
        </>
      )}
    </Panel>
  );
}
