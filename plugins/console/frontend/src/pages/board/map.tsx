// Map: places as a drawing of their outlines, coloured by one figure, over the operator's base map where there is one;
// the table beside it says the same.
import { useEffect, useRef, useState } from "preact/hooks";
import { language } from "../../words";
import { findRoom, fitOutlines, type Drawn, type Outline } from "./geometry";
import type { GroundProps } from "./ground";
import { classOf, findBounds, MEASURES, type BaseMap, type Child, type Measure, type Value } from "./places";
import { nameFigure, showFigure, tell, type BoardWord } from "./words";

/** How large a map may be, as a part of what one sees at once. */
const HIGHEST = 0.62;
const LEAST = 300;

export interface MapProps {
  places: Child[];
  measure: Measure;
  label: string;
  /** Where a place leads to. */
  link: (code: string) => string;
  chosen: string | null;
  choose: (code: string | null) => void;
  base: BaseMap | null;
}

export function PlacesMap(props: MapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!frame.current) return;
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  const drawn = props.places.filter(({ boundary }) => boundary);
  const { Ground, trouble, fail } = useGround(drawn.length > 0 ? props.base : null);
  if (drawn.length === 0) {
    return (
      <div class="map" ref={frame}>
        <p id="no-outlines">{tell("noOutlines")}</p>
      </div>
    );
  }
  const outlines = drawn.map(({ boundary }) => boundary as Outline);
  const highest = Math.max(LEAST, innerHeight * HIGHEST);
  const { height, draw } = fitOutlines(outlines, width, highest);
  const areas = listAreas(drawn, outlines, props);
  const given = { ...props, areas };
  return (
    <>
      {trouble && (
        <p class="error unprinted" id="map-trouble" role="status">
          {tell(trouble)}
        </p>
      )}
      <div class="map" ref={frame} data-ground={Ground ? "" : undefined}>
        {width > 0 && <Drawing {...given} draw={draw} width={width} height={height} />}
        {width > 0 && Ground && props.base && (
          <Ground {...given} key={language.value} base={props.base} bad={props.measure.bad} height={Math.max(LEAST, height)} fail={fail} />
        )}
      </div>
    </>
  );
}

/** Whether this browser draws by its graphics processor, or does as if. */
const hasGraphics = (): boolean => document.createElement("canvas").getContext("webgl2") !== null;

/** What draws over a base map, once it is loaded; without one, and where it cannot be drawn, the outlines alone are shown. */
function useGround(base: BaseMap | null) {
  const [loaded, setLoaded] = useState<{ Ground: (props: GroundProps) => preact.JSX.Element } | null>(null);
  const [trouble, setTrouble] = useState<BoardWord | null>(null);
  const fail = (why: BoardWord | null) => {
    setTrouble(why);
    // What cannot be drawn is given up; tiles may come yet.
    if (why !== null && why !== "noTiles") setLoaded(null);
  };
  useEffect(() => {
    if (!base) return;
    if (!hasGraphics()) return fail("noGraphics");
    import("./ground").then(setLoaded, () => fail("noGround"));
  }, [base !== null]);
  return { Ground: loaded?.Ground, trouble, fail };
}

/** A place as it is drawn, with what is said and written of it. */
export interface Area {
  code: string;
  name: string;
  outline: Outline;
  level: string;
  text: string;
  /** The number, where it is written on the map. */
  shown: string;
}

function listAreas(places: Child[], outlines: Outline[], { measure }: MapProps): Area[] {
  const values = places.map(measure.read);
  const bounds = findBounds(measure, values);
  return places.map((place, at) => {
    const value = values[at]!;
    return {
      code: place.code,
      name: place.name,
      outline: outlines[at]!,
      level: classOf(measure, bounds, value),
      text: sayArea(place, measure, value),
      shown: value === "small" || typeof value === "number" ? shortValue(measure.name, value) : "",
    };
  });
}

