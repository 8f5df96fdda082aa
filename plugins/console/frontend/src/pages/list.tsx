// List: the rows of a declared view, with its filters, their counts, and the forms that it offers.
import { useEffect, useRef, useState } from "preact/hooks";
import { DeskMenu } from "./plugin_desk";
import { TOWNS } from "../documents";
import { loadGrids, say as title, valueAt, type DeclaredForm, type DeclaredView, type Filter } from "../declared";
import { Failure } from "../failure";
import { ActionForm } from "../forms/action_form";
import type { Coded } from "../forms/inputs";
import { label, loadLabels, namesOf } from "../labels";
import { onChange } from "../live";
import { linkTo, setQuery } from "../router";
import { ask, checkSession } from "../session";
import { colon, language, say } from "../words";
import { Cell, isNumber, labelled } from "../values";
import { chinaDay } from "../times";

const PAGE = 30;
/** What the address calls the grid that a document is about; a condition may be called grid. */
const PLACE = "place";

interface Row {
  id?: string;
  [name: string]: unknown;
}

interface Listed {
  data: unknown;
  rows: Row[];
  total: number | undefined;
  end: string | null;
}

/** What is chosen of a filter: by the address, or else what the view begins with. */
const chosenOf = ({ name, initial }: Filter, query: URLSearchParams): string => query.get(name) ?? initial ?? "";

/** The condition that a filter makes of what is chosen; undefined for none. */
function conditionOf(filter: Filter, query: URLSearchParams): unknown {
  if (filter.type === "Date" || filter.type === "DateTime") {
    // Days are China's, wherever the browser is.
    const at = (day: string) => (filter.type === "Date" ? day : `${day}T00:00:00+08:00`);
    const [from, before] = [query.get(`${filter.name}.from`), query.get(`${filter.name}.before`)];
    return from || before ? { ...(from && { from: at(from) }), ...(before && { before: at(before) }) } : undefined;
  }
  const chosen = chosenOf(filter, query);
  if (!chosen) return undefined;
  if (filter.type === "Boolean") return { equals: chosen === "true" };
  return { [filter.type === "Grid" ? "within" : filter.type === "String" ? "contains" : "equals"]: chosen };
}

/** The variables of a view's document that a page fills, but where a page of rows begins. */
export function fillVariables(view: DeclaredView, query: URLSearchParams, grid: string | undefined): Record<string, unknown> {
  const conditions = view.filters.map((filter) => [filter.name, conditionOf(filter, query)] as const);
  const known: Record<string, unknown> = {
    first: PAGE,
    grid,
    today: chinaDay(),
    // Also if it is empty: else the document's own default would hold.
    filter: Object.fromEntries(conditions.filter(([, condition]) => condition !== undefined)),
  };
  return Object.fromEntries(view.variables.filter((name) => name in known).map((name) => [name, known[name]]));
}

export function ListPage({ view, query }: { view: DeclaredView; query: URLSearchParams }) {
  const [listed, setListed] = useState<Listed | null>(null);
  const [failed, setFailed] = useState("");
  const [grids, setGrids] = useState<Coded[] | null>(view.variables.includes("grid") ? null : []);
  const [form, setForm] = useState<DeclaredForm | null>(null);
  const [done, setDone] = useState("");
  const grid = query.get(PLACE) ?? grids?.[0]?.code;
  const asked = query.toString();
  const now = useRef(asked);
  now.current = asked;

  const load = async (after: string | null = null, before: Row[] = []) => {
    const variables = { ...fillVariables(view, query, grid), ...(view.variables.includes("after") && { after }) };
    const found = await ask<object>(view.document, variables);
    if (now.current !== asked) return; // another filter was chosen meanwhile
    const rows = valueAt(found.data, view.rows);
    const problem = found.ok ? undefined : found.problems[0];
    // A list that one may not see is null, with or without a word.
    const refused = !problem || problem.code === "FORBIDDEN";
    if (!Array.isArray(rows)) {
      setFailed(refused ? say("noRights") : problem.message);
      if (refused) void checkSession();
      return;
    }
    setFailed("");
    const above = valueAt(found.data, view.rows.slice(0, -1)) as Record<string, any> | undefined;
    const end = above?.pageInfo?.hasNextPage ? (above.pageInfo.endCursor as string) : null;
    const all = [...before, ...(rows as Row[])];
    setListed({ data: found.data, rows: all, total: above?.totalCount ?? (end ? undefined : all.length), end });
    // Strangers are answered, with nothing: maybe the session is over.
    if (all.length === 0) void checkSession();
  };

  useEffect(() => {
    document.title = `${title(view)} · ${say("title")}`;
  }, [language.value]);
  useEffect(() => {
    void loadLabels([...labelled(view.columns), ...labelled(view.filters.map((filter) => ({ ...filter, path: [], owner: null, ownerId: [] })))]);
    if (grids === null) void loadGrids().then(setGrids);
  }, []);
  useEffect(() => {
    if (grids === null) return;
    void load();
    return onChange((numbers) => {
      if (numbers === null) void load();
    });
  }, [asked, grids, language.value]);

  return (
    <>
      <DeskMenu plugin={view.plugin} here={view.name} />
      <h1>{title(view)}</h1>
      {view.forms.length > 0 && (
        <p class="buttons unprinted">
          {view.forms.map((one) => (
            <button type="button" data-form={one.mutation} onClick={() => setForm(one)}>
              {title(one)}
            </button>
          ))}
        </p>
      )}
      <p role="status" id="done">
        {done}
      </p>
      {failed && <Failure message={failed} again={() => void load()} />}
      {!listed && !failed && <p class="quiet">{say("loading")}</p>}
      {listed && (
        <>
          <Filters view={view} query={query} data={listed.data} grids={grids ?? []} />
          <p id="found" role="status">
            {listed.total} {say("rows")}
          </p>
          {listed.rows.length === 0 ? <p id="nothing">{say("noRows")}</p> : <Rows view={view} rows={listed.rows} />}
          {listed.end && (
            <button type="button" id="more" onClick={() => void load(listed.end, listed.rows)}>
              {say("more")}
            </button>
          )}
        </>
      )}
      {form && (
        <ActionForm
          mutation={form.mutation}
          title={title(form)}
          field={null}
          subject={{ row: {} }}
          onDone={() => {
            setDone(`${say("done")}${colon()}${title(form)}`);
            setForm(null);
            void load();
          }}
          onClose={() => setForm(null)}
          onStale={async () => undefined}
        />
      )}
    </>
  );
}

