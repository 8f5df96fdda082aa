// Health: what a deployment says of itself at this moment, and what the doctor finds in its data.
import { useAsked } from "./asking";
import { HEALTH } from "./documents";
import { DataTable, Mark, Panel } from "./parts";
import { tell } from "./words";
import { language } from "../../words";

export interface Finding {
  name: string;
  count: number;
  english: string;
  chinese: string;
}

interface Health {
  deploymentState: Finding[] | null;
  findings: Finding[] | null;
}

export const said = ({ english, chinese }: Finding): string => (language.value === "zh" ? chinese : english);

export function HealthPage() {
  const asked = useAsked<Health>(HEALTH, {}, ({ deploymentState }) => deploymentState !== null);
  return (
    <>
      <Panel id="state" title={tell("state")} asked={asked}>
        {({ deploymentState }) => <Findings caption={tell("state")} found={deploymentState ?? []} />}
      </Panel>
      <Panel id="findings" title={tell("findings")} asked={asked}>
        {({ findings }) => (
          <>
            <p class="quiet">{tell("findingsNote")}</p>
            <Findings caption={tell("findings")} found={findings ?? []} />
          </>
        )}
      </Panel>
    </>
  );
}

/** What is wrong stands first. */
function Findings({ caption, found }: { caption: string; found: Finding[] }) {
  const rows = [...found].sort((one, other) => Number(other.count > 0) - Number(one.count > 0));
  return (
    <DataTable
      caption={caption}
      rows={rows}
      rowKey={({ name }) => name}
      columns={[
        { title: tell("meaning"), show: (row) => <span class="written">{said(row)}</span> },
        {
          title: tell("grantState"),
          show: ({ count }) =>
            count > 0 ? <Mark value={tell("look")} hue="RED" /> : <Mark value={tell("well")} hue="GREEN" />,
        },
      ]}
    />
  );
}
