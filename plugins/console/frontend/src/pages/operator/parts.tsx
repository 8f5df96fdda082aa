// Parts of the operator's pages: panel, table, facts, pages of a list, and the action with its confirmation.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Asked } from "./asking";
import { tell } from "./words";
import { Failure } from "../../failure";
import { ActionForm } from "../../forms/action_form";
import type { Action } from "../../actions";
import { label, tone } from "../../labels";
import { setQuery } from "../../router";
import { showMoment, showTime } from "../../times";
import { colon, say } from "../../words";

/** A part of a page that is loaded by itself, with when that was, and a button. */
export function Panel<Data>(given: {
  id: string;
  title: string;
  asked: Asked<Data>;
  tools?: ComponentChildren;
  children: (data: Data) => ComponentChildren;
}) {
  const { id, title, asked, tools, children } = given;
  return (
    <section id={id} class="panel" aria-labelledby={`${id}-title`} aria-busy={asked.data === undefined && !asked.failed}>
      <div class="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {tools}
        <span class="asof unprinted">
          {asked.at && (
            <span class="quiet">
              {tell("asOf")} {showTime(asked.at)}
            </span>
          )}
          <button type="button" aria-label={`${tell("refresh")} ${title}`} onClick={() => void asked.load()}>
            {tell("refresh")}
          </button>
        </span>
      </div>
      {asked.failed && <Failure message={asked.failed} again={() => void asked.load()} />}
      {asked.data !== undefined ? children(asked.data) : !asked.failed && <p class="quiet">{say("loading")}</p>}
    </section>
  );
}

export interface TableColumn<Row> {
  title: string;
  show: (row: Row) => ComponentChildren;
  number?: boolean;
}

/** Rows under their titles; on a phone a card each. The first column names the row. */
export function DataTable<Row>(given: { caption: string; columns: TableColumn<Row>[]; rows: Row[]; rowKey: (row: Row) => string; none?: string }) {
  const { caption, columns, rows, rowKey, none } = given;
  const [first, ...others] = columns;
  if (rows.length === 0) return <p class="quiet none">{none ?? tell("none")}</p>;
  return (
    <table class="drawn">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ title, number }) => (
            <th scope="col" class={number ? "number" : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={rowKey(row)} data-row={rowKey(row)}>
            <th scope="row">{first!.show(row)}</th>
            {others.map(({ title, show, number }) => (
              <td data-label={title} class={number ? "number" : undefined}>
                {show(row) ?? <span class="quiet">—</span>}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What is known of one object; what is not there is left out. */
export function Facts({ facts }: { facts: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([name, value]) => (
          <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

export const Moment = ({ at }: { at: string | null | undefined }) => (at ? <time dateTime={at}>{showMoment(at)}</time> : <span class="quiet">—</span>);

/** A state by its label; with a tone that its words explain. */
export function Mark({ of, value, hue }: { of?: string; value: string; hue?: "GREEN" | "AMBER" | "RED" | undefined }) {
  return (
    <span class="state" data-value={value} data-tone={hue ?? (of ? tone(of, value) : undefined)}>
      {of ? label(of, value) : value}
    </span>
  );
}

export interface Page {
  hasNextPage: boolean;
  endCursor: string | null;
}

/** A page further back, and the way to the first. */
export function Pages({ page, after, go }: { page: Page; after: string | null; go: (after: string | null) => void }) {
  if (!page.hasNextPage && !after) return null;
  return (
    <p class="buttons">
      {after && (
        <button type="button" onClick={() => go(null)}>
          {tell("latest")}
        </button>
      )}
      {page.hasNextPage && (
        <button type="button" onClick={() => go(page.endCursor)}>
          {tell("older")}
        </button>
      )}
    </p>
  );
}

/** One of several, kept in the address. */
export function Choice({ name, text, value, options }: { name: string; text: string; value: string; options: [string, string][] }) {
  return (
    <label>
      {text}{" "}
      <select name={name} value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value || null })}>
        {options.map(([each, shown]) => (
          <option value={each}>{shown}</option>
        ))}
      </select>
    </label>
  );
}

/** A text or a day to search by, kept in the address once it is whole. */
export function Search({ name, text, value, day }: { name: string; text: string; value: string; day?: boolean }) {
  const given = {
    name,
    value,
    onChange: (event: { currentTarget: HTMLInputElement }) => setQuery({ [name]: event.currentTarget.value.trim() || null }),
  };
  return (
    <label>
      {text} {day ? <input type="date" {...given} /> : <input type="search" {...given} />}
    </label>
  );
}

/** What is done by a mutation: a form with what it still asks for, below what it does. */
export interface Deed {
  mutation: string;
  title: string;
  /** What is decided by the place of the button, and not asked. */
  fixed: Record<string, unknown>;
  version?: number | undefined;
  /** What comes of it, said before it is done. */
  warning?: string;
  /** A field of the payload that is shown once. */
  secret?: { field: string; title: string };
}

/** The deeds of a page: `choose` opens one, `view` is where its form and what came of it are shown. */
export function useDeeds(reload: () => Promise<void>) {
  const [deed, setDeed] = useState<Deed | null>(null);
  const [done, setDone] = useState("");
  const [secret, setSecret] = useState<{ title: string; text: string } | null>(null);
  const finish = (payload: Record<string, unknown>) => {
    setDone(`${tell("done")}${colon()}${deed?.title ?? ""}`);
    const text = deed?.secret && payload[deed.secret.field];
    setSecret(deed?.secret && typeof text === "string" ? { title: deed.secret.title, text } : null);
    setDeed(null);
    void reload();
  };
  const choose = (chosen: Deed) => {
    setDone("");
    setSecret(null);
    setDeed(chosen);
  };
  const view = (
    <>
      <p role="status" id="done">
        {done}
      </p>
      {secret && (
        <div class="notice" id="secret">
          <p>{secret.title}</p>
          <p>
            <code>{secret.text}</code>
          </p>
          <button type="button" onClick={() => setSecret(null)}>
            {tell("close")}
          </button>
        </div>
      )}
      {deed && (
        <ActionForm
          mutation={deed.mutation}
          title={deed.title}
          field={null}
          subject={{ row: {}, version: deed.version, fixed: deed.fixed, warning: deed.warning ?? tell("confirmHint") }}
          answer={deed.secret?.field}
          onDone={finish}
          onClose={() => setDeed(null)}
          onStale={async () => {
            await reload();
            return undefined;
          }}
        />
      )}
    </>
  );
  return { choose, view };
}

export function DeedButton({ text, about, onClick }: { text: string; about?: string; onClick: () => void }) {
  return (
    <button type="button" aria-label={about ? `${text} ${about}` : undefined} onClick={onClick}>
      {text}
    </button>
  );
}

/** Whether the server says that a mutation may be done to an object. */
export const allows = (actions: Action[] | null | undefined, name: string): boolean =>
  (actions ?? []).some((action) => action.name === name && action.allowed);

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${say("title")}`;
  }, [title]);
}

/** The days in China of a filter, as a condition. */
export function between(query: URLSearchParams): { at?: object } {
  const at = (day: string | null) => (day && /^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T00:00:00+08:00` : null);
  const [from, before] = [at(query.get("from")), at(query.get("before"))];
  return from || before ? { at: { ...(from && { from }), ...(before && { before }) } } : {};
}
