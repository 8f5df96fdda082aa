// Exports: lists that people asked to have as files; a second person lets them go out, or not.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { EXPORTS } from "./documents";
import { Choice, DataTable, DeedButton, Mark, Moment, Pages, Panel, allows, useDeeds, type Deed, type Page } from "./parts";
import { tell } from "./words";
import type { Action } from "../../actions";
import { label, loadLabels } from "../../labels";
import { say } from "../../words";

interface Export {
  id: string;
  number: number;
  version: number;
  account: string | null;
  role: string | null;
  listing: string;
  personal: boolean;
  purpose: string;
  rows: number;
  state: string;
  askedAt: string;
  until: string;
  decidedBy: string | null;
  decidedAt: string | null;
  grounds: string | null;
  fetches: number;
  grid: { name: string } | null;
  actions: Action[] | null;
}

const STATES = ["WAITING", "READY", "REFUSED", "EXPIRED"];

export function ExportsPage({ query }: { query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const state = query.get("state") ?? "";
  const filter = STATES.includes(state) ? { state: { equals: state } } : {};
  const asked = useAsked<{ bulkExports: { totalCount: number; nodes: Export[]; pageInfo: Page } | null }>(
    EXPORTS,
    { filter, after },
    ({ bulkExports }) => bulkExports !== null,
  );
  const { choose, view } = useDeeds(asked.load);
  useEffect(() => {
    void loadLabels(["BulkExportState", "Query", "roles"]);
  }, []);
  useEffect(() => go(null), [state]);
  const decide = (one: Export, word: "release" | "refuse"): Deed => ({
    mutation: word === "release" ? "releaseBulkExport" : "refuseBulkExport",
    title: `${tell(word)} ${one.number}`,
    fixed: { export: one.id },
    version: one.version,
    ...(word === "release" && { warning: tell("releaseWarning") }),
  });
  const options: [string, string][] = [["", tell("all")], ...STATES.map((one) => [one, label("BulkExportState", one)] as [string, string])];
  return (
    <>
      {view}
      <Panel id="exports" title={tell("exports")} asked={asked} tools={<Choice name="state" text={say("status")} value={state} options={options} />}>
        {({ bulkExports }) => (
          <>
            <DataTable
              caption={tell("exports")}
              rows={bulkExports!.nodes}
              rowKey={({ number }) => String(number)}
              columns={[
                { title: tell("numbered"), show: ({ number }) => number },
                { title: say("status"), show: (one) => <Mark of="BulkExportState" value={one.state} /> },
                { title: tell("list"), show: ({ listing, grid }) => [label("Query", listing), grid?.name].filter(Boolean).join(" · ") },
                { title: tell("rowsAsked"), show: ({ rows }) => rows, number: true },
                { title: tell("personal"), show: ({ personal }) => say(personal ? "yes" : "no") },
                { title: tell("purpose"), show: ({ purpose }) => purpose },
                { title: tell("askedBy"), show: ({ account, role }) => [account, role && label("roles", role)].filter(Boolean).join(" · ") },
                { title: tell("askedAt"), show: ({ askedAt }) => <Moment at={askedAt} /> },
                { title: tell("decided"), show: ({ decidedBy, grounds }) => [decidedBy, grounds].filter(Boolean).join("：") || null },
                {
                  title: say("actions"),
                  show: (one) => (
                    <span class="buttons">
                      {allows(one.actions, "releaseBulkExport") && <DeedButton text={tell("release")} about={String(one.number)} onClick={() => choose(decide(one, "release"))} />}
                      {allows(one.actions, "refuseBulkExport") && <DeedButton text={tell("refuse")} about={String(one.number)} onClick={() => choose(decide(one, "refuse"))} />}
                    </span>
                  ),
                },
              ]}
            />
            <Pages page={bulkExports!.pageInfo} after={after} go={go} />
          </>
        )}
      </Panel>
    </>
  );
}
