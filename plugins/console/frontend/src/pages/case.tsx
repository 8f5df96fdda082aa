// Case: the page of one case, with what happened, its files and clocks, and what one may do to it.
import { useEffect, useState } from "preact/hooks";
import { Actions, Section, type Action } from "../actions";
import { ActionForm, type Subject } from "../forms/action_form";
import { CASE, CASE_PLUGINS } from "../documents";
import type { Coded } from "../forms/inputs";
import { label } from "../labels";
import { Light, State } from "../lights";
import { onChange, tellChange } from "../live";
import { Failure } from "../failure";
import { linkTo } from "../router";
import { ask } from "../session";
import { showDistance, showMoment } from "../times";
import { colon, language, say } from "../words";

interface Attachment {
  id: string;
  kind: string;
  mediaType: string;
  size: number;
  url: string;
  thumbnailUrl: string | null;
  at: string;
}

interface Step {
  id: string;
  at: string;
  title: string;
  note: string | null;
  text: string | null;
  role: string | null;
  unit: { name: string } | null;
}

interface Case {
  number: string;
  version: number;
  title: string;
  description: string;
  kind: string;
  status: string;
  urgency: string;
  address: string | null;
  anonymous: boolean;
  reportedAt: string;
  dueAt: string | null;
  light: string | null;
  needsTitle: boolean;
  category: { code: string; name: string } | null;
  channel: { name: string } | null;
  grid: { name: string; path: { name: string }[] } | null;
  leadUnit: { name: string } | null;
  supportUnits: { name: string }[];
  reply: { text: string; at: string } | null;
  attachments: Attachment[];
  timeline: Step[];
  actions: Action[];
}

interface Clock {
  id: string;
  stage: string;
  dueAt: string | null;
  light: string;
  paused: boolean;
  spent: number;
  allowed: number;
  stoppedAt: string | null;
  explanation: string;
  unit: { name: string } | null;
}

/** What plugins know of a case; of those that are not there, or not for everybody, nothing. */
interface Extras {
  clocks?: Clock[] | null;
  workOrders?: { nodes: { id: string; role: string; state: string; dueAt: string; light: string; unit: { name: string } | null }[] } | null;
  dispatchProposal?: { reason: string; leadUnit: Coded | null; supportUnits: Coded[] } | null;
  similarCases?: { number: string; title: string; status: string }[] | null;
}

export function CasePage({ number }: { number: string }) {
  const [found, setFound] = useState<Case | null | undefined>(undefined);
  const [extras, setExtras] = useState<Extras>({});
  const [failed, setFailed] = useState("");
  const [chosen, setChosen] = useState<Action | null>(null);
  const [done, setDone] = useState("");

  const load = async () => {
    const [core, more] = await Promise.all([
      ask<{ case: Case | null }>(CASE, { number }),
      ask<{ case: Extras | null }>(CASE_PLUGINS, { number }),
    ]);
    if (core.data?.case === undefined) {
      setFailed(core.ok ? "" : core.problems[0].message);
      return undefined;
    }
    setFailed("");
    const loaded = core.data.case;
    // Two answers may come in the other order.
    setFound((now) => (now && loaded && now.version > loaded.version ? now : loaded));
    setExtras(more.data?.case ?? {});
    return loaded?.version;
  };
  useEffect(() => {
    void load();
    return onChange((numbers) => {
      if (numbers === null || numbers.includes(number)) void load();
    });
  }, [language.value]);
  useEffect(() => {
    document.title = `${found?.title ?? number} · ${say("title")}`;
  }, [found?.title, language.value]);

  const finish = () => {
    setDone(`${say("done")}${colon()}${chosen?.label ?? ""}`);
    setChosen(null);
    tellChange([number]);
  };
  if (failed) return <Failure message={failed} again={() => void load()} />;
  if (found === undefined) return <p class="quiet">{say("loading")}</p>;
  return (
    <article class="case">
      <p class="unprinted">
        <a href={linkTo("desk")}>← {say("back")}</a>
      </p>
      {found === null ? <h1 id="no-case">{say("noCase")}</h1> : <Head case={found} />}
      <p role="status" id="done">
        {done}
      </p>
      {found && (
        <>
          <Actions actions={found.actions} choose={setChosen} />
          <div class="columns">
            <Content case={found} extras={extras} />
            <Side case={found} extras={extras} />
          </div>
          {chosen && (
            <ActionForm
              mutation={chosen.name}
              title={chosen.label}
              subject={subjectOf(found, extras)}
              onDone={finish}
              onClose={() => setChosen(null)}
              onStale={load}
            />
          )}
        </>
      )}
    </article>
  );
}

function subjectOf(found: Case, { dispatchProposal: proposed }: Extras): Subject {
  const { number, version, title, description, address, urgency, category } = found;
  const units: Record<string, Coded[]> = proposed
    ? { leadUnit: proposed.leadUnit ? [proposed.leadUnit] : [], supportUnits: proposed.supportUnits }
    : {};
  const shown = { title, description, address: address ?? "", urgency, category: category?.code ?? "" };
  // Both are for recordings that nobody has written down yet.
  const known = found.needsTitle ? [] : ["title", "description"];
  return { row: { number }, version, shown, units, reason: proposed?.reason, known };
}