/** Begins with what is written on the map, which whoever speaks to their browser says. */
function sayArea(place: Child, measure: Measure, value: Value): string {
  const why = typeof value === "number" ? "" : `（${sayValue(measure.name, value)}）`;
  const other = MEASURES.find(({ name }) => name === measure.beside);
  const beside = other ? `，${nameFigure(other.name)} ${shortValue(other.name, other.read(place))}` : "";
  return `${place.name}：${shortValue(measure.name, value)}${why}${beside}`;
}

interface DrawingProps extends MapProps {
  areas: Area[];
  draw: (outline: Outline) => Drawn;
  width: number;
  height: number;
}

function Drawing({ areas, measure, label, draw, width, height, ...given }: DrawingProps) {
  return (
    <svg id="map" viewBox={`0 0 ${width} ${Math.ceil(height)}`} role="group" aria-label={label} data-bad={measure.bad || undefined}>
      <defs>
        <pattern id="hatched" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="7" height="7" class="hatch-ground" />
          <line x1="0" y1="0" x2="0" y2="7" class="hatch" />
        </pattern>
      </defs>
      {areas.map((area) => (
        <AreaLink key={area.code} area={area} drawn={draw(area.outline)} {...given} />
      ))}
    </svg>
  );
}

interface AreaProps extends Pick<MapProps, "link" | "chosen" | "choose"> {
  area: Area;
  drawn: Drawn;
}

function AreaLink({ area: { code, name, level, text, shown }, drawn, link, chosen, choose }: AreaProps) {
  return (
    <a
      href={link(code)}
      class="area"
      data-code={code}
      data-level={level}
      data-chosen={chosen === code || undefined}
      aria-label={text}
      onMouseEnter={() => choose(code)}
      onMouseLeave={() => choose(null)}
      onFocus={() => choose(code)}
      onBlur={() => choose(null)}
    >
      <title>{text}</title>
      <path d={drawn.path} fill-rule="evenodd" />
      <Label name={name} shown={shown} {...drawn} />
    </a>
  );
}

/** The name and the number, where there is room for them. */
function Label({ name, shown, x, y, width }: { name: string; shown: string; x: number; y: number; width: number }) {
  const room = findRoom(name, shown, width);
  if (room === "none") return null;
  return (
    <text x={x.toFixed(1)} y={y.toFixed(1)} aria-hidden="true">
      {room === "both" && (
        <tspan x={x.toFixed(1)} dy="-0.2em">
          {name}
        </tspan>
      )}
      <tspan x={x.toFixed(1)} dy={room === "both" ? "1.2em" : "0.35em"} class="area-value">
        {shown}
      </tspan>
    </text>
  );
}

/** A value in words. */
export const sayValue = (name: string, value: Value): string => (typeof value === "number" ? showFigure(name, value) : tell(value));

/** A value where there is little room. */
export const shortValue = (name: string, value: Value): string =>
  typeof value === "number" ? showFigure(name, value) : tell(`${value}Short`);

/** What the colours mean, with the classes that the map has. */
export function Legend({ places, measure }: { places: Child[]; measure: Measure }) {
  const values = places.map(measure.read);
  const bounds = findBounds(measure, values);
  const show = (value: number) => showFigure(measure.name, value);
  const first = measure.percent ? `< ${show(bounds[0]!)}` : bounds[0] === 1 ? "1" : `1–${show(bounds[0]!)}`;
  const middle = bounds.slice(1).map((bound, at) => {
    const from = measure.percent ? bounds[at]! : bounds[at]! + 1;
    return from === bound ? show(bound) : `${from.toLocaleString()}–${show(bound)}`;
  });
  const last = measure.percent ? `≥ ${show(bounds[3]!)}` : `> ${show(bounds[3]!)}`;
  const classes = [...(measure.percent ? [] : [["0", "0"]]), ...[first, ...middle, last].map((text, at) => [String(at + 1), text])];
  const missing = [...new Set(values.filter((value) => typeof value !== "number"))];
  return (
    <ul class="legend" data-bad={measure.bad || undefined}>
      {classes.map(([level, text]) => (
        <li>
          <span class="swatch" data-level={level} /> {text}
        </li>
      ))}
      {missing.map((why) => (
        <li>
          <span class="swatch" data-level={why} /> {tell(why as "withheld")}
        </li>
      ))}
    </ul>
  );
}
