// Webhooks: the endpoints one watches over, and what was sent to each, with its answer.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { INSPECT, WEBHOOKS, WEBHOOK_PAGE } from "./documents";
import { Choice, DataTable, DeedButton, Facts, Mark, Moment, Pages, Panel, allows, useDeeds, type Deed, type Page } from "./parts";
import { tell } from "./words";
import type { Action } from "../../actions";
import { label, loadLabels } from "../../labels";
import { linkTo } from "../../router";
import { change, may } from "../../session";
import { showMoment } from "../../times";
import { say } from "../../words";

interface Webhook {
  id: string;
  url: string;
  state: string;
  reason: string | null;
  types: string[];
  batch: number;
  lag: number | null;
  successRate: number | null;
  failingSince: string | null;
  missedUntil: string | null;
  createdAt: string;
  account: { name: string } | null;
  grid: { code: string; name: string } | null;
  actions: Action[] | null;
}

interface Delivery {
  id: string;
  type: string;
  at: string;
  state: string;
  attempts: number;
  status: number | null;
  error: string | null;
  seconds: number | null;
  triedAt: string | null;
  nextAttemptAt: string | null;
  actions: Action[] | null;
}

interface Opened extends Webhook {
  filter: string | null;
  selection: string | null;
  deliveries: { totalCount: number; nodes: Delivery[]; pageInfo: Page };
}

const GROUPS = ["Webhook", "WebhookState", "WebhookDeliveryState", "Mutation"];
const STATES = ["FAILED", "WAITING", "DELIVERED"];

export function WebhooksPage() {
  const [after, go] = useState<string | null>(null);
  const asked = useAsked<{ webhooks: { totalCount: number; nodes: Webhook[]; pageInfo: Page } | null }>(
    WEBHOOKS,
    { after },
    ({ webhooks }) => webhooks !== null,
  );
  const { choose, view } = useDeeds(asked.load);
  useEffect(() => {
    void loadLabels(GROUPS);
  }, []);
  return (
    <>
      {view}
      <Panel id="webhooks" title={tell("webhooks")} asked={asked}>
        {({ webhooks }) => (
          <>
            <DataTable
              caption={tell("webhooks")}
              rows={webhooks!.nodes}
              rowKey={({ id }) => id}
              columns={[
                { title: tell("endpoint"), show: ({ id, url }) => <a href={linkTo("operator", "webhooks", id)}>{url}</a> },
                { title: say("status"), show: ({ state }) => <Mark of="WebhookState" value={state} /> },
                { title: tell("owner"), show: ({ account }) => account?.name },
                { title: say("place"), show: ({ grid }) => grid?.name },
                { title: tell("success"), show: ({ successRate }) => percent(successRate), number: true },
                { title: `${tell("waiting")} (${tell("seconds")})`, show: ({ lag }) => lag, number: true },
                { title: tell("failingSince"), show: ({ failingSince }) => failingSince && <Moment at={failingSince} /> },
              ]}
            />
            <Pages page={webhooks!.pageInfo} after={after} go={go} />
            {may("webhooks.edit") && (
              <p>
                <DeedButton text={label("Mutation", "createWebhook")} onClick={() => choose(creation())} />
              </p>
            )}
          </>
        )}
      </Panel>
    </>
  );
}

const creation = (): Deed => ({ mutation: "createWebhook", title: label("Mutation", "createWebhook"), fixed: {}, secret: { field: "secret", title: tell("signingSecret") } });

const percent = (share: number | null): string | null => (share === null ? null : `${Math.round(share * 100)} %`);

