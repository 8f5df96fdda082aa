// Values: what an answer has, as people read it, by its type.
import { detailOf, valueAt, type Column } from "./declared";
import { label, tone } from "./labels";
import { linkTo } from "./router";
import { showDay, showMoment } from "./times";
import { say } from "./words";

const PLAIN = ["String", "ID", "Int", "Float", "Decimal", "JSON", "UUID"];
const BUILT_IN = [...PLAIN, "Boolean", "Date", "DateTime", "Time"];

/** The types of columns that have labels of their own. */
export const labelled = (columns: readonly Column[]): string[] =>
  columns.map(({ type }) => type).filter((type) => !BUILT_IN.includes(type));

/** Whether a column is best read at the right, one number below the other. */
export const isNumber = ({ type }: Column): boolean => ["Int", "Float", "Decimal"].includes(type);

export function Cell({ column, row }: { column: Column; row: unknown }) {
  const value = valueAt(row, column.path);
  if (value === null || value === undefined || value === "") return <span class="quiet">—</span>;
  const shown = Array.isArray(value) ? value.map((one) => <Value type={column.type} value={one} />) : <Value type={column.type} value={value} />;
  const detail = detailOf(column.owner);
  const id = valueAt(row, column.ownerId);
  return detail && typeof id === "string" ? <a href={linkTo("views", detail.name, id)}>{shown}</a> : <>{shown}</>;
}

function Value({ type, value }: { type: string; value: unknown }) {
  const text = String(value);
  if (type === "Boolean") return <>{say(value ? "yes" : "no")}</>;
  if (type === "Date") return <time dateTime={text}>{showDay(text)}</time>;
  if (type === "DateTime") return <time dateTime={text}>{showMoment(text)}</time>;
  if (text.startsWith("data:image/")) return <img class="shown" src={text} alt="" />;
  if (/^https?:/.test(text) || text.startsWith("/files/")) {
    return (
      <a href={text} target="_blank" rel="noopener">
        {say("show")}
      </a>
    );
  }
  if (PLAIN.includes(type)) return <span class="written">{text}</span>;
  return (
    <span class="state" data-value={text} data-tone={tone(type, text)}>
      {label(type, text)}
    </span>
  );
}
