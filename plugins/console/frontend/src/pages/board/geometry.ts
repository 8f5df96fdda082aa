// Geometry: outlines of places in degrees become paths of a drawing.

type Point = readonly [number, number];
type Ring = readonly Point[];

export type Outline = { type: "Polygon"; coordinates: Ring[] } | { type: "MultiPolygon"; coordinates: Ring[][] };

export interface Drawn {
  path: string;
  /** The middle of its largest part, where its name is written. */
  x: number;
  y: number;
  /** How wide that part is. */
  width: number;
}

const ringsOf = (outline: Outline): Ring[] =>
  outline.type === "Polygon" ? outline.coordinates : outline.coordinates.flat();

/** Twice the area, which is negative for a ring that turns the other way, and the middle. */
function measure(ring: Ring): { area: number; x: number; y: number } {
  let [area, x, y] = [0, 0, 0];
  for (let at = 0; at < ring.length; at++) {
    const [[ax, ay], [bx, by]] = [ring[at]!, ring[(at + 1) % ring.length]!];
    const cross = ax * by - bx * ay;
    [area, x, y] = [area + cross, x + (ax + bx) * cross, y + (ay + by) * cross];
  }
  return area === 0 ? { area, x: ring[0]?.[0] ?? 0, y: ring[0]?.[1] ?? 0 } : { area, x: x / (3 * area), y: y / (3 * area) };
}

/** The largest part of an outline, in which its name is written. */
function largestOf(rings: Ring[]): Ring {
  return rings.reduce((one, other) => (Math.abs(measure(other).area) > Math.abs(measure(one).area) ? other : one), rings[0] ?? []);
}

/** How far points reach, to both sides of an axis. */
const rangeOf = (points: Ring, axis: 0 | 1): Point =>
  points.reduce<Point>(([low, high], point) => [Math.min(low, point[axis]), Math.max(high, point[axis])], [Infinity, -Infinity]);

/** The middle of an outline's largest part in degrees, and how far that reaches to the west and the east. */
export function middleOf(outline: Outline): { x: number; y: number; west: number; east: number } {
  const largest = largestOf(ringsOf(outline));
  const [west, east] = rangeOf(largest, 0);
  const { x, y } = measure(largest);
  return { x, y, west, east };
}

/** West, south, east and north of all outlines. */
export function boundsOf(outlines: Outline[]): [number, number, number, number] {
  const points = outlines.flatMap(ringsOf).flat();
  const [[west, east], [south, north]] = [rangeOf(points, 0), rangeOf(points, 1)];
  return [west, south, east, north];
}

/**
 * Fit outlines into a drawing of a width, no higher than it may be. Degrees east are shorter than degrees north by the
 * cosine of the latitude; over a county no more needs to be known of the shape of the Earth.
 */
export function fitOutlines(outlines: Outline[], width: number, highest: number): { height: number; draw: (outline: Outline) => Drawn } {
  const points = outlines.flatMap(ringsOf).flat();
  const [[west, east], [south, north]] = [rangeOf(points, 0), rangeOf(points, 1)];
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const [wide, high] = [(east - west) * narrow || 1, north - south || 1];
  const scale = Math.min((width - 8) / wide, (highest - 8) / high);
  const left = (width - wide * scale) / 2;
  const place = ([longitude, latitude]: Point): Point => [left + (longitude - west) * narrow * scale, 4 + (north - latitude) * scale];
  const draw = (outline: Outline): Drawn => {
    const rings = ringsOf(outline).map((ring) => ring.map(place));
    const largest = largestOf(rings);
    const [from, to] = rangeOf(largest, 0);
    const { x, y } = measure(largest);
    return { path: rings.map(trace).join(""), x, y, width: to - from };
  };
  return { height: high * scale + 8, draw };
}

/** A ring as a path, without the points that would lie on the same pixel. */
function trace(ring: Ring): string {
  let last = "";
  const steps = ring.flatMap(([x, y]) => {
    const step = `${x.toFixed(1)} ${y.toFixed(1)}`;
    if (step === last) return [];
    last = step;
    return [step];
  });
  return `M${steps.join("L")}Z`;
}

export type Room = "both" | "value" | "none";

/** What there is room for in a width, of a name and a number: a character is as wide as the type is high. */
export function findRoom(name: string, shown: string, width: number): Room {
  const size = 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  if (name.length * size <= width) return "both";
  return shown.length * size * 0.6 > width ? "none" : "value";
}