export function WebhookPage({ id, query }: { id: string; query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const [inspected, inspect] = useState<string | null>(null);
  const state = query.get("state") ?? "";
  const filter = STATES.includes(state) ? { state: { equals: state } } : {};
  const asked = useAsked<{ node: Partial<Opened> | null }>(WEBHOOK_PAGE, { id, filter, after }, ({ node }) => node !== undefined);
  const { choose, view } = useDeeds(asked.load);
  useEffect(() => {
    void loadLabels(GROUPS);
  }, []);
  useEffect(() => go(null), [state]);
  const found = asked.data?.node as Opened | null | undefined;
  return (
    <>
      <p class="unprinted">
        <a href={linkTo("operator", "webhooks")}>← {tell("backToWebhooks")}</a>
      </p>
      {view}
      <Panel id="webhook" title={found?.url ?? tell("webhooks")} asked={asked}>
        {() => (found?.url ? <About webhook={found} choose={choose} /> : <p>{tell("noWebhook")}</p>)}
      </Panel>
      {found?.url && (
        <Panel
          id="deliveries"
          title={tell("deliveries")}
          asked={asked}
          tools={<Choice name="state" text={say("status")} value={state} options={[["", tell("all")], ...STATES.map((one) => [one, label("WebhookDeliveryState", one)] as [string, string])]} />}
        >
          {() => (
            <>
              <Deliveries found={found.deliveries.nodes} choose={choose} inspect={inspect} />
              <Pages page={found.deliveries.pageInfo} after={after} go={go} />
            </>
          )}
        </Panel>
      )}
      {inspected && <Inspection key={inspected} delivery={inspected} close={() => inspect(null)} />}
    </>
  );
}

function About({ webhook, choose }: { webhook: Opened; choose: (deed: Deed) => void }) {
  const { id, url, state, actions, types, account, grid, reason, lag } = webhook;
  const on = state === "ACTIVE";
  return (
    <>
      <Facts
        facts={[
          [say("status"), <Mark of="WebhookState" value={state} />],
          [tell("reason"), reason],
          [tell("owner"), account?.name],
          [say("place"), grid?.name],
          [tell("types"), types.length > 0 ? types.join("、") : tell("allTypes")],
          [label("Webhook", "filter"), webhook.filter],
          [label("Webhook", "selection"), webhook.selection],
          [tell("batch"), webhook.batch],
          [tell("success"), percent(webhook.successRate)],
          [tell("waiting"), lag === null ? null : `${lag} ${tell("seconds")}`],
          [tell("failingSince"), webhook.failingSince && showMoment(webhook.failingSince)],
          [tell("missedUntil"), webhook.missedUntil && showMoment(webhook.missedUntil)],
        ]}
      />
      <p class="buttons unprinted">
        {allows(actions, "setWebhookActive") && (
          <DeedButton
            text={tell(on ? "pause" : "resume")}
            onClick={() =>
              choose({
                mutation: "setWebhookActive",
                title: `${tell(on ? "pause" : "resume")} ${url}`,
                fixed: { webhook: id, active: !on },
                warning: tell(on ? "pauseWarning" : "resumeWarning"),
              })
            }
          />
        )}
        {allows(actions, "replayWebhook") && (
          <DeedButton
            text={tell("replay")}
            onClick={() => choose({ mutation: "replayWebhook", title: tell("replay"), fixed: { webhook: id }, warning: tell("replayWarning") })}
          />
        )}
        {allows(actions, "testWebhook") && (
          <DeedButton text={tell("test")} onClick={() => choose({ mutation: "testWebhook", title: tell("test"), fixed: { webhook: id } })} />
        )}
      </p>
    </>
  );
}

interface Listed {
  found: Delivery[];
  choose: (deed: Deed) => void;
  inspect: (id: string) => void;
}

function Deliveries({ found, choose, inspect }: Listed) {
  return (
    <DataTable
      caption={tell("deliveries")}
      rows={found}
      rowKey={({ id }) => id}
      columns={[
        { title: tell("event"), show: ({ type }) => <code>{type}</code> },
        { title: tell("at"), show: ({ at }) => <Moment at={at} /> },
        { title: say("status"), show: ({ state }) => <Mark of="WebhookDeliveryState" value={state} /> },
        { title: tell("response"), show: ({ status, error }) => [status, error].filter((one) => one !== null).join(" ") || null },
        { title: tell("attempts"), show: ({ attempts }) => attempts, number: true },
        { title: tell("triedAt"), show: ({ triedAt }) => triedAt && <Moment at={triedAt} /> },
        { title: tell("nextAttempt"), show: ({ nextAttemptAt }) => nextAttemptAt && <Moment at={nextAttemptAt} /> },
        {
          title: say("actions"),
          show: ({ id, type, actions }) => (
            <span class="buttons">
              {allows(actions, "inspectWebhookDelivery") && <DeedButton text={tell("inspect")} about={type} onClick={() => inspect(id)} />}
              {allows(actions, "resendWebhookDelivery") && (
                <DeedButton
                  text={tell("resend")}
                  about={type}
                  onClick={() => choose({ mutation: "resendWebhookDelivery", title: `${tell("resend")} ${type}`, fixed: { delivery: id } })}
                />
              )}
            </span>
          ),
        },
      ]}
    />
  );
}

interface Inspected {
  status: number | null;
  seconds: number | null;
  answer: string | null;
  body: string | null;
  headers: Record<string, string> | null;
  batchPlace: number | null;
  batchSize: number | null;
}

/** What was sent, and the beginning of the answer: as far as the server tells it to whoever looks. */
function Inspection({ delivery, close }: { delivery: string; close: () => void }) {
  const [found, setFound] = useState<Inspected | null>(null);
  const [failed, setFailed] = useState("");
  useEffect(() => {
    void change<{ inspectWebhookDelivery: Inspected }>(INSPECT, { delivery }).then((told) => {
      if (told.ok) setFound(told.data.inspectWebhookDelivery);
      else setFailed(told.problems[0].message);
      document.getElementById("inspected")?.focus();
    });
  }, []);
  return (
    <section class="panel" id="inspected" tabIndex={-1} aria-labelledby="inspected-title">
      <div class="panel-head">
        <h2 id="inspected-title">{tell("inspected")}</h2>
        <button type="button" onClick={close}>
          {tell("close")}
        </button>
      </div>
      {failed && (
        <p class="error" role="alert">
          {failed}
        </p>
      )}
      {found && (
        <>
          <Facts
            facts={[
              [tell("response"), found.status],
              [tell("tookSeconds"), found.seconds],
              [tell("batch"), found.batchSize && `${found.batchPlace} / ${found.batchSize}`],
            ]}
          />
          <h3>{tell("answered")}</h3>
          <Sent text={found.answer} />
          <h3>{tell("sentBody")}</h3>
          <Sent text={found.body} />
          <h3>{tell("sentHeaders")}</h3>
          <Sent text={found.headers && JSON.stringify(found.headers, null, 2)} />
        </>
      )}
    </section>
  );
}

const Sent = ({ text }: { text: string | null }) => (text ? <pre tabIndex={0}>{text}</pre> : <p class="quiet">{tell("noBody")}</p>);
