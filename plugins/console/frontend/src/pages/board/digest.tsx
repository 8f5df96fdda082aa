// Digest: what a day, week, month or quarter brought, beside the period before, with its charts.
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../../failure";
import { setQuery } from "../../router";
import { ask } from "../../session";
import { language, say } from "../../words";
import { Columns, Rows, Withheld } from "./charts";
import { FigureName } from "./formula";
import { chartOf, daysOf, isDay, movePeriod, PERIODS, type Period } from "./periods";
import { isRate, nameFigure, showFigure, tell } from "./words";
import { chinaDay } from "../../times";

const DIGEST = `query BoardDigest(
  $code: String!, $period: DigestPeriod!, $at: Date!, $before: Date!
  $since: Date!, $until: Date!, $from: Date!, $bucket: StatisticsBucket!
) {
  me { account }
  now: digest(grid: $code, period: $period, at: $at) { title sections { title text figures { ...Said } } }
  before: digest(grid: $code, period: $period, at: $before) { sections { figures { ...Said } } }
  grid(code: $code) {
    trend: statistics(from: $from, to: $until) { series(bucket: $bucket) { start reported completed suppressed } }
    period: statistics(from: $since, to: $until) { byCategory(first: 20) { category { name } reported suppressed } }
  }
}
fragment Said on DigestFigure { name value subject { name } }`;

interface Said {
  name: string;
  value: number | null;
  subject: { name: string } | null;
}

interface Section {
  title: string;
  text: string;
  figures: Said[];
}

interface Answer {
  now: { title: string; sections: Section[] } | null;
  before: { sections: { figures: Said[] }[] } | null;
  grid: {
    trend: { series: { start: string; reported: number | null; completed: number | null }[] } | null;
    period: { byCategory: { category: { name: string }; reported: number | null }[] } | null;
  } | null;
}

/** What the address says of the period; the last month that is over where it says nothing that there is. */
function readPeriod(query: URLSearchParams): { period: Period; at: string } {
  const period = PERIODS.find((each) => each === query.get("period")) ?? "MONTH";
  const at = query.get("at");
  return { period, at: isDay(at) && at <= chinaDay() ? at : movePeriod(period, chinaDay(), -1) };
}

export function DigestSection({ code, query }: { code: string; query: URLSearchParams }) {
  const { period, at } = readPeriod(query);
  const [found, setFound] = useState<Answer | null>(null);
  const [failed, setFailed] = useState("");
  const key = `${code} ${period} ${at} ${language.value}`;
  const now = useRef(key);
  now.current = key;
  const load = async () => {
    const { since, until } = daysOf(period, at);
    const { since: from, bucket } = chartOf(period, at);
    const variables = { code, period, at, before: movePeriod(period, at, -1), since, until, from, bucket };
    const answer = await ask<Answer>(DIGEST, variables);
    if (now.current !== key) return;
    setFailed(answer.ok ? "" : answer.problems[0].message);
    if (answer.data) setFound(answer.data);
  };
  useEffect(() => void load(), [key]);
  return (
    <section id="digest" aria-label={tell("digest")}>
      <Chooser period={period} at={at} />
      {failed && <Failure message={failed} again={() => void load()} />}
      {!found && !failed && <p class="quiet">{say("loading")}</p>}
      {found?.now && <Told found={found} now={found.now} period={period} at={at} />}
    </section>
  );
}

function Chooser({ period, at }: { period: Period; at: string }) {
  const next = movePeriod(period, at, 1);
  return (
    <div class="filters unprinted">
      <h2>{tell("digest")}</h2>
      <div role="group" aria-label={tell("period")} class="chips">
        {PERIODS.map((each) => (
          <button type="button" aria-pressed={each === period} data-period={each} onClick={() => setQuery({ period: each })}>
            {tell(each)}
          </button>
        ))}
      </div>
      <div class="chips">
        <button type="button" id="earlier" onClick={() => setQuery({ at: movePeriod(period, at, -1) })}>
          ← {tell("earlier")}
        </button>
        <button type="button" id="later" disabled={next > chinaDay()} onClick={() => setQuery({ at: next })}>
          {tell("later")} →
        </button>
      </div>
    </div>
  );
}

function Told({ found, now, period, at }: { found: Answer; now: NonNullable<Answer["now"]>; period: Period; at: string }) {
  const before = (found.before?.sections ?? []).flatMap(({ figures }) => figures);
  const series = found.grid?.trend?.series ?? [];
  // There is room for a month with its year, or for a day with its month.
  const [from, to] = period === "MONTH" || period === "QUARTER" ? [2, 7] : [5, 10];
  const bars = series.map(({ start, reported, completed }) => ({ name: start.slice(from, to), values: [reported, completed] }));
  const subjects = (found.grid?.period?.byCategory ?? []).map(({ category, reported }) => ({ name: category.name, values: [reported] }));
  return (
    <>
      <h3 id="digest-title">{now.title}</h3>
      {daysOf(period, at).until >= chinaDay() && <p class="quiet">{tell("unfinished")}</p>}
      <div class="digest">
        <div>
          {now.sections.map(({ title, text }) => (
            <p>
              <b>{title}</b> {text}
            </p>
          ))}
          <Compared sections={now.sections} before={before} />
        </div>
        <div>
          <Columns title={tell("trend")} series={[nameFigure("reported"), nameFigure("completed")]} bars={bars} />
          <Rows title={tell("subjects")} head={tell("subject")} bars={subjects} />
        </div>
      </div>
    </>
  );
}

/** Each figure of the sentences once, beside what it was in the period before. */
function Compared({ sections, before }: { sections: Section[]; before: Said[] }) {
  const figures = sections.flatMap((section) => section.figures).filter(({ subject }) => subject === null);
  const once = [...new Map(figures.map((figure) => [figure.name, figure])).values()];
  return (
    <table id="compared">
      <caption>{tell("compared")}</caption>
      <thead>
        <tr>
          <th scope="col">{tell("figure")}</th>
          {(["now", "before", "change"] as const).map((word) => (
            <th scope="col" class="number">
              {tell(word)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {once.map(({ name, value }) => {
          const earlier = before.find((figure) => figure.name === name && figure.subject === null)?.value ?? null;
          return (
            <tr data-figure={name}>
              <th scope="row">
                <FigureName name={name} />
              </th>
              <td class="number">{value === null ? <Withheld /> : showFigure(name, value)}</td>
              <td class="number">{earlier === null ? <Withheld /> : showFigure(name, earlier)}</td>
              <td class="number">{value === null || earlier === null ? "—" : showChange(name, value - earlier)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** How much more or less; of rates in points of a hundred. */
function showChange(name: string, change: number): string {
  const rounded = Math.round(change * 10) / 10;
  if (rounded === 0) return "0";
  const unit = isRate(name) ? ` ${tell("points")}` : "";
  return `${rounded > 0 ? "▲ +" : "▼ −"}${Math.abs(rounded).toLocaleString()}${unit}`;
}