function Head({ case: { number, title, status, light, dueAt, kind, urgency } }: { case: Case }) {
  return (
    <header>
      <h1>{title}</h1>
      <p class="line">
        <State of="CaseStatus" value={status} /> <Light of={light} />
        <span>{number}</span>
        <span>{label("CaseKind", kind)}</span>
        <span>{label("CaseUrgency", urgency)}</span>
        {dueAt && (
          <span>
            {say("due")} <time dateTime={dueAt}>{showMoment(dueAt)}</time>{" "}
            <span class="quiet unprinted">{showDistance(dueAt)}</span>
          </span>
        )}
      </p>
    </header>
  );
}

function Content({ case: found, extras }: { case: Case; extras: Extras }) {
  return (
    <div>
      <Section title={say("matter")} id="matter">
        <p class="written">{found.description || say("noText")}</p>
      </Section>
      {found.reply && (
        <Section title={say("answer")} id="answer">
          <p class="written">{found.reply.text}</p>
          <p class="quiet">{showMoment(found.reply.at)}</p>
        </Section>
      )}
      <Section title={say("files")} id="files">
        {found.attachments.length === 0 ? <p class="quiet">{say("noFiles")}</p> : <Files files={found.attachments} />}
      </Section>
      <Section title={say("timeline")} id="timeline">
        <ol class="steps">
          {found.timeline.map((step) => (
            <li key={step.id}>
              <time dateTime={step.at}>{showMoment(step.at)}</time>
              <b>{step.title}</b>
              <span class="quiet">
                {[step.unit?.name, step.role && label("roles", step.role)].filter(Boolean).join(" · ")}
              </span>
              {step.note && <p class="written">{step.note}</p>}
            </li>
          ))}
        </ol>
      </Section>
      {extras.similarCases && extras.similarCases.length > 0 && (
        <Section title={say("similar")} id="similar">
          <ul>
            {extras.similarCases.map(({ number, title, status }) => (
              <li>
                <a href={linkTo("cases", number)}>{title}</a> <State of="CaseStatus" value={status} />
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function Files({ files }: { files: Attachment[] }) {
  return (
    <ul class="files">
      {files.map(({ id, kind, url, thumbnailUrl, size, at }) => (
        <li key={id}>
          <a href={url} target="_blank" rel="noopener">
            {thumbnailUrl && <img src={thumbnailUrl} alt="" loading="lazy" />}
            {label("AttachmentKind", kind)} · {Math.ceil(size / 1024)} kB
          </a>{" "}
          <span class="quiet">{showMoment(at)}</span>
        </li>
      ))}
    </ul>
  );
}

function Side({ case: found, extras }: { case: Case; extras: Extras }) {
  const { clocks, workOrders, dispatchProposal } = extras;
  const path = found.grid?.path.map(({ name }) => name).join(" ");
  const units = (several: { name: string }[]) => several.map(({ name }) => name).join("、");
  return (
    <div>
      <Section title={say("details")} id="details">
        <dl>
          <Fact of="reportedAt" value={showMoment(found.reportedAt)} />
          <Fact of="category" value={found.category?.name} />
          <Fact of="channel" value={found.channel?.name} />
          <Fact of="grid" value={path} />
          <Fact of="address" value={found.address} />
          <Fact of="leadUnit" value={found.leadUnit?.name} />
          <Fact of="supportUnits" value={units(found.supportUnits)} />
          <Fact of="anonymous" value={found.anonymous ? say("yes") : null} />
        </dl>
      </Section>
      {dispatchProposal?.leadUnit && (
        <Section title={say("proposal")} id="proposal">
          <p>{units([dispatchProposal.leadUnit, ...dispatchProposal.supportUnits])}</p>
          <p class="quiet">{dispatchProposal.reason}</p>
        </Section>
      )}
      {clocks && clocks.length > 0 && (
        <Section title={say("clocks")} id="clocks">
          <ul class="clocks">
            {clocks.map((clock) => (
              <ClockLine key={clock.id} clock={clock} />
            ))}
          </ul>
        </Section>
      )}
      {workOrders && workOrders.nodes.length > 0 && (
        <Section title={say("orders")} id="orders">
          <ul class="clocks">
            {workOrders.nodes.map((order) => (
              <li key={order.id}>
                <Light of={order.light} /> <b>{order.unit?.name}</b> {label("WorkOrderRole", order.role)} ·{" "}
                {label("WorkOrderState", order.state)}
                <div class="quiet">
                  {say("due")} {showMoment(order.dueAt)}
                </div>
              </li>
            ))}
          </ul>
        </Section>
      )}
    </div>
  );
}

function Fact({ of, value }: { of: string; value: string | null | undefined }) {
  if (!value) return null;
  return (
    <div>
      <dt>{label("Case", of)}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function ClockLine({ clock }: { clock: Clock }) {
  const { stage, light, paused, dueAt, stoppedAt, spent, allowed, unit, explanation } = clock;
  return (
    <li data-stopped={stoppedAt !== null}>
      <Light of={light} /> <b>{label("ClockStage", stage)}</b> {unit?.name}
      <div>
        {stoppedAt
          ? `${say("stoppedAt")} ${showMoment(stoppedAt)}`
          : paused || !dueAt
            ? say("hold")
            : `${say("due")} ${showMoment(dueAt)}`}
        <span class="quiet">
          {" "}
          {say("spent")} {spent} / {allowed} {say("minutes")}
        </span>
      </div>
      <div class="quiet">{explanation}</div>
    </li>
  );
}
