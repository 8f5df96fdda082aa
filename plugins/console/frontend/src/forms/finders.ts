// Finders: how what a form asks for is found by its name: units and grids by code, people and products by id.
import { loadGrids } from "../declared";
import { ask } from "../session";
import { say } from "../words";
import type { Coded } from "./inputs";

interface Row {
  id: string;
  name: string;
  code?: string;
  grid?: { path: { name: string }[] } | null;
}

interface Finder {
  /** Of few, all are loaded once, and the page looks through them; of many the server does. */
  all?: true;
  document: string;
}

// `grid` is where somebody works: rewards are a county's.
const FINDERS = {
  unit: { document: `query FindUnits($name: String!) { found: units(filter: { name: { contains: $name } }, first: 8) { nodes { code name } } }` },
  grid: { document: `query FindGrids($name: String!) { found: grids(filter: { name: { contains: $name } }, first: 8) { nodes { code name } } }` },
  Person: {
    document: `query FindPeople($name: String!) {
      found: people(filter: { name: { contains: $name } }, first: 8) { nodes { id name grid { path { name } } } }
    }`,
  },
  LoanProduct: { all: true, document: `query FindLoanProducts { found: loanProducts(first: 100) { nodes { id name code grid { path { name } } } } }` },
  PointsReward: {
    all: true,
    document: `query FindRewards($grid: String!) { place: grid(code: $grid) { found: rewards(first: 100) { nodes { id name: title } } } }`,
  },
} satisfies Record<string, Finder>;

export type Findable = keyof typeof FINDERS;
export const isFindable = (type: string | null): type is Findable => type !== null && Object.hasOwn(FINDERS, type);

/** Whether what is found is sent by its code, which people know as well. */
export const byCode = (kind: Findable): boolean => kind === "unit" || kind === "grid";

export interface Found {
  rows: Coded[];
  /** Why it could not be looked for. */
  failed: string;
}

type Nodes = { nodes: Row[] } | null;

export async function find(kind: Findable, text: string): Promise<Found> {
  const { document, all } = FINDERS[kind] as Finder;
  const grid = document.includes("$grid") ? (await loadGrids())[0]?.code : undefined;
  const answer = await ask<{ found?: Nodes; place?: { found: Nodes } | null }>(document, all ? { ...(grid && { grid }) } : { name: text });
  const nodes = (answer.data?.found ?? answer.data?.place?.found)?.nodes;
  if (!nodes) return { rows: [], failed: answer.ok || answer.problems[0].code === "FORBIDDEN" ? say("notFindable") : answer.problems[0].message };
  const rows = nodes.filter(({ name, code = "" }) => !all || `${name} ${code}`.toLowerCase().includes(text.toLowerCase()));
  return { rows: rows.slice(0, all ? 20 : 8).map((row) => describe(kind, row)), failed: "" };
}

function describe(kind: Findable, { id, name, code, grid }: Row): Coded {
  if (byCode(kind)) return { code: code!, name, note: code! };
  // Groups are called alike in every village.
  const place = (grid?.path ?? []).slice(-2).map((one) => one.name);
  return { code: id, name, note: [code, ...place].filter(Boolean).join(" ") };
}
