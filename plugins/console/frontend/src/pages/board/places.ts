// Places: what the board asks of a place and those below it, and what they are coloured by.
import type { Outline } from "./geometry";

/** Of today, and again whenever something has happened. */
const NOW = `fragment Now on GridStatistics { reported completed underWay overdue dueOnLastDay }`;

/** One operation: a place, what it lies in, what lies in it, and the figures of each; outlines once, for they are large. */
export const PLACE = `query BoardPlace(
  $code: String!, $today: Date!, $since: Date!, $outlines: Boolean!, $below: Boolean!, $late: CaseFilter!
) {
  me { account }
  baseMap { tiles attribution approval minZoom maxZoom }
  grid(code: $code) {
    code name kind boundaryNote
    path { code name kind }
    now: statistics(from: $today, to: $today) { ...Now }
    year: statistics(from: $since, to: $today) { ...Year }
    children(first: 100) {
      totalCount
      nodes {
        code name
        boundary @include(if: $outlines)
        now: statistics(from: $today, to: $today) { ...Now }
        year: statistics(from: $since, to: $today) { ...Year }
        openCases @include(if: $below)
        late: cases(first: 0, filter: $late) @include(if: $below) { totalCount }
      }
    }
  }
}
${NOW}
fragment Year on GridStatistics { satisfactionRate answerCoverage byLevel { level settled share suppressed } }`;

export const LATE = { open: { equals: true }, overdue: { equals: true } };

/** What changes while one looks. */
export const PLACE_NOW = `query BoardNow($code: String!, $today: Date!) {
  me { account }
  grid(code: $code) {
    now: statistics(from: $today, to: $today) { ...Now }
    children(first: 100) { nodes { code now: statistics(from: $today, to: $today) { ...Now } } }
  }
}
${NOW}`;

export const KPIS = `query BoardFormulas { kpis { name formula numerator denominator unit version } }`;

/** What the operator puts under the map. */
export interface BaseMap {
  tiles: string[];
  attribution: string;
  approval: string | null;
  minZoom: number;
  maxZoom: number;
}

export interface Now {
  reported: number | null;
  completed: number | null;
  underWay: number | null;
  overdue: number | null;
  dueOnLastDay: number | null;
}

export interface Level {
  level: "GRID" | "VILLAGE" | "TOWN" | "COUNTY";
  settled: number | null;
  share: number | null;
  suppressed: boolean;
}

export interface Year {
  satisfactionRate: number | null;
  answerCoverage: number | null;
  byLevel: Level[];
}

export interface Child {
  code: string;
  name: string;
  boundary?: Outline | null;
  now: Now | null;
  year: Year | null;
  openCases?: number;
  late?: { totalCount: number };
}

export interface Place {
  code: string;
  name: string;
  kind: string;
  boundaryNote: string | null;
  path: { code: string; name: string; kind: string }[];
  now: Now | null;
  year: Year | null;
  children: { totalCount: number; nodes: Child[] };
}

/** A number, or why there is none: one or two cases; withheld otherwise; few who answered, or nobody; nothing to count. */
export type Value = number | "small" | "withheld" | "few" | "nothing";

export interface Measure {
  /** What it is called in the address, and by the page. */
  name: string;
  /** Its name among the published formulas; null of what is counted for whoever looks. */
  formula: string | null;
  /** Whether it is in per cent, and its classes fixed. */
  percent: boolean;
  /** Whether much of it is bad. */
  bad: boolean;
  /** What it is never told without. */
  beside?: string;
  read: (place: Child) => Value;
}

/** A count is null only where it is withheld: asking which are would count all figures of each place again. */
const countOf = (now: Now | null, name: keyof Now): Value => (now ? (now[name] ?? "small") : "nothing");

/** What was settled without leaving the village, in per cent; the parts are rounded, and so is the whole. */
export function settledBelow(year: Year | null): Value {
  const parts = (year?.byLevel ?? []).filter(({ level }) => level === "GRID" || level === "VILLAGE");
  if (parts.some(({ suppressed }) => suppressed)) return "withheld";
  if (parts.length === 0 || parts.some(({ share }) => share === null)) return "nothing";
  return Math.round(10 * parts.reduce((sum, { share }) => sum + (share ?? 0), 0)) / 10;
}

export const MEASURES: Measure[] = [
  { name: "underWay", formula: "underWay", percent: false, bad: false, read: ({ now }) => countOf(now, "underWay") },
  { name: "overdue", formula: "overdue", percent: false, bad: true, read: ({ now }) => countOf(now, "overdue") },
  {
    name: "satisfactionRate",
    formula: "satisfactionRate",
    percent: true,
    bad: false,
    beside: "answerCoverage",
    read: ({ year }) => (year ? (year.satisfactionRate ?? "few") : "nothing"),
  },
  {
    name: "answerCoverage",
    formula: "answerCoverage",
    percent: true,
    bad: false,
    read: ({ year }) => (year ? (year.answerCoverage ?? "few") : "nothing"),
  },
  { name: "levelShare", formula: "levelShare", percent: true, bad: false, read: ({ year }) => settledBelow(year) },
];

/** Below a village there are no figures: what is counted there are the cases that whoever looks may see. */
export const MEASURES_BELOW: Measure[] = [
  { name: "open", formula: null, percent: false, bad: false, read: ({ openCases }) => openCases ?? "nothing" },
  { name: "overdue", formula: null, percent: false, bad: true, read: ({ late }) => late?.totalCount ?? "nothing" },
];

const RATES = [60, 70, 80, 90];

/** The upper bounds of four classes, above which the fifth begins: of a rate always the same, so that maps can be compared. */
export function findBounds(measure: Measure, values: Value[]): number[] {
  if (measure.percent) return RATES;
  const most = Math.max(5, ...values.filter((value) => typeof value === "number"));
  const step = Math.ceil(most / 5);
  return [1, 2, 3, 4].map((each) => each * step);
}

/** The class of a value: 0 for none at all, and 1 to 5. */
export function classOf(measure: Measure, bounds: number[], value: Value): string {
  if (typeof value !== "number") return value;
  if (!measure.percent && value === 0) return "0";
  const under = bounds.findIndex((bound) => (measure.percent ? value < bound : value <= bound));
  return String(under === -1 ? 5 : under + 1);
}
