// Public: what is published for everybody: notices, village affairs, open data, rules and promises.
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "@gongzhi/client";
import { label, loadLabels } from "../../labels";
import { linkTo } from "../../router";
import { askOnce } from "../../session";
import { chinaDay, showDay } from "../../times";
import { colon } from "../../words";
import { AFFAIRS, BULLETINS, BULLETIN_FILE, DATASETS, PROMISES } from "./documents";
import { Block, Fact, Missing, Page, explain, useLoaded } from "./parts";
import { tell, type ResidentWord } from "./words";

const PARTS = ["notices", "affairs", "data", "rules"] as const;
const KINDS = ["BulletinKind", "AffairKind", "OpenDatasetKind"];

export function PublicPage({ part }: { part: string | undefined }) {
  const here = PARTS.find((one) => one === part) ?? "notices";
  useEffect(() => void loadLabels(KINDS), []);
  return (
    <Page name="public">
      <nav class="lists unprinted" aria-label={tell("public")}>
        {PARTS.map((one) => (
          <a href={linkTo("public", one)} aria-current={one === here ? "page" : undefined}>
            {tell(one)}
          </a>
        ))}
      </nav>
      {here === "notices" && <Bulletins />}
      {here === "affairs" && <Affairs />}
      {here === "data" && <Datasets />}
      {here === "rules" && <Promises />}
    </Page>
  );
}

