// Board: the county on one screen: what stands now, where, and what a period brought.
import { useEffect, useRef, useState } from "preact/hooks";
import { loadGrids } from "../../declared";
import { Failure } from "../../failure";
import type { Coded } from "../../forms/inputs";
import { following } from "../../live";
import { linkTo, setQuery } from "../../router";
import { ask, who } from "../../session";
import { chinaDay, showMoment } from "../../times";
import { language, say } from "../../words";
import { DigestSection } from "./digest";
import { FigureName, FormulaDialog } from "./formula";
import { followFigures } from "./live";
import { listLayers, measureLayer, useLayer, type Layer } from "./layers";
import { Legend, PlacesMap } from "./map";
import { addMonths } from "./periods";
import {
  LATE,
  MEASURES,
  MEASURES_BELOW,
  PLACE,
  PLACE_NOW,
  type BaseMap,
  type Child,
  type Measure,
  type Now,
  type Place,
  type Year,
} from "./places";
import { PlacesTable, Shown } from "./table";
import { nameFigure, tell } from "./words";
import "./board.css";

/** Where a place stands in the address; what is chosen stays. */
const placeLink =
  (query: URLSearchParams) =>
  (code: string): string =>
    linkTo("board", code) + (query.size > 0 ? `?${query}` : "");

/** The cases of a place, at the desk. */
const deskLink = (code: string): string => `${linkTo("desk")}?town=${code}`;
const seesCases = (): boolean => who.value?.permissions.includes("cases.view") ?? false;

export function Board({ code, query }: { code: string; query: URLSearchParams }) {
  const [tops, setTops] = useState<Coded[] | null>(null);
  useEffect(() => {
    document.title = `${say("board")} · ${say("title")}`;
  }, [language.value]);
  // What somebody looks after, the highest first; whoever looks after everything begins with the counties.
  useEffect(() => {
    void loadGrids().then((found) => setTops([...found].sort((one, other) => one.code.length - other.code.length)));
  }, []);
  if (!tops) return <p class="quiet">{say("loading")}</p>;
  const shown = code || (tops.length === 1 || (tops[0] && tops[0].code.length < (tops[1]?.code.length ?? 0)) ? tops[0]!.code : "");
  if (!shown) return <Choice tops={tops} query={query} />;
  return <PlaceBoard key={shown} code={shown} top={tops[0]?.code ?? shown} query={query} />;
}

