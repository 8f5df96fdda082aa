// Mine: what is kept about whoever is signed in, who looked at it, and what they can do about it.
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { listDesks, say as named } from "../../declared";
import { loadLabels } from "../../labels";
import { linkTo } from "../../router";
import { CASES, HOME } from "./documents";
import { loadFollowed, type Followed } from "./case_loading";
import { CaseView } from "./case_view";
import { FilePart, OwnForm, type Chosen } from "./file";
import { DecisionsPart, LooksPart } from "./looks";
import { ConsentsPart, InboxPart, PointsPart } from "./holdings";
import { Missing, Page, useLoaded } from "./parts";
import { More, usePages } from "./public";
import { showMoment } from "../../times";
import { language } from "../../words";
import { tell, type ResidentWord } from "./words";

const PARTS: Record<string, ResidentWord> = {
  file: "file_",
  looks: "looks",
  cases: "cases",
  points: "points",
  notices: "inbox",
  consents: "consents",
  decisions: "decisions",
};
const LABELS = ["LookKind", "DataRequestKind", "DataRequestState", "ServiceTier", "PointsPostingKind", "ReviewState", "CaseStatus", "roles", "reasons"];

export function MePage({ path: [, part = "", id] }: { path: string[] }) {
  useEffect(() => void loadLabels(LABELS), []);
  const name = PARTS[part] ?? "me";
  return (
    <Page name={name}>
      {part && (
        <p class="unprinted">
          <a href={linkTo("me")}>← {tell("me")}</a>
        </p>
      )}
      <Part part={part} id={id} />
    </Page>
  );
}

function Part({ part, id }: { part: string; id: string | undefined }) {
  if (part === "cases" && id) return <OwnCase key={id} number={id} />;
  if (part === "cases") return <OwnCases />;
  if (part === "file") return <FilePart />;
  if (part === "looks") return <LooksPart />;
  if (part === "points") return <PointsPart />;
  if (part === "notices") return <InboxPart />;
  if (part === "consents") return <ConsentsPart />;
  return part === "decisions" ? <DecisionsPart /> : <Overview />;
}

interface Home {
  me: {
    account: string;
    unreadNotices: number;
    person: { name: string; points: { balance: number }[] | null; cases: { totalCount: number } } | null;
    accessLog: { totalCount: number } | null;
  } | null;
}

function Overview() {
  const { data, problem, load } = useLoaded<Home>(HOME);
  if (!data?.me) return <Missing problem={problem} again={() => void load()} />;
  const { person, unreadNotices, accessLog, account } = data.me;
  const counts: Record<string, number | string | undefined> = {
    looks: accessLog?.totalCount,
    cases: person?.cases.totalCount,
    points: person?.points?.reduce((sum, { balance }) => sum + balance, 0),
    notices: unreadNotices ? `${unreadNotices} ${tell("unread")}` : undefined,
  };
  return (
    <>
      <p id="mine">{person?.name ?? account}</p>
      {!person && <p class="told">{tell("noPerson")}</p>}
      <p class="quiet">{tell("ownOnly")}</p>
      <ul class="ways small">
        {Object.entries(PARTS).map(([part, name]) => (
          <li>
            <a href={linkTo("me", part)} id={`to-${part}`}>
              <b>{tell(name)}</b>
              <span>{counts[part]}</span>
            </a>
          </li>
        ))}
      </ul>
      <Services />
    </>
  );
}

/** What plugins offer whoever is signed in, as they declare it. */
function Services() {
  const desks = listDesks();
  if (desks.length === 0) return null;
  return (
    <section id="services" aria-labelledby="services-title">
      <h2 id="services-title">{tell("services")}</h2>
      <ul class="plain">
        {desks.flatMap(({ lists }) =>
          lists.map((view) => (
            <li>
              <a href={linkTo("views", view.name)}>{named(view)}</a>
            </li>
          )),
        )}
      </ul>
    </section>
  );
}

interface CaseRow {
  number: string;
  title: string;
  status: string;
  dueAt: string | null;
  overdue: boolean;
  mayRate: boolean | null;
  reportedAt: string;
}

interface Cases {
  me: { person: { cases: { nodes: CaseRow[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } | null } | null;
}

function OwnCases() {
  const list = usePages<CaseRow, Cases>(CASES, ({ me }) => me?.person?.cases ?? { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } });
  if (!list.rows) return <Missing {...list} again={() => void list.again()} />;
  return (
    <>
      <p>
        <a class="button main" href={linkTo("report")}>
          {tell("report")}
        </a>
      </p>
      {list.rows.length === 0 && <p>{tell("nothing")}</p>}
      <ul class="plain" id="cases">
        {list.rows.map(({ number, title, status, overdue, mayRate, reportedAt }) => (
          <li key={number}>
            <a href={linkTo("me", "cases", number)}>{title}</a>
            <p>
              {tell(`say${status}` as ResidentWord)} {overdue && <b class="urgent">{tell("late")}</b>} {mayRate && <b>{tell("rateTitle")}</b>}
            </p>
            <p class="quiet">
              {number} · {showMoment(reportedAt)}
            </p>
          </li>
        ))}
      </ul>
      <More {...list} />
    </>
  );
}

function OwnCase({ number }: { number: string }) {
  const [found, setFound] = useState<Followed | null | undefined>(undefined);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const load = async () => {
    const loaded = await loadFollowed(number, null);
    setProblem(loaded.problems[0] ?? null);
    // What was there stays where the network is gone.
    setFound((now) => loaded.found ?? (loaded.problems.length > 0 ? now : null));
  };
  useEffect(() => void load(), [language.value]);
  if (found === undefined) return <Missing problem={problem} again={() => void load()} />;
  if (found === null) return <p>{tell("nothing")}</p>;
  const withdrawing = found.actions?.find(({ name, allowed }) => name === "withdrawCase" && allowed);
  return (
    <>
      <CaseView found={found} receipt={null} reload={load} />
      {withdrawing && (
        <button type="button" class="unprinted" onClick={() => setChosen({ mutation: withdrawing.name, title: tell("withdraw") })}>
          {tell("withdraw")}
        </button>
      )}
      {chosen && (
        <OwnForm
          chosen={chosen}
          subject={{ row: { number }, version: found.version }}
          close={() => setChosen(null)}
          done={() => void load()}
        />
      )}
    </>
  );
}
