// Map: places as a drawing of their outlines, coloured by one figure; the table beside it says the same.
import { useEffect, useRef, useState } from "preact/hooks";
import { fitOutlines, type Outline } from "./geometry";
import { classOf, findBounds, MEASURES, type Child, type Measure, type Value } from "./places";
import { nameFigure, showFigure, tell } from "./words";

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
  return (
    <div class="map" ref={frame}>
      {drawn.length === 0 ? <p id="no-outlines">{tell("noOutlines")}</p> : width > 0 && <Drawing {...props} places={drawn} width={width} />}
    </div>
  );
}

function Drawing({ places, measure, label, link, chosen, choose, width }: MapProps & { width: number }) {
  const outlines = places.map(({ boundary }) => boundary as Outline);
  const { height, draw } = fitOutlines(outlines, width, Math.max(LEAST, innerHeight * HIGHEST));
  const values = places.map(measure.read);
  const bounds = findBounds(measure, values);
  return (
    <svg id="map" viewBox={`0 0 ${width} ${Math.ceil(height)}`} role="group" aria-label={label} data-bad={measure.bad || undefined}>
      <defs>
        <pattern id="hatched" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="7" height="7" class="hatch-ground" />
          <line x1="0" y1="0" x2="0" y2="7" class="hatch" />
        </pattern>
      </defs>
      {places.map((place, at) => (
        <Area
          key={place.code}
          place={place}
          value={values[at]!}
          level={classOf(measure, bounds, values[at]!)}
          measure={measure}
          drawn={draw(outlines[at]!)}
          link={link}
          chosen={chosen === place.code}
          choose={choose}
        />
      ))}
    </svg>
  );
}

interface AreaProps extends Pick<MapProps, "measure" | "link" | "choose"> {
  place: Child;
  value: Value;
  level: string;
  drawn: { path: string; x: number; y: number; width: number };
  chosen: boolean;
}

function Area({ place, value, level, measure, drawn, link, chosen, choose }: AreaProps) {
  // Begins with what is written on the map, which whoever speaks to their browser says.
  const why = typeof value === "number" ? "" : `（${sayValue(measure.name, value)}）`;
  const other = MEASURES.find(({ name }) => name === measure.beside);
  const beside = other ? `，${nameFigure(other.name)} ${shortValue(other.name, other.read(place))}` : "";
  const text = `${place.name}：${shortValue(measure.name, value)}${why}${beside}`;
  const inner = (
    <>
      <title>{text}</title>
      <path d={drawn.path} fill-rule="evenodd" />
      <Label place={place} shown={value === "small" || typeof value === "number" ? shortValue(measure.name, value) : ""} {...drawn} />
    </>
  );
  const given = {
    class: "area",
    "data-code": place.code,
    "data-level": level,
    "data-chosen": chosen || undefined,
    "aria-label": text,
    onMouseEnter: () => choose(place.code),
    onMouseLeave: () => choose(null),
  };
  return (
    <a href={link(place.code)} {...given} onFocus={() => choose(place.code)} onBlur={() => choose(null)}>
      {inner}
    </a>
  );
}

/** The name and the number, where there is room for them: a character is as wide as the type is high. */
function Label({ place, shown, x, y, width }: { place: Child; shown: string; x: number; y: number; width: number }) {
  const size = 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const name = place.name.length * size <= width ? place.name : "";
  if (!name && shown.length * size * 0.6 > width) return null;
  return (
    <text x={x.toFixed(1)} y={y.toFixed(1)} aria-hidden="true">
      {name && (
        <tspan x={x.toFixed(1)} dy="-0.2em">
          {name}
        </tspan>
      )}
      <tspan x={x.toFixed(1)} dy={name ? "1.2em" : "0.35em"} class="area-value">
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
