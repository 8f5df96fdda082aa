// Layers: what plugins declare to be shown on the map, beside the board's own figures.
import { useEffect, useRef, useState } from "preact/hooks";
import { declared, say as title, valueAt, type Column, type DeclaredView } from "../../declared";
import { isNumber } from "../../values";
import { ask } from "../../session";
import { addDays } from "./periods";
import { FIGURES } from "./words";
import type { Measure, Value } from "./places";
import { chinaDay } from "../../times";

/** Days that `$since` and `$today` make. */
const DAYS = 30;

type Row = Record<string, unknown>;

export interface Layer {
  view: DeclaredView;
  column: Column;
  /** What it is called in the address. */
  name: string;
  title: string;
}

/** What maps may be coloured by: each number of each layer that whoever looks is offered. */
export function listLayers(): Layer[] {
  const views = (declared.value ?? []).filter(({ kind }) => kind === "MAP");
  return views.flatMap((view) =>
    view.columns.filter(isNumber).map((column) => ({
      view,
      column,
      name: `${view.name}/${column.path.join(".")}`,
      title: `${title(view)}：${title(column)}`,
    })),
  );
}

/** The rows of a layer by the codes of their places, of the place whose board it is; null while they are not known. */
export function useLayer(layer: Layer | undefined, grid: string): { rows: ReadonlyMap<string, Row> | null; failed: string } {
  const [found, setFound] = useState<{ key: string; rows: Map<string, Row> | null; failed: string } | null>(null);
  const key = layer ? `${layer.view.name} ${grid}` : "";
  const now = useRef(key);
  now.current = key;
  useEffect(() => {
    if (!layer) return;
    const { document, variables: names, rows: path } = layer.view;
    const known: Row = { grid, today: chinaDay(), since: addDays(chinaDay(), 1 - DAYS) };
    const variables = Object.fromEntries(names.filter((name) => name in known).map((name) => [name, known[name]]));
    void ask<object>(document, variables).then((answer) => {
      if (now.current !== key) return;
      const listed = valueAt(answer.data, path);
      const rows = Array.isArray(listed) ? new Map((listed as Row[]).map((row) => [String(row.code), row])) : null;
      setFound({ key, rows, failed: answer.problems[0]?.message ?? "" });
    });
  }, [key]);
  return found?.key === key ? found : { rows: null, failed: "" };
}

/** What a layer's number is of a place. */
export function measureLayer({ column, name }: Layer, rows: ReadonlyMap<string, Row> | null): Measure {
  const last = column.path.at(-1) ?? "";
  const read = ({ code }: { code: string }): Value => {
    const row = rows?.get(code);
    const value = valueAt(row, column.path);
    if (typeof value === "number") return value;
    return row?.suppressed === true ? "withheld" : "nothing";
  };
  // A figure that the board knows has a published formula.
  return { name, formula: last in FIGURES ? last : null, percent: false, bad: false, read };
}
