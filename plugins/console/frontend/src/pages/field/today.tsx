// Today: one's grids with what waits in them, and the way to the desks of plugins.
import { useEffect, useState } from "preact/hooks";
import { listDesks, say as title } from "../../declared";
import { Failure } from "../../failure";
import { onChange } from "../../live";
import { linkTo } from "../../router";
import { ask, ownGrids } from "../../session";
import { language, say } from "../../words";
import { DAY } from "./documents";
import { sent } from "./outbox";
import { tell } from "./words";
import { chinaDay } from "../../times";

interface Day {
  code: string;
  name: string;
  path: { name: string }[];
  due: { totalCount: number } | null;
  open: { totalCount: number };
  late: { totalCount: number };
}

export function Today() {
  const [days, setDays] = useState<Day[] | null>(null);
  const [failed, setFailed] = useState("");
  const load = async () => {
    const asked = ownGrids().map(({ code }) => ask<{ grid: Day | null }>(DAY, { grid: code, tomorrow: chinaDay(1) }));
    const found = await Promise.all(asked);
    const wrong = found.find(({ ok, data }) => !ok && !data?.grid);
    setFailed(wrong && !wrong.ok ? wrong.problems[0].message : "");
    if (!wrong) setDays(found.flatMap(({ data }) => data?.grid ?? []));
  };
  useEffect(() => {
    void load();
    return onChange(() => void load());
  }, [language.value, sent.value]);
  return (
    <>
      <h1>{tell("today")}</h1>
      {failed && <Failure message={failed} again={() => void load()} />}
      {!days && !failed && <p class="quiet">{say("loading")}</p>}
      {days?.length === 0 && <p id="no-grids">{tell("noGrids")}</p>}
      {days?.map((day) => <GridCard key={day.code} day={day} />)}
      {listDesks().length > 0 && (
        <section class="card" aria-labelledby="desks-title">
          <h2 id="desks-title">{tell("desks")}</h2>
          <ul class="links">
            {listDesks().map(({ plugin, desk }) => (
              <li>
                <a href={linkTo("desks", plugin)}>{title(desk)}</a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function GridCard({ day: { code, name, path, due, open, late } }: { day: Day }) {
  return (
    <section class="card" aria-labelledby={`grid-${code}`} data-grid={code}>
      <h2 id={`grid-${code}`}>{name}</h2>
      <p class="quiet">{path.slice(-3).map((each) => each.name).join(" ")}</p>
      <ul class="figures">
        <li>
          <a href={linkTo("field", "cases")}>
            <b class="figure">{open.totalCount}</b> {tell("openCases")}
            {late.totalCount > 0 && (
              <span class="urgent">
                {" "}
                · {tell("lateCases")} {late.totalCount}
              </span>
            )}
          </a>
        </li>
        {due && (
          <li>
            <a href={linkTo("field", "homes")}>
              <b class="figure">{due.totalCount}</b> {tell("visitsDue")}
            </a>
          </li>
        )}
      </ul>
    </section>
  );
}
