// Desk: open cases by deadline, with filters, counts, and what changes while one looks.
import { useEffect, useRef, useState } from "preact/hooks";
import { DESK, DESK_CHANGES, TOWNS } from "../documents";
import { Failure } from "../failure";
import { label, namesOf } from "../labels";
import { Light, State } from "../lights";
import { onChange } from "../live";
import { linkTo, setQuery } from "../router";
import { ask } from "../session";
import { showDistance, showMoment } from "../times";
import { language, say } from "../words";

interface Row {
  number: string;
  title: string;
  kind: string;
  status: string;
  urgency: string;
  dueAt: string | null;
  light: string | null;
  overdue: boolean;
  grid: { name: string; path: { name: string; kind: string }[] } | null;
}

interface Count {
  values: (string | null)[];
  count: number;
}

interface Badges {
  totalCount: number;
  status: Count[];
  town: Count[];
  late: Count[];
}

interface Listed {
  rows: Row[];
  total: number;
  end: string | null;
  badges: Badges;
}

interface Answer {
  cases: { totalCount: number; nodes: Row[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  badges: Badges;
}

interface Changes {
  cases: { totalCount: number };
  changed: { nodes: Row[] };
  badges: Badges;
}

/** More changes than this at once, and the list is loaded anew. */
const MOST = 50;
const OPEN = { open: { equals: true } };

/** The filter of what the address says. */
function filterOf(query: URLSearchParams): object {
  const [status, town] = [query.get("status"), query.get("town")];
  return {
    ...OPEN,
    ...(status && { status: { equals: status } }),
    ...(town && { grid: { within: town } }),
    ...(query.has("late") && { overdue: { equals: true } }),
  };
}

/** By deadline as the server orders them: those on hold last. */
function compare(one: Row, other: Row): number {
  if (one.dueAt === other.dueAt) return one.number < other.number ? -1 : 1;
  return one.dueAt === null ? 1 : other.dueAt === null ? -1 : one.dueAt < other.dueAt ? -1 : 1;
}

/** Put what changed into the rows; what no longer matches goes, and what lies behind the last row waits for its page. */
export function mergeRows(listed: Listed, numbers: string[], { cases, changed, badges }: Changes): Listed {
  const kept = listed.rows.filter(({ number }) => !numbers.includes(number));
  const last = listed.rows.at(-1);
  const fitting = changed.nodes.filter((row) => listed.end === null || !last || compare(row, last) <= 0);
  return { ...listed, rows: [...kept, ...fitting].sort(compare), total: cases.totalCount, badges };
}

export function Desk({ query }: { query: URLSearchParams }) {
  const [listed, setListed] = useState<Listed | null>(null);
  const [failed, setFailed] = useState("");
  const [fresh, setFresh] = useState<string[]>([]);
  const [towns, setTowns] = useState<ReadonlyMap<string, string>>(new Map());
  const chosen = query.toString();
  const where = filterOf(query);
  const now = useRef(chosen);
  now.current = chosen;
  // One after the other: what changes while the list is on its way comes after it.
  const turn = useRef(Promise.resolve());
  const queue = (work: () => Promise<void>) => (turn.current = turn.current.then(work));

  const load = async (after: string | null = null, before: Row[] = []) => {
    const found = await ask<Answer>(DESK, { where, open: OPEN, after });
    if (now.current !== chosen) return; // another filter was chosen meanwhile
    if (!found.data?.cases) return setFailed(found.ok ? "" : found.problems[0].message);
    const { cases, badges } = found.data;
    const end = cases.pageInfo.hasNextPage ? cases.pageInfo.endCursor : null;
    setFailed("");
    setListed({ rows: [...before, ...cases.nodes], total: cases.totalCount, end, badges });
  };

  const refresh = async (numbers: string[] | null) => {
    if (numbers === null || numbers.length > MOST) return load();
    const changed = { and: [where, { number: { in: numbers } }] };
    const found = await ask<Changes>(DESK_CHANGES, { where, changed, open: OPEN });
    if (!found.data?.cases || now.current !== chosen) return;
    const changes = found.data;
    setListed((before) => before && mergeRows(before, numbers, changes));
    setFresh(changes.changed.nodes.map(({ number }) => number));
  };

  useEffect(() => {
    document.title = `${say("desk")} · ${say("title")}`;
  }, [language.value]);
  useEffect(() => {
    void queue(() => load());
    return onChange((numbers) => void queue(() => refresh(numbers)));
  }, [chosen]);
  useEffect(() => {
    void ask<{ grids: { nodes: { code: string; name: string }[] } }>(TOWNS).then(({ data }) =>
      setTowns(new Map(data?.grids?.nodes.map(({ code, name }) => [code, name]))),
    );
  }, []);

  return (
    <>
      <h1>{say("desk")}</h1>
      {failed && <Failure message={failed} again={() => void queue(() => load())} />}
      {!listed && !failed && <p class="quiet">{say("loading")}</p>}
      {listed && (
        <>
          <Filters query={query} badges={listed.badges} towns={towns} />
          <p id="found" role="status">
            {listed.total} {say("found")}
            {fresh.length > 0 && ` · ${fresh.join("、")} ${say("changedNow")}`}
          </p>
          {listed.rows.length === 0 ? <p id="nothing">{say("nothing")}</p> : <Rows rows={listed.rows} fresh={fresh} />}
          {listed.end && (
            <button type="button" id="more" onClick={() => void queue(() => load(listed.end, listed.rows))}>
              {say("more")}
            </button>
          )}
        </>
      )}
    </>
  );
}

const countOf = (counts: Count[], value: string | null): number =>
  counts.find(({ values }) => values[0] === value)?.count ?? 0;

function Filters({ query, badges, towns }: { query: URLSearchParams; badges: Badges; towns: ReadonlyMap<string, string> }) {
  const status = query.get("status");
  const present = namesOf("CaseStatus").filter((name) => name === status || countOf(badges.status, name) > 0);
  const codes = badges.town.map(({ values }) => values[0]).filter((code): code is string => typeof code === "string");
  const town = query.get("town");
  if (town && !codes.includes(town)) codes.push(town);
  return (
    <section class="filters" aria-label={say("filters")}>
      <div role="group" aria-label={say("status")} class="chips">
        <Chip pressed={!status} value={null} text={say("every")} count={badges.totalCount} />
        {present.map((name) => (
          <Chip pressed={status === name} value={name} text={label("CaseStatus", name)} count={countOf(badges.status, name)} />
        ))}
      </div>
      <label>
        {say("town")}{" "}
        <select id="town" value={town ?? ""} onChange={(event) => setQuery({ town: event.currentTarget.value || null })}>
          <option value="">{say("everyTown")}</option>
          {codes.sort().map((code) => (
            <option value={code}>
              {towns.get(code) ?? code}（{countOf(badges.town, code)}）
            </option>
          ))}
        </select>
      </label>
      <label>
        <input
          id="late"
          type="checkbox"
          checked={query.has("late")}
          onChange={(event) => setQuery({ late: event.currentTarget.checked ? "1" : null })}
        />{" "}
        {say("late")} <span class="badge">{countOf(badges.late, "true")}</span>
      </label>
    </section>
  );
}

function Chip({ pressed, value, text, count }: { pressed: boolean; value: string | null; text: string; count: number }) {
  return (
    <button type="button" aria-pressed={pressed} data-status={value ?? "ALL"} onClick={() => setQuery({ status: value })}>
      {text} <span class="badge">{count}</span>
    </button>
  );
}

function Rows({ rows, fresh }: { rows: Row[]; fresh: string[] }) {
  return (
    <table id="cases">
      <caption class="unseen">{say("open")}</caption>
      <thead>
        <tr>
          <th scope="col">{say("lights")}</th>
          <th scope="col">{say("due")}</th>
          <th scope="col">{say("case")}</th>
          <th scope="col">{say("status")}</th>
          <th scope="col" class="wide">
            {say("place")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.number} data-number={row.number} data-fresh={fresh.includes(row.number) || undefined}>
            <td>
              <Light of={row.light} />
            </td>
            <td>
              {row.dueAt ? <time dateTime={row.dueAt}>{showMoment(row.dueAt)}</time> : say("hold")}
              {row.dueAt && <div class="quiet">{showDistance(row.dueAt)}</div>}
            </td>
            <th scope="row">
              <a href={linkTo("cases", row.number)}>{row.title}</a>
              <div class="quiet">
                {row.number} · {label("CaseKind", row.kind)}
                {row.urgency !== "ROUTINE" && <b class="urgent"> {label("CaseUrgency", row.urgency)}</b>}
              </div>
            </th>
            <td>
              <State of="CaseStatus" value={row.status} />
            </td>
            <td class="wide">{placeOf(row)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The town and below: whoever dispatches knows the county. */
function placeOf({ grid }: Row): string {
  if (!grid) return "—";
  const below = grid.path.filter(({ kind }) => !["PROVINCE", "CITY", "COUNTY"].includes(kind));
  return (below.length > 0 ? below : [grid]).map(({ name }) => name).join(" ");
}