function Choice({ tops, query }: { tops: Coded[]; query: URLSearchParams }) {
  return (
    <>
      <h1>{say("board")}</h1>
      <h2>{tell("choosePlace")}</h2>
      <ul class="cards" id="tops">
        {tops.map(({ code, name }) => (
          <li>
            <a href={placeLink(query)(code)}>{name}</a>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Put what stands now into a place, whose outlines and whose year are known. */
export function mergeNow(place: Place, now: Pick<Place, "now"> & { children: { nodes: Pick<Child, "code" | "now">[] } }): Place {
  const found = new Map(now.children.nodes.map((child) => [child.code, child.now]));
  const nodes = place.children.nodes.map((child) => ({ ...child, now: found.has(child.code) ? (found.get(child.code) ?? null) : child.now }));
  return { ...place, now: now.now, children: { ...place.children, nodes } };
}

interface KnownPlace {
  /** Undefined while it is not known, null where there is none. */
  place: Place | null | undefined;
  base: BaseMap | null;
  failed: string;
  at: string;
  load: () => Promise<void>;
}

/** A place as it is known. */
function usePlace(code: string): KnownPlace {
  const [place, setPlace] = useState<Place | null>();
  const [base, setBase] = useState<BaseMap | null>(null);
  const [failed, setFailed] = useState("");
  const [at, setAt] = useState("");
  const load = async () => {
    const below = code.length === 12 && seesCases();
    const variables = { code, today: chinaDay(), since: addMonths(chinaDay(), -11), outlines: true, below, late: LATE };
    const found = await ask<{ grid: Place | null; baseMap: BaseMap | null }>(PLACE, variables);
    setFailed(found.data ? "" : (found.problems[0]?.message ?? ""));
    if (found.data) setBase(found.data.baseMap);
    if (found.data) setPlace(found.data.grid);
    setAt(new Date().toISOString());
  };
  const refresh = async () => {
    const found = await ask<{ grid: Parameters<typeof mergeNow>[1] | null }>(PLACE_NOW, { code, today: chinaDay() });
    const now = found.data?.grid;
    if (now) setPlace((before) => before && mergeNow(before, now));
    if (now) setAt(new Date().toISOString());
  };
  useEffect(() => {
    void load();
    return followFigures(refresh);
  }, [code]);
  return { place, base, failed, at, load };
}

function PlaceBoard({ code, top, query }: { code: string; top: string; query: URLSearchParams }) {
  const { place, base, failed, at, load } = usePlace(code);
  const link = placeLink(query);
  if (failed && !place) {
    return (
      <>
        <h1>{say("board")}</h1>
        <Failure message={failed} again={() => void load()} />
      </>
    );
  }
  if (place === undefined) return <p class="quiet">{say("loading")}</p>;
  if (!place?.now) return <Unseen known={place !== null} top={code === top ? null : link(top)} />;
  return (
    <div class="board">
      <header class="line">
        <h1>
          {place.name} <span class="unseen">{say("board")}</span>
        </h1>
        <Trail place={place} top={top} link={link} />
        {seesCases() && (
          <a class="unprinted" href={deskLink(code)}>
            {tell("cases")}
          </a>
        )}
        <p class="quiet" id="live" data-live={following.value || undefined}>
          {tell(!seesCases() ? "often" : following.value ? "live" : "still")} · {tell("refreshed")} {at && showMoment(at)}
        </p>
        <button type="button" class="unprinted" id="print" onClick={() => print()}>
          {say("print")}
        </button>
      </header>
      {failed && <Failure message={failed} again={() => void load()} />}
      <Counters now={place.now} />
      <Places place={place} base={base} query={query} />
      <DigestSection code={code} query={query} />
      <FormulaDialog />
    </div>
  );
}

function Unseen({ known, top }: { known: boolean; top: string | null }) {
  return (
    <>
      <h1>{say("board")}</h1>
      <p id="no-figures">{tell(known ? "noFigures" : "noPlace")}</p>
      {top && <a href={top}>{tell("toOwn")}</a>}
    </>
  );
}

/** The way down to where one is; what lies above somebody's own place they may not see. */
function Trail({ place, top, link }: { place: Place; top: string; link: (code: string) => string }) {
  return (
    <nav aria-label={tell("place")} class="trail">
      <ol>
        {place.path.map(({ code, name }) => (
          <li>
            {code === place.code ? (
              <span aria-current="page">{name}</span>
            ) : code.length < top.length ? (
              <span class="quiet">{name}</span>
            ) : (
              <a href={link(code)}>{name}</a>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** What each counter reads, and the formula that it is computed by. */
const COUNTERS = [
  ["underWay", "underWay"],
  ["dueOnLastDay", "dueOnLastDay"],
  ["overdue", "overdue"],
  ["reported", "reportedToday"],
  ["completed", "completedToday"],
] as const;

function Counters({ now }: { now: Now }) {
  return (
    <section aria-label={tell("counters")}>
      <ul class="counters">
        {COUNTERS.map(([name, title]) => (
          <li data-counter={name} data-bad={(name === "overdue" && (now[name] ?? 1) > 0) || undefined}>
            <span class="figure">
              <Shown name={name} value={now[name] ?? "small"} />
            </span>
            <FigureName name={name} title={nameFigure(title)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Places({ place, base, query }: { place: Place; base: BaseMap | null; query: URLSearchParams }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const places = place.children.nodes;
  const below = place.kind === "VILLAGE";
  const counted = !below || places.some(({ openCases }) => openCases !== undefined);
  const measures = below ? MEASURES_BELOW : MEASURES;
  const layers = below ? [] : listLayers();
  const layer = layers.find(({ name }) => name === query.get("by"));
  const { rows, failed } = useLayer(layer, place.code);
  const measure = layer ? measureLayer(layer, rows) : (measures.find(({ name }) => name === query.get("by")) ?? measures[0]!);
  const titles = (name: string): string => layers.find((each) => each.name === name)?.title ?? nameFigure(name);
  // Below a village there is nothing that a board could show, but the cases themselves.
  const link = below ? deskLink : placeLink(query);
  if (places.length === 0 || !counted) {
    return (
      <>
        <p id="no-places">{tell(counted ? "noPlaces" : "endsHere")}</p>
        {place.year && <Levels year={place.year} />}
      </>
    );
  }
  const given = { places, measure, link, chosen, choose: setChosen };
  return (
    <section aria-label={tell("map")}>
      <div class="filters">
        <h2>{tell("map")}</h2>
        <Measures measures={measures} measure={measure} />
        {layers.length > 0 && <Layers layers={layers} chosen={layer?.name ?? ""} />}
      </div>
      {failed && <p class="error">{failed}</p>}
      <div class="places">
        <div>
          <PlacesMap {...given} base={base} label={`${tell("map")}：${titles(measure.name)}`} />
          <Legend places={places} measure={measure} />
          {place.boundaryNote && <p class="quiet">{place.boundaryNote}</p>}
          {place.year && <Levels year={place.year} />}
        </div>
        <div>
          <PlacesTable {...given} measures={layer ? [...measures, measure] : measures} titles={titles} />
          <p class="quiet">{below ? tell("yours") : `${tell("order")} ${tell("yearly")} ${tell("whyWithheld")}`}</p>
          {place.children.totalCount > places.length && <p>{tell("more")}</p>}
        </div>
      </div>
    </section>
  );
}

function Measures({ measures, measure }: { measures: Measure[]; measure: Measure }) {
  return (
    <div role="group" aria-label={tell("colouredBy")} class="chips">
      {measures.map(({ name }) => (
        <button type="button" aria-pressed={name === measure.name} data-measure={name} onClick={() => setQuery({ by: name })}>
          {nameFigure(name)}
        </button>
      ))}
    </div>
  );
}

function Layers({ layers, chosen }: { layers: Layer[]; chosen: string }) {
  return (
    <label>
      {tell("layers")}{" "}
      <select id="layer" value={chosen} onChange={(event) => setQuery({ by: event.currentTarget.value || null })}>
        <option value="">{tell("noLayer")}</option>
        {layers.map(({ name, title }) => (
          <option value={name}>{title}</option>
        ))}
      </select>
    </label>
  );
}

/** How much was settled at which level: a bar of parts, and the same as a table. */
function Levels({ year }: { year: Year }) {
  const known = year.byLevel.filter(({ share }) => share !== null);
  let left = 0;
  return (
    <section id="levels" aria-label={tell("levels")}>
      <h2>{tell("levels")}</h2>
      <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" class="parts">
        {known.map(({ level, share }) => {
          const x = left;
          left += share ?? 0;
          return <rect x={x} width={share ?? 0} height="6" data-part={level} />;
        })}
      </svg>
      <table>
        <thead>
          <tr>
            <th scope="col">{tell("level")}</th>
            <th scope="col" class="number">
              {tell("settled")}
            </th>
            <th scope="col" class="number">
              <FigureName name="levelShare" title={tell("share")} />
            </th>
          </tr>
        </thead>
        <tbody>
          {year.byLevel.map(({ level, settled, share, suppressed }) => (
            <tr data-level={level}>
              <th scope="row">
                <span class="swatch" data-part={level} /> {tell(level)}
              </th>
              <td class="number">
                <Shown name="settled" value={settled ?? (suppressed ? "withheld" : "nothing")} />
              </td>
              <td class="number">
                <Shown name="levelShare" value={share ?? (suppressed ? "withheld" : "nothing")} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
