// Figures: what is past its time and how long each table is kept, and which operations take the time of a deployment.
import { useAsked } from "./asking";
import { OPERATIONS, RETENTION } from "./documents";
import { said, type Finding } from "./health";
import { Choice, DataTable, Panel } from "./parts";
import { tell } from "./words";
import { say } from "../../words";

interface Term {
  table: string;
  what: string;
  basis: string;
  months: number | null;
  personal: boolean;
  deleted: boolean;
}

export function RetentionPage() {
  const asked = useAsked<{ retentionDue: Finding[] | null; retention: Term[] }>(RETENTION, {}, ({ retentionDue }) => retentionDue !== null);
  return (
    <>
      <Panel id="due" title={tell("due")} asked={asked}>
        {({ retentionDue }) => (
          <>
            <p class="quiet">{tell("dueNote")}</p>
            <DataTable
              caption={tell("due")}
              rows={retentionDue!}
              rowKey={(row) => `${row.name} ${row.english}`}
              none={tell("nothingDue")}
              columns={[
                { title: tell("table"), show: ({ name }) => <code>{name}</code> },
                { title: tell("meaning"), show: said },
                { title: tell("rowsAsked"), show: ({ count }) => count, number: true },
              ]}
            />
          </>
        )}
      </Panel>
      <Panel id="terms" title={tell("terms")} asked={asked}>
        {({ retention }) => (
          <DataTable
            caption={tell("terms")}
            rows={retention}
            rowKey={(row) => `${row.table} ${row.what}`}
            columns={[
              { title: tell("table"), show: ({ table }) => <code>{table}</code> },
              { title: tell("meaning"), show: ({ what }) => what },
              { title: tell("months"), show: ({ months }) => months ?? tell("asLong"), number: true },
              { title: tell("personal"), show: ({ personal }) => say(personal ? "yes" : "no") },
              { title: tell("basis"), show: ({ basis }) => basis },
            ]}
          />
        )}
      </Panel>
    </>
  );
}

interface Figures {
  operation: string;
  kind: string;
  count: number;
  failed: number;
  median: number;
  p95: number;
  p99: number;
  seconds: number;
  cost: number;
}

const HOURS = { "1": "hour", "24": "day", "168": "week", "720": "month" } as const;

export function OperationsPage({ query }: { query: URLSearchParams }) {
  const chosen = query.get("hours") ?? "24";
  const hours = chosen in HOURS ? chosen : "24";
  const asked = useAsked<{ operationFigures: Figures[] | null }>(OPERATIONS, { hours: Number(hours) }, ({ operationFigures }) => operationFigures !== null);
  const options = Object.entries(HOURS).map(([value, word]) => [value, tell(word)] as [string, string]);
  const time = (seconds: number): string => seconds.toFixed(3);
  return (
    <Panel id="operations" title={tell("operations")} asked={asked} tools={<Choice name="hours" text={tell("hours")} value={hours} options={options} />}>
      {({ operationFigures }) => (
        <DataTable
          caption={tell("operations")}
          rows={operationFigures!}
          rowKey={({ kind, operation }) => `${kind} ${operation}`}
          columns={[
            { title: tell("operation"), show: ({ operation, kind }) => <code>{`${kind} ${operation}`}</code> },
            { title: tell("count"), show: ({ count }) => count, number: true },
            { title: tell("failed"), show: ({ failed }) => failed, number: true },
            { title: tell("median"), show: ({ median }) => time(median), number: true },
            { title: tell("p95"), show: ({ p95 }) => time(p95), number: true },
            { title: tell("p99"), show: ({ p99 }) => time(p99), number: true },
            { title: tell("total"), show: ({ seconds }) => seconds.toFixed(1), number: true },
            { title: tell("cost"), show: ({ cost }) => cost, number: true },
          ]}
        />
      )}
    </Panel>
  );
}
