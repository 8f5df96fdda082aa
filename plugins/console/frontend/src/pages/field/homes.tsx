// Homes: the households of one's grids, whoever is to be visited first first.
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../../failure";
import { label } from "../../labels";
import { linkTo } from "../../router";
import { ask, ownGrids } from "../../session";
import { chinaDay, showDay, showMoment } from "../../times";
import { language, say } from "../../words";
import { HOMES } from "./documents";
import { items, sent } from "./outbox";
import { tell } from "./words";

export interface HomeRow {
  id: string;
  number: string;
  address: string;
  headName: string | null;
  memberCount: number;
  visitDueOn: string | null;
  lastVisit: { at: string } | null;
  serviceTier: { tier: string } | null;
}

interface Answer {
  households: { totalCount: number; nodes: HomeRow[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } | null;
}

interface Listed {
  rows: HomeRow[];
  total: number;
  end: string | null;
}

/** What lies in one's grids. */
export const inOwnGrids = (): object => ({ or: ownGrids().map(({ code }) => ({ grid: { within: code } })) });

export function Homes() {
  const [listed, setListed] = useState<Listed | null>(null);
  const [failed, setFailed] = useState("");
  const load = async (after: string | null = null, before: HomeRow[] = []) => {
    const found = await ask<Answer>(HOMES, { where: inOwnGrids(), after });
    if (!found.data?.households) return setFailed(found.ok ? say("noRights") : found.problems[0].message);
    const { totalCount, nodes, pageInfo } = found.data.households;
    setFailed("");
    setListed({ rows: [...before, ...nodes], total: totalCount, end: pageInfo.hasNextPage ? pageInfo.endCursor : null });
  };
  useEffect(() => void load(), [language.value, sent.value]);
  return (
    <>
      <h1>{tell("homes")}</h1>
      {failed && <Failure message={failed} again={() => void load()} />}
      {!listed && !failed && <p class="quiet">{say("loading")}</p>}
      {listed && (
        <>
          <p class="quiet" role="status">
            {listed.total} {tell("household")}
          </p>
          <ul class="cards-list" id="homes">
            {listed.rows.map((row) => (
              <HomeCard key={row.id} row={row} />
            ))}
          </ul>
          {listed.end && (
            <button type="button" class="wide-button" onClick={() => void load(listed.end, listed.rows)}>
              {say("more")}
            </button>
          )}
        </>
      )}
    </>
  );
}

function HomeCard({ row }: { row: HomeRow }) {
  const late = row.visitDueOn !== null && row.visitDueOn <= chinaDay();
  const waits = items.value.some(({ input }) => input.household === row.id);
  return (
    <li class="card" data-number={row.number}>
      <a class="title" href={linkTo("field", "homes", row.number)}>
        {row.headName ?? row.number} <span class="quiet">{row.memberCount} {tell("people")}</span>
      </a>
      <p>{row.address}</p>
      <p class="line">
        {row.serviceTier && <span class="state">{label("ServiceTier", row.serviceTier.tier)}</span>}
        {row.visitDueOn && (
          <span class={late ? "urgent" : "quiet"}>
            {tell("dueOn")} {showDay(row.visitDueOn)}
          </span>
        )}
        <span class="quiet">
          {tell("lastVisit")} {row.lastVisit ? showMoment(row.lastVisit.at) : tell("never")}
        </span>
        {waits && <span class="state">{tell("waitsHere")}</span>}
      </p>
    </li>
  );
}
