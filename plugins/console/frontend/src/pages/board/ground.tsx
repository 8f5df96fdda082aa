// Ground: the places drawn by MapLibre over the operator's base map. Loaded only where there is one: it is large.
import type { FeatureCollection, Geometry } from "geojson";
import { Map as MapLibre, Marker, setWorkerUrl, type GeoJSONSource, type StyleSpecification } from "maplibre-gl";
import { useEffect, useRef, useState } from "preact/hooks";
import { theme } from "../../looks";
import { boundsOf, findRoom, middleOf } from "./geometry";
import type { Area, MapProps } from "./map";
import type { BaseMap } from "./places";
import { tell, type BoardWord } from "./words";

// The worker is a file of ours, which the page's policy allows; its address is put here when the page is built.
setWorkerUrl(new URL("./board_ground_worker.js", import.meta.url).href);

export interface GroundProps extends Pick<MapProps, "label" | "link" | "chosen" | "choose"> {
  areas: Area[];
  base: BaseMap;
  bad: boolean;
  height: number;
  /** Told what is wrong with the map, and null once it is well. */
  fail: (why: BoardWord | null) => void;
}

const WITHHELD = ["small", "withheld", "few"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const TILES = "tiles";

export function Ground(props: GroundProps) {
  const { areas, base, bad, label, chosen, height } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<MapLibre | null>(null);
  const given = useRef(props);
  given.current = props;
  useEffect(() => {
    const opened = openMap(frame.current!, given);
    opened?.once("load", () => setMap(opened));
    return () => opened?.remove();
  }, []);
  useEffect(() => void map?.getCanvas().setAttribute("aria-label", label), [map, label]);
  useEffect(() => {
    void map?.getSource<GeoJSONSource>("places")?.setData(toFeatures(areas));
  }, [map, areas.map(({ code, level }) => `${code} ${level}`).join()]);
  useEffect(() => void map?.setFilter("chosen", ["==", ["get", "code"], chosen ?? ""]), [map, chosen]);
  useEffect(() => {
    if (!map) return;
    const colour = () => colourMap(map, given.current.bad);
    colour();
    dark.addEventListener("change", colour);
    return () => dark.removeEventListener("change", colour);
  }, [map, bad, theme.value]);
  useNames(map, given, areas);
  return (
    <div class="ground">
      <div class="ground-canvas" ref={frame} style={{ height: `${Math.ceil(height)}px` }} />
      <div class="ground-buttons">
        {(["nearer", "farther", "whole"] as const).map((way) => (
          <button type="button" title={tell(way)} aria-label={tell(way)} data-way={way} onClick={() => map && moveMap(map, way, areas)} />
        ))}
      </div>
      <p class="ground-source">
        {tell("ground")}：{base.attribution}
        {base.approval && ` · ${tell("approval")}：${base.approval}`}
      </p>
    </div>
  );
}

type Given = { current: GroundProps };

/** How all places are brought into view: beside the buttons, where those lie over the map. */
const fitting = () => ({ padding: { top: 16, bottom: 32, left: 16, right: matchMedia("(width <= 48rem)").matches ? 16 : 64 }, animate: false });

function moveMap(map: MapLibre, way: "nearer" | "farther" | "whole", areas: Area[]): void {
  if (way === "nearer") map.zoomIn({ animate: false }, { byHand: true });
  else if (way === "farther") map.zoomOut({ animate: false }, { byHand: true });
  else map.fitBounds(boundsOf(areas.map(({ outline }) => outline)), fitting(), { byHand: false });
}

/** Bring all places into view again when the map gets another size, such as on a phone that is turned, unless somebody has moved it. */
function keepWhole(map: MapLibre, given: Given): void {
  let moved = false;
  map.on("movestart", (event) => {
    if ("byHand" in event) moved = event.byHand === true;
    else if (event.originalEvent) moved = true;
  });
  map.on("resize", () => {
    if (!moved) moveMap(map, "whole", given.current.areas);
  });
}

/** Open a map in an element; where that fails it is told, and there is none. */
function openMap(container: HTMLElement, given: Given): MapLibre | undefined {
  const { base, areas, label } = given.current;
  let map: MapLibre;
  try {
    map = new MapLibre({
      container,
      style: layOut(base),
      bounds: boundsOf(areas.map(({ outline }) => outline)),
      fitBoundsOptions: fitting(),
      // Tiles are of 256 pixels, and levels of the map count those of 512.
      minZoom: Math.max(0, base.minZoom - 1),
      maxZoom: base.maxZoom,
      attributionControl: false,
      cooperativeGestures: true,
      dragRotate: false,
      touchPitch: false,
      renderWorldCopies: false,
      fadeDuration: 0,
      locale: {
        "Map.Title": label,
        "CooperativeGesturesHandler.WindowsHelpText": tell("ctrlScroll"),
        "CooperativeGesturesHandler.MacHelpText": tell("commandScroll"),
        "CooperativeGesturesHandler.MobileHelpText": tell("twoFingers"),
      },
    });
  } catch {
    given.current.fail("noGraphics");
    return undefined;
  }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.on("webglcontextlost", () => given.current.fail("lostGraphics"));
  keepWhole(map, given);
  watchTiles(map, (well) => given.current.fail(well ? null : "noTiles"));
  map.on("click", "fill", ({ features }) => {
    location.assign(given.current.link(String(features?.[0]?.properties.code)));
  });
  map.on("mousemove", "fill", ({ features }) => {
    map.getCanvas().style.cursor = "pointer";
    given.current.choose(String(features?.[0]?.properties.code));
  });
  map.on("mouseleave", "fill", () => {
    map.getCanvas().style.cursor = "";
    given.current.choose(null);
  });
  return map;
}

/** Tell, whenever the map has what it will get, whether a tile of what is shown failed, or none has ever come. */
function watchTiles(map: MapLibre, tell: (well: boolean) => void): void {
  let [came, failed] = [0, 0];
  map.on("movestart", () => {
    failed = 0;
  });
  // A tile that is not there (404) is no error to MapLibre: maps end somewhere.
  map.on("error", () => {
    failed++;
  });
  map.on("sourcedata", (event) => {
    if (event.sourceId.startsWith(TILES) && event.tile?.state === "loaded") came++;
  });
  let told = true;
  map.on("idle", () => {
    const well = failed === 0 && came > 0;
    if (well !== told) tell(well);
    told = well;
  });
}

function layOut({ tiles, minZoom, maxZoom }: BaseMap): StyleSpecification {
  const lain = tiles.map((template, at) => ({ id: `${TILES}${at}`, template }));
  const empty = { type: "FeatureCollection" as const, features: [] };
  return {
    version: 8,
    sources: {
      ...Object.fromEntries(
        lain.map(({ id, template }) => [id, { type: "raster" as const, tiles: [template], tileSize: 256, minzoom: minZoom, maxzoom: maxZoom }]),
      ),
      places: { type: "geojson", data: empty },
    },
    layers: [
      { id: "ground", type: "background" },
      ...lain.map(({ id }) => ({ id, type: "raster" as const, source: id })),
      { id: "fill", type: "fill", source: "places" },
      { id: "hatch", type: "fill", source: "places", filter: ["in", ["get", "level"], ["literal", WITHHELD]] },
      { id: "edge", type: "line", source: "places" },
      { id: "chosen", type: "line", source: "places", filter: ["==", ["get", "code"], ""], paint: { "line-width": 3 } },
    ],
  };
}

function toFeatures(areas: Area[]): FeatureCollection {
  const features = areas.map(({ code, level, outline }) => ({
    type: "Feature" as const,
    properties: { code, level },
    geometry: outline as unknown as Geometry, // which it is but for being read-only
  }));
  return { type: "FeatureCollection", features };
}

const isDark = (): boolean => theme.value === "dark" || (theme.value === "system" && dark.matches);

/** Give the map the colours of the page, which the drawing has by its style. */
function colourMap(map: MapLibre, bad: boolean): void {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const classes = [1, 2, 3, 4, 5].flatMap((at) => [String(at), colour(`${bad ? "b" : "c"}${at}`)]);
  map.setPaintProperty("ground", "background-color", colour("page"));
  map.setPaintProperty("fill", "fill-color", ["match", ["get", "level"], "0", colour("c0"), ...classes, colour("page")] as never);
  map.setPaintProperty("fill", "fill-opacity", ["match", ["get", "level"], WITHHELD, 0, ["0", "nothing"], 0.35, 0.65]);
  map.setPaintProperty("edge", "line-color", colour("edge"));
  map.setPaintProperty("edge", "line-width", 1.5);
  map.setPaintProperty("chosen", "line-color", colour("ink"));
  if (map.hasImage("hatched")) map.removeImage("hatched");
  map.addImage("hatched", drawHatch(colour("paper"), colour("edge")), { pixelRatio: 2 });
  map.setPaintProperty("hatch", "fill-pattern", "hatched");
  map.setPaintProperty("hatch", "fill-opacity", 0.8);
  for (const { id } of map.getStyle().layers.filter(({ type }) => type === "raster")) {
    map.setPaintProperty(id, "raster-brightness-max", isDark() ? 0.45 : 1);
    map.setPaintProperty(id, "raster-saturation", isDark() ? -0.6 : -0.2);
  }
}

function drawHatch(ground: string, line: string): ImageData {
  const size = 20;
  const context = new OffscreenCanvas(size, size).getContext("2d")!;
  context.fillStyle = ground;
  context.fillRect(0, 0, size, size);
  context.strokeStyle = line;
  context.lineWidth = 3;
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift - 2, size + 2);
    context.lineTo(shift + size + 2, -2);
  }
  context.stroke();
  return context.getImageData(0, 0, size, size);
}

