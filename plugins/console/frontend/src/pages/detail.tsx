// Detail: one object as a declared view shows it, with what one may do to it.
import { useEffect, useState } from "preact/hooks";
import { DeskMenu } from "./plugin_desk";
import { Actions, Section, type Action } from "../actions";
import { detailOf, findView, declared, say as title, valueAt, type DeclaredView, type Table } from "../declared";
import { Failure } from "../failure";
import { ActionForm } from "../forms/action_form";
import { label, loadLabels } from "../labels";
import { onChange, tellChange } from "../live";
import { linkTo } from "../router";
import { ask, checkSession } from "../session";
import { colon, language, say } from "../words";
import { Cell, isNumber, labelled } from "../values";
import { chinaDay } from "../times";

interface Found {
  id?: string;
  version?: number;
  actions?: Action[] | null;
  [name: string]: unknown;
}

/** A form that is open: of an action, or of a mutation that the view names. */
interface Open {
  mutation: string;
  title: string;
  field?: string | null;
}

export function DetailPage({ view, id }: { view: DeclaredView; id: string }) {
  const [found, setFound] = useState<Found | null | undefined>(undefined);
  const [failed, setFailed] = useState("");
  const [partly, setPartly] = useState(false);
  const [open, setOpen] = useState<Open | null>(null);
  const [done, setDone] = useState("");

  const load = async () => {
    const answer = await ask<object>(view.document, { id, ...(view.variables.includes("today") && { today: chinaDay() }) });
    const loaded = valueAt(answer.data, view.rows) as Found | null | undefined;
    const problem = answer.ok ? undefined : answer.problems[0];
    if (!loaded && problem && problem.code !== "NOT_FOUND" && problem.code !== "FORBIDDEN") {
      setFailed(problem.message);
      return undefined;
    }
    setFailed("");
    setPartly(Boolean(loaded) && problem?.code === "FORBIDDEN");
    // An id of another type is answered with an object in which nothing is.
    const there = loaded && (view.columns.length === 0 || Object.keys(loaded).length > 0) ? loaded : null;
    setFound(there);
    if (!there) void checkSession();
    return there?.version;
  };
  useEffect(() => {
    void loadLabels(labelled([...view.columns, ...view.tables.flatMap(({ columns }) => columns)]));
  }, []);
  useEffect(() => {
    void load();
    return onChange((numbers) => {
      if (numbers === null) void load();
    });
  }, [language.value]);
  const heading = view.columns[0]!;
  useEffect(() => {
    document.title = `${title(view)} · ${say("title")}`;
  }, [language.value]);

  const finish = () => {
    setDone(`${say("done")}${colon()}${open?.title ?? ""}`);
    setOpen(null);
    tellChange(null);
  };
  if (failed) return <Failure message={failed} again={() => void load()} />;
  if (found === undefined) return <p class="quiet">{say("loading")}</p>;
  const from = declared.value?.find(({ kind, opens }) => kind === "LIST" && opens === view.name);
  const further = view.forms.map(({ mutation, subject, ...named }) => ({ mutation, field: subject, title: title(named) }));
  const offered: Action[] = [
    ...(found?.actions ?? []),
    ...further.map(({ mutation, title }) => ({ name: mutation, label: title, allowed: true, reason: null })),
  ];
  const choose = ({ name, label }: Action) =>
    setOpen(further.find(({ mutation }) => mutation === name) ?? { mutation: name, title: label });
  return (
    <article class="case">
      <DeskMenu plugin={view.plugin} here={from?.name ?? view.name} />
      {from && (
        <p class="unprinted">
          <a href={linkTo("views", from.name)}>
            ← {say("up")} {title(from)}
          </a>
        </p>
      )}
      {found === null ? (
        <h1 id="no-object">{say("noObject")}</h1>
      ) : (
        <h1>
          <Cell column={{ ...heading, owner: null }} row={found} />
        </h1>
      )}
      <p role="status" id="done">
        {done}
      </p>
      {found && (
        <>
          {offered.length > 0 && <Actions actions={offered} choose={choose} />}
          <Section title={title(view)} id="values">
            {partly && <p class="quiet">{say("withheld")}</p>}
            <dl>
              {view.columns.map((column) => (
                <div>
                  <dt>{title(column)}</dt>
                  <dd>
                    <Cell column={column} row={found} />
                  </dd>
                </div>
              ))}
            </dl>
          </Section>
          {view.tables.map((table) => (
            <TableOf key={table.path.join()} table={table} rows={valueAt(found, table.path) as Found[] | null | undefined} />
          ))}
          {open && (
            <ActionForm
              {...open}
              subject={{ row: found, version: found.version }}
              onDone={finish}
              onClose={() => setOpen(null)}
              onStale={load}
            />
          )}
        </>
      )}
    </article>
  );
}

/** What an object has several of; nothing where the viewer may not see it. */
function TableOf({ table, rows }: { table: Table; rows: Found[] | null | undefined }) {
  if (!rows) return null;
  const [first, ...others] = table.columns;
  const detail = detailOf(table.type);
  return (
    <Section title={title(table)} id={`table-${table.path.join("-")}`}>
      {rows.length === 0 ? (
        <p class="quiet">{say("noneYet")}</p>
      ) : (
        <table class="drawn">
          <caption class="unseen">{title(table)}</caption>
          <thead>
            <tr>
              {table.columns.map((column) => (
                <th scope="col" class={isNumber(column) ? "number" : undefined}>
                  {title(column)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                <th scope="row">
                  {detail && row.id ? (
                    <a href={linkTo("views", detail.name, row.id)}>
                      <Cell column={first!} row={row} />
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
      )}
    </Section>
  );
}