interface Chosen {
  view: DeclaredView;
  query: URLSearchParams;
  data: unknown;
  grids: Coded[];
}

function Filters({ view, query, data, grids }: Chosen) {
  const [towns, setTowns] = useState<Coded[]>([]);
  const places = view.filters.some(({ type }) => type === "Grid");
  useEffect(() => {
    if (!places) return;
    void ask<{ grids: { nodes: Coded[] } }>(TOWNS).then(({ data }) => setTowns(data?.grids?.nodes ?? []));
  }, []);
  if (view.filters.length === 0 && grids.length < 2) return null;
  return (
    <section class="filters" aria-label={say("filters")}>
      {grids.length > 1 && (
        <Choice name={PLACE} text={say("myGrid")} value={query.get(PLACE) ?? grids[0]!.code} options={grids.map(({ code, name }) => [code, name])} />
      )}
      {view.filters.map((filter) => (
        <Choose key={filter.name} filter={filter} query={query} data={data} towns={towns} />
      ))}
    </section>
  );
}

function Choose({ filter, query, data, towns }: { filter: Filter; query: URLSearchParams; data: unknown; towns: Coded[] }) {
  const { name, type } = filter;
  const given = { name, text: title(filter), value: chosenOf(filter, query) };
  if (type === "Date" || type === "DateTime") {
    return (
      <fieldset class="span">
        <legend>{given.text}</legend>
        {(["from", "before"] as const).map((end) => (
          <label>
            {say(end === "from" ? "from" : "until")}{" "}
            <input
              type="date"
              name={`${name}.${end}`}
              value={query.get(`${name}.${end}`) ?? ""}
              onChange={(event) => setQuery({ [`${name}.${end}`]: event.currentTarget.value || null })}
            />
          </label>
        ))}
      </fieldset>
    );
  }
  if (type === "String") {
    return (
      <label>
        {given.text}{" "}
        <input type="search" name={name} value={given.value} onChange={(event) => setQuery({ [name]: event.currentTarget.value || null })} />
      </label>
    );
  }
  const every: [string, string] = ["", say("every")];
  if (type === "Grid") return <Choice {...given} options={[every, ...towns.map(({ code, name }) => [code, name] as [string, string])]} />;
  if (type === "Boolean") return <Choice {...given} options={[every, ["true", say("yes")], ["false", say("no")]]} />;
  const counted = (filter.counts.length > 0 ? valueAt(data, filter.counts) : undefined) as { values: (string | null)[]; count: number }[] | undefined;
  const text = (value: string) => {
    const count = counted?.find(({ values }) => values[0] === value)?.count;
    return filter.counts.length > 0 ? `${label(type, value)}（${count ?? 0}）` : label(type, value);
  };
  return <Choice {...given} options={[every, ...namesOf(type).map((value) => [value, text(value)] as [string, string])]} />;
}

function Choice({ name, text, value, options }: { name: string; text: string; value: string; options: [string, string][] }) {
  return (
    <label>
      {text}{" "}
      {/* Empty is a choice of its own: of a filter that begins with something it says that nothing is chosen. */}
      <select name={name} value={value} onChange={(event) => setQuery({ [name]: event.currentTarget.value })}>
        {options.map(([each, shown]) => (
          <option value={each}>{shown}</option>
        ))}
      </select>
    </label>
  );
}

function Rows({ view, rows }: { view: DeclaredView; rows: Row[] }) {
  const [first, ...others] = view.columns;
  return (
    <table id="rows" class="drawn">
      <caption class="unseen">{title(view)}</caption>
      <thead>
        <tr>
          {view.columns.map((column) => (
            <th scope="col" class={isNumber(column) ? "number" : undefined}>
              {title(column)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={row.id ?? at} data-id={row.id}>
            <th scope="row">
              {view.opens && row.id ? (
                <a href={linkTo("views", view.opens, row.id)}>
                  <Cell column={{ ...first!, owner: null }} row={row} />
                </a>
              ) : (
                <Cell column={first!} row={row} />
              )}
            </th>
            {others.map((column) => (
              <td data-label={title(column)} class={isNumber(column) ? "number" : undefined}>
                <Cell column={column} row={row} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