/** Put the name of each place on the map as a link: text of the page needs no server of glyphs, and takes the keyboard. */
function useNames(map: MapLibre | null, given: Given, areas: Area[]): void {
  const links = useRef<Map<string, { element: HTMLAnchorElement; at: ReturnType<typeof middleOf> }>>(new Map());
  useEffect(() => {
    if (!map) return;
    for (const { code, outline } of areas) {
      const at = middleOf(outline);
      const element = makeLink(code, map, given, [at.x, at.y]);
      new Marker({ element }).setLngLat([at.x, at.y]).addTo(map);
      links.current.set(code, { element, at });
    }
    const fit = () => fitNames(map, given.current.areas, links.current);
    map.on("zoom", fit);
    map.on("resize", fit);
    return () => links.current.clear();
  }, [map]);
  useEffect(() => {
    if (!map) return;
    for (const { code, name, text, shown, level } of areas) {
      const element = links.current.get(code)?.element;
      if (!element) continue;
      element.href = given.current.link(code);
      element.setAttribute("aria-label", text);
      element.title = text;
      element.dataset.level = level;
      const [first, second] = element.children as unknown as [HTMLElement, HTMLElement];
      [first.textContent, second.textContent] = [name, shown];
    }
    fitNames(map, areas, links.current);
  });
}

function makeLink(code: string, map: MapLibre, given: Given, at: [number, number]): HTMLAnchorElement {
  const element = document.createElement("a");
  element.className = "area-name";
  element.dataset.code = code;
  element.append(document.createElement("span"), document.createElement("b"));
  element.addEventListener("focus", () => {
    given.current.choose(code);
    if (!map.getBounds().contains(at)) map.jumpTo({ center: at });
    // Browsers scroll what they focus into view, also what is moved there by a transformation.
    map.getContainer().scrollTo(0, 0);
  });
  element.addEventListener("blur", () => given.current.choose(null));
  return element;
}

/** Show as much of each name as there is room for. */
function fitNames(map: MapLibre, areas: Area[], links: Map<string, { element: HTMLAnchorElement; at: ReturnType<typeof middleOf> }>): void {
  for (const { code, name, shown } of areas) {
    const link = links.get(code);
    if (!link) continue;
    const { west, east, y } = link.at;
    link.element.dataset.room = findRoom(name, shown, map.project([east, y]).x - map.project([west, y]).x);
  }
}
