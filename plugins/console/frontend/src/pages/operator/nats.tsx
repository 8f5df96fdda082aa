// NATS: how far the copy of the events is behind, and who fetches from it; nothing where the operator uses none.
import { useEffect } from "preact/hooks";
import { useAsked } from "./asking";
import { NATS } from "./documents";
import { DataTable, Facts, Mark, Moment, Panel } from "./parts";
import { tell } from "./words";
import { loadLabels } from "../../labels";
import { showDistance } from "../../times";
import { say } from "../../words";

interface Consumer {
  name: string;
  pending: number | null;
  unacknowledged: number | null;
  acknowledged: number | null;
  activeAt: string | null;
}

interface Stream {
  name: string;
  county: string | null;
  messages: number;
  lastSequence: number;
  consumers: Consumer[];
}

interface Status {
  state: "CONNECTED" | "EMPTY" | "FOREIGN" | "UNREACHABLE";
  unpublished: number | null;
  oldestAt: string | null;
  streams: Stream[];
}

export function NatsPanel() {
  const asked = useAsked<{ natsStatus: Status | null }>(NATS, {}, ({ natsStatus }) => natsStatus !== undefined);
  useEffect(() => {
    void loadLabels(["NatsState"]);
  }, []);
  if (asked.data?.natsStatus === null || (!asked.data && !asked.failed)) return null;
  return (
    <Panel id="nats" title={tell("nats")} asked={asked}>
      {({ natsStatus }) => <StatusOf status={natsStatus!} />}
    </Panel>
  );
}

function StatusOf({ status: { state, unpublished, oldestAt, streams } }: { status: Status }) {
  const consumers = streams.flatMap(({ name, consumers }) => consumers.map((one) => ({ ...one, stream: name })));
  return (
    <>
      <Facts
        facts={[
          [say("status"), <Mark of="NatsState" value={state} />],
          [tell("unpublished"), unpublished],
          [tell("oldest"), oldestAt && <span>{showDistance(oldestAt)} · <Moment at={oldestAt} /></span>],
        ]}
      />
      {state !== "CONNECTED" && <p>{tell(state)}</p>}
      {streams.length > 0 && (
        <>
          <DataTable
            caption={tell("streams")}
            rows={streams}
            rowKey={({ name }) => name}
            columns={[
              { title: tell("stream"), show: ({ name }) => <code>{name}</code> },
              { title: tell("county"), show: ({ county }) => county ?? tell("everywhere") },
              { title: tell("messages"), show: ({ messages }) => messages, number: true },
              { title: tell("lastSequence"), show: ({ lastSequence }) => lastSequence, number: true },
            ]}
          />
          <h3>{tell("consumers")}</h3>
          <DataTable
            caption={tell("consumers")}
            rows={consumers}
            rowKey={({ stream, name }) => `${stream} ${name}`}
            columns={[
              { title: tell("consumer"), show: ({ stream, name }) => <code>{`${stream} ${name}`}</code> },
              { title: tell("pending"), show: ({ pending }) => pending, number: true },
              { title: tell("unacknowledged"), show: ({ unacknowledged }) => unacknowledged, number: true },
              { title: tell("acknowledged"), show: ({ acknowledged }) => acknowledged, number: true },
              { title: tell("activeAt"), show: ({ activeAt }) => <Moment at={activeAt} /> },
            ]}
          />
        </>
      )}
    </>
  );
}
