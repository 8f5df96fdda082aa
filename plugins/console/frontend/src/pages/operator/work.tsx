// Work: jobs and handlers in the background; what was given up is tried again from here.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { HANDLERS, JOBS } from "./documents";
import { said, type Finding } from "./health";
import { NatsPanel } from "./nats";
import { Choice, DataTable, DeedButton, Mark, Moment, Pages, Panel, Search, useDeeds, type Page } from "./parts";
import { tell } from "./words";
import { label, loadLabels } from "../../labels";
import { may } from "../../session";
import { say } from "../../words";

interface Job {
  id: string;
  name: string;
  state: string;
  dueAt: string;
  attempts: number;
  error: string | null;
  finishedAt: string | null;
}

interface Jobs {
  jobs: { totalCount: number; nodes: Job[]; pageInfo: Page } | null;
}

const STATES = ["PARKED", "WAITING", "DONE"];

export function WorkPage({ query }: { query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const state = query.get("state") ?? "";
  const name = query.get("name") ?? "";
  const filter = { state: STATES.includes(state) ? { equals: state } : { in: ["PARKED", "WAITING"] }, ...(name && { name: { startsWith: name } }) };
  const jobs = useAsked<Jobs>(JOBS, { filter, after }, ({ jobs }) => jobs !== null);
  const handlers = useAsked<{ handlersBehind: Finding[] | null }>(HANDLERS, {}, ({ handlersBehind }) => handlersBehind !== null);
  const { choose, view } = useDeeds(async () => {
    await Promise.all([jobs.load(), handlers.load()]);
  });
  useEffect(() => {
    void loadLabels(["JobState"]);
  }, []);
  useEffect(() => go(null), [state, name]);
  const options = [["", `${label("JobState", "PARKED")} / ${label("JobState", "WAITING")}`], ...STATES.map((one) => [one, label("JobState", one)])];
  const tools = (
    <>
      <Choice name="state" text={say("status")} value={state} options={options as [string, string][]} />
      <Search name="name" text={tell("job")} value={name} />
    </>
  );
  return (
    <>
      {view}
      <Panel id="jobs" title={tell("jobs")} asked={jobs} tools={tools}>
        {({ jobs: found }) => (
          <>
            <p role="status" class="quiet" id="found">
              {found!.totalCount} {say("rows")}
            </p>
            <DataTable
              caption={tell("jobs")}
              rows={found!.nodes}
              rowKey={({ id }) => id}
              columns={[
                { title: tell("job"), show: ({ name }) => <code>{name}</code> },
                { title: say("status"), show: (job) => <Mark of="JobState" value={job.state} /> },
                { title: tell("dueAt"), show: ({ dueAt }) => <Moment at={dueAt} /> },
                { title: tell("attempts"), show: ({ attempts }) => attempts, number: true },
                { title: tell("lastError"), show: ({ error }) => error && <code>{error}</code> },
                ...(may("jobs.redrive")
                  ? [{ title: say("actions"), show: (job: Job) => job.state === "PARKED" && <DeedButton text={tell("redrive")} about={job.name} onClick={() => choose(redrive(job))} /> }]
                  : []),
              ]}
            />
            <Pages page={found!.pageInfo} after={after} go={go} />
          </>
        )}
      </Panel>
      <Panel id="handlers" title={tell("handlers")} asked={handlers}>
        {({ handlersBehind }) => (
          <DataTable
            caption={tell("handlers")}
            rows={handlersBehind ?? []}
            rowKey={({ name }) => name}
            columns={[
              { title: tell("job"), show: ({ name }) => <code>{name}</code> },
              { title: tell("behind"), show: ({ count }) => count, number: true },
              { title: tell("meaning"), show: said },
            ]}
          />
        )}
      </Panel>
      {/* Of a plugin: where it is left out, nobody has its permission, and the schema no such field. */}
      {may("webhooks.oversee") && <NatsPanel />}
    </>
  );
}

const redrive = ({ id, name }: Job) => ({
  mutation: "redriveJob",
  title: `${tell("redrive")} ${name}`,
  fixed: { job: id },
  warning: tell("redriveWarning"),
});
