// Examples: the documents of the desks, which the product's own tests run, each with who sends it and what to begin with.
import { parse, print, separateOperations } from "graphql";
import cockpit from "../../../../tests/desks/cockpit.graphql";
import department from "../../../../tests/desks/department.graphql";
import dispatcher from "../../../../tests/desks/dispatcher.graphql";
import gridworker from "../../../../tests/desks/gridworker.graphql";
import integrator from "../../../../tests/desks/integrator.graphql";
import resident from "../../../../tests/desks/resident.graphql";
import { STRANGER } from "./identity";
import type { Place } from "./identity";

export interface Example {
  name: string;
  kind: string;
  query: string;
  variables: string;
}

export interface Desk {
  chinese: string;
  english: string;
  place: Place;
  examples: Example[];
}

const COUNTY = "610921";
const VILLAGE = "610921101222";
const POWER = "610921-GDGS";

/** What variables of these names are in the demo county. */
const VALUES: Record<string, unknown> = {
  within: COUNTY,
  county: COUNTY,
  grid: VILLAGE,
  unit: POWER,
  since: "2026-01-01T00:00:00+08:00",
  from: "2026-01-01",
  to: "2026-12-31",
  point: { longitude: 108.51, latitude: 32.89, crs: "WGS84" },
};

function at(role: string, grid = "", unit = ""): Place {
  return { role, grid, unit };
}

const FOLLOWING = `# Events of cases, as they happen (诉求事件).
subscription FollowCases {
  caseEvents { cursor type at case { number title status } }
}
`;

export const DESKS: Desk[] = [
  makeDesk("调度台", "Dispatcher", at("county_dispatcher", COUNTY), dispatcher + FOLLOWING),
  makeDesk("网格员", "Grid worker", at("grid_worker", VILLAGE), gridworker),
  makeDesk("承办部门", "Department", at("department_handler", "", POWER), department),
  makeDesk("居民", "Resident", STRANGER, resident),
  makeDesk("驾驶舱", "County lead", at("county_dispatcher", COUNTY), cockpit, { grid: COUNTY }),
  makeDesk("对接系统", "Integrator", at("integrator", COUNTY), integrator),
];

function makeDesk(chinese: string, english: string, place: Place, text: string, values: Record<string, unknown> = {}): Desk {
  const examples = Object.entries(separateOperations(parse(text))).map(([name, document]) => {
    const operation = document.definitions.find((one) => one.kind === "OperationDefinition");
    const given = { ...VALUES, ...values };
    const names = operation?.kind === "OperationDefinition" ? (operation.variableDefinitions ?? []).map((one) => one.variable.name.value) : [];
    const variables = Object.fromEntries(names.filter((one) => one in given || one === "input").map((one) => [one, given[one] ?? sampleInput(text, name)]));
    return {
      name,
      kind: operation?.kind === "OperationDefinition" ? operation.operation : "query",
      query: `${print(document)}\n`,
      variables: names.length ? JSON.stringify(variables, null, 2) : "",
    };
  });
  return { chinese, english, place, examples };
}

/** The input that the comment above an operation shows, or an empty one. */
function sampleInput(text: string, operation: string): unknown {
  const lines = text.split("\n");
  const line = lines.findIndex((one) => new RegExp(`^\\w+ ${operation}\\b`).test(one));
  const comment = /^# *(\{.*\})$/.exec(lines[line - 1] ?? "")?.[1];
  try {
    return comment ? (JSON.parse(comment) as { input: unknown }).input : { idempotencyKey: "" };
  } catch {
    return { idempotencyKey: "" };
  }
}