interface Paged<Row> {
  nodes: Row[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

/** A list of which more comes when somebody asks. */
export function usePages<Row, Data>(document: string, read: (data: Data) => Paged<Row> | null | undefined) {
  const { data, problem, load } = useLoaded<Data>(document, { after: null });
  const [further, setFurther] = useState<Paged<Row>[]>([]);
  const [failed, setFailed] = useState<Problem | null>(null);
  const first = data ? read(data) : null;
  const pages = first ? [first, ...further] : [];
  const last = pages.at(-1)?.pageInfo;
  const more = async () => {
    const found = await askOnce<Data>(document, { after: last?.endCursor });
    const page = found.data ? read(found.data) : null;
    setFailed(found.ok ? null : found.problems[0]);
    if (page) setFurther((now) => [...now, page]);
  };
  const again = () => {
    setFurther([]);
    return load();
  };
  return { data, loaded: data !== null, rows: first ? pages.flatMap(({ nodes }) => nodes) : null, problem, again, more: last?.hasNextPage ? more : null, failed };
}

export function More({ more, failed }: { more: (() => Promise<void>) | null; failed: Problem | null }) {
  return (
    <>
      <p role="status">{failed && explain(failed)}</p>
      {more && (
        <button type="button" id="more" onClick={() => void more()}>
          {tell("more")}
        </button>
      )}
    </>
  );
}

interface Bulletin {
  id: string;
  kind: string;
  title: string;
  text: string;
  publishedAt: string;
  until: string | null;
  grid: { name: string } | null;
  attachments: { id: string; name: string }[];
}

const dayOf = (at: string): string => showDay(new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 10));

function Bulletins() {
  const list = usePages<Bulletin, { bulletins: Paged<Bulletin> | null }>(BULLETINS, ({ bulletins }) => bulletins);
  if (!list.rows) return <Missing {...list} again={() => void list.again()} />;
  if (list.rows.length === 0) return <p>{tell("noneHere")}</p>;
  return (
    <>
      {list.rows.map(({ id, kind, title, text, publishedAt, until, grid, attachments }) => (
        <article class="card" key={id}>
          <h2>{title}</h2>
          <p class="quiet">
            {label("BulletinKind", kind)} · {grid?.name} · {dayOf(publishedAt)}
            {until && ` · ${tell("until")} ${dayOf(until)}`}
          </p>
          <p class="written">{text}</p>
          {attachments.map((file) => (
            <PublishedFile key={file.id} {...file} />
          ))}
        </article>
      ))}
      <More {...list} />
    </>
  );
}

/** A file comes whole in an answer, so it is asked for when somebody wants it. */
function PublishedFile({ id, name }: { id: string; name: string }) {
  const [told, setTold] = useState("");
  const fetchFile = async () => {
    const found = await askOnce<{ node: { url: string } | null }>(BULLETIN_FILE, { id });
    const address = found.data?.node?.url;
    setTold(address ? "" : found.problems[0] ? explain(found.problems[0]) : tell("noneHere"));
    if (!address) return;
    const link = Object.assign(document.createElement("a"), { href: address, download: name });
    link.click();
  };
  return (
    <p>
      <button type="button" onClick={() => void fetchFile()}>
        {tell("download")} {name}
      </button>{" "}
      <span role="status">{told}</span>
    </p>
  );
}

interface Disclosure {
  id: string;
  text: string | null;
  beginsOn: string;
  endsOn: string;
  publishedAt: string | null;
  committeeAt: string | null;
  supervisionAt: string | null;
  grid: { name: string } | null;
  affair: { title: string; kind: string } | null;
  figures: { id: string; name: string; opening: string; increase: string; decrease: string; closing: string; unit: string }[];
}

interface Owed {
  villageAffairs: { nodes: { id: string; title: string; dueOn: string | null; grid: { name: string } | null }[] } | null;
}

function Affairs() {
  const list = usePages<Disclosure, { villageDisclosures: Paged<Disclosure> | null } & Owed>(AFFAIRS, (data) => data.villageDisclosures);
  if (!list.rows) return <Missing {...list} again={() => void list.again()} />;
  const owed = list.data?.villageAffairs?.nodes ?? [];
  return (
    <>
      {list.rows.length === 0 && <p>{tell("noneHere")}</p>}
      {list.rows.map((one) => (
        <article class="card" key={one.id}>
          <h2>
            {one.grid?.name} {one.affair?.title}
          </h2>
          <p class="quiet">
            {tell("period")} {showDay(one.beginsOn)} – {showDay(one.endsOn)}
            {one.publishedAt && ` · ${tell("wherePublished")} ${dayOf(one.publishedAt)}`}
            {one.committeeAt && one.supervisionAt && ` · ${tell("signed")}`}
          </p>
          <p class="written">{one.text}</p>
          {one.figures.length > 0 && <Figures rows={one.figures} />}
        </article>
      ))}
      <More {...list} />
      {owed.length > 0 && (
        <Block id="owed" name="overdueTitle">
          <ul class="dots">
            {owed.map(({ id, title, dueOn, grid }) => (
              <li key={id}>
                {grid?.name} {title} {dueOn && `${tell("overdue")} ${showDay(dueOn)}`}
              </li>
            ))}
          </ul>
        </Block>
      )}
    </>
  );
}

const SUMS = ["opening", "increase", "decrease", "closing"] as const;

function Figures({ rows }: { rows: Disclosure["figures"] }) {
  return (
    <table class="drawn">
      <thead>
        <tr>
          <th scope="col">{tell("item")}</th>
          {SUMS.map((one) => (
            <th scope="col" class="number">
              {tell(one)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.id}>
            <th scope="row">{row.name}</th>
            {SUMS.map((one) => (
              <td class="number" data-label={tell(one)}>
                {row[one]}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface Dataset {
  id: string;
  kind: string;
  since: string;
  until: string;
  csv: string | null;
  json: string | null;
  licence: string;
  grid: { name: string } | null;
}

function Datasets() {
  const { data, problem, load } = useLoaded<{ openDatasets: { nodes: Dataset[] } | null }>(DATASETS);
  if (!data?.openDatasets) return <Missing loaded={data !== null} problem={problem} again={() => void load()} />;
  const published = data.openDatasets.nodes.filter(({ csv }) => csv);
  if (published.length === 0) return <p>{tell("noneHere")}</p>;
  return (
    <>
      {published.map(({ id, kind, since, until, csv, json, licence, grid }) => (
        <article class="card" key={id}>
          <h2>
            {grid?.name} {label("OpenDatasetKind", kind)}
          </h2>
          <p class="quiet">
            {showDay(since)} – {showDay(until)} · {tell("licence")} {licence}
          </p>
          <p class="buttons">
            <a class="button" href={csv ?? ""} download>
              {tell("download")} CSV
            </a>
            <a class="button" href={json ?? ""} download>
              {tell("download")} JSON
            </a>
          </p>
        </article>
      ))}
    </>
  );
}

interface Promised {
  algorithms: Record<"name" | "version" | "purpose" | "formula" | "limits" | "owner" | "contact" | "basis" | "since", string>[];
  privacyNotices: { purpose: string; version: number; title: string; text: string; basis: string; consent: boolean; since: string }[];
  retention: { table: string; what: string; months: number | null; personal: boolean; basis: string }[];
}

/** Of each purpose the text that holds: the highest version that has begun. */
export function currentNotices<Notice extends { purpose: string; version: number; since?: string }>(notices: Notice[], day: string): Notice[] {
  const begun = notices.filter(({ since }) => !since || since <= day);
  const newest = new Map<string, Notice>();
  for (const one of begun) if (one.version >= (newest.get(one.purpose)?.version ?? 0)) newest.set(one.purpose, one);
  return [...newest.values()];
}

function Promises() {
  const { data, problem, load } = useLoaded<Promised>(PROMISES);
  if (!data?.privacyNotices) return <Missing problem={problem} again={() => void load()} />;
  const facts = (card: Promised["algorithms"][number]): [ResidentWord, string][] => [
    ["howDecides", card.formula],
    ["limits", card.limits],
    ["basis", card.basis],
    ["version", card.version],
    ["ask", `${card.owner} · ${card.contact}`],
  ];
  return (
    <>
      <Block id="notice" name="notice">
        {currentNotices(data.privacyNotices, chinaDay()).map(({ purpose, title, text, basis }) => (
          <details key={purpose}>
            <summary>{title}</summary>
            <p class="written">{text}</p>
            <p class="quiet">
              {tell("basis")}
              {colon()}
              {basis}
            </p>
          </details>
        ))}
      </Block>
      <Block id="automatic" name="automatic">
        {data.algorithms.map((card) => (
          <details key={`${card.name}/${card.version}`}>
            <summary>{card.purpose}</summary>
            <dl>
              {facts(card).map(([name, value]) => (
                <Fact name={tell(name)}>{value}</Fact>
              ))}
            </dl>
          </details>
        ))}
      </Block>
      <Block id="terms" name="terms">
        <details>
          <summary>{tell("showTerms")}</summary>
          <ul class="dots">
            {data.retention
              .filter(({ personal }) => personal)
              .map(({ table, what, months }) => (
                <li key={table}>
                  {what}
                  {colon()}
                  {months ? `${months} ${tell("months")}` : tell("whileNeeded")}
                </li>
              ))}
          </ul>
        </details>
      </Block>
    </>
  );
}
