// File: what is on file about oneself, a copy of it, and what one asked to have done with it.
import { useState } from "preact/hooks";
import { ActionForm } from "../../forms/action_form";
import { label } from "../../labels";
import { changeOnce } from "../../session";
import { showDay, showMoment } from "../../times";
import { language } from "../../words";
import { COPY, FILE } from "./documents";
import { keyFor } from "./kept";
import { Block, Fact, Missing, Wrong, explain, useLoaded } from "./parts";
import { tell, type ResidentWord } from "./words";
import type { Action } from "../../actions";

interface Person {
  name: string;
  birthDate: string | null;
  residentId: string | null;
  restrictedAt: string | null;
  phones: { number: string }[];
  grid: { path: { name: string }[]; gridWorker: { name: string; dutyPhone: string | null } | null } | null;
  household: {
    id: string;
    address: string;
    memberCount: number;
    helper: { name: string } | null;
    serviceTier: { tier: string; reviewOn: string; reasons: { text: string; english: string; holds: boolean }[] | null } | null;
  } | null;
}

interface Asked {
  id: string;
  kind: string;
  state: string;
  text: string | null;
  askedAt: string;
  dueAt: string;
  decidedAt: string | null;
  grounds: string | null;
  remedy: string | null;
  download: string | null;
  look: { at: string; purpose: string } | null;
  actions: Action[];
}

interface Filed {
  me: { person: Person | null; dataRequests: { nodes: Asked[] } | null } | null;
}

/** A mutation that needs words, on something. */
export interface Chosen {
  mutation: string;
  title: string;
  /** The field that takes the id; that of the mutation's own action if not said. */
  field?: string | null;
  id?: string;
}

const ASKING: [string, ResidentWord][] = [
  ["requestCorrection", "requestCorrection"],
  ["requestRestriction", "requestRestriction"],
  ["requestDeletion", "requestDeletion"],
];

/** Fields that name somebody or something else: in one's own name they are left out. */
const OTHERS = ["person", "by", "claim"];

interface OwnGiven {
  chosen: Chosen;
  /** What it is done to, if it is not named by an id alone. */
  subject?: { row: Record<string, unknown>; version: number | undefined };
  /** Called when it was done, after it has closed. */
  done: () => void;
  close: () => void;
}

/** The form of a mutation in one's own name. */
export function OwnForm({ chosen, subject, done, close }: OwnGiven) {
  return (
    <ActionForm
      mutation={chosen.mutation}
      title={chosen.title}
      {...("field" in chosen && { field: chosen.field ?? null })}
      subject={{ row: { id: chosen.id, ...subject?.row }, ...(subject?.version && { version: subject.version }), known: OTHERS }}
      onDone={() => {
        close();
        done();
      }}
      onClose={close}
      onStale={() => Promise.resolve(undefined)}
    />
  );
}

export function FilePart() {
  const { data, problem, load } = useLoaded<Filed>(FILE);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [told, setTold] = useState("");
  if (!data?.me) return <Missing problem={problem} again={() => void load()} />;
  const { person, dataRequests } = data.me;
  if (!person) return <p class="told">{tell("noPerson")}</p>;
  const ask = (mutation: string, name: ResidentWord, field: string | null = null, id?: string) =>
    setChosen({ mutation, title: tell(name), field, ...(id && { id }) });
  return (
    <>
      <PersonFacts person={person} />
      <p role="status" id="done">
        {told}
      </p>
      <Copy />
      <p class="buttons unprinted">
        {ASKING.map(([mutation, name]) => (
          <button type="button" data-action={mutation} onClick={() => ask(mutation, name)}>
            {tell(name)}
          </button>
        ))}
        {person.household?.serviceTier && (
          <button type="button" onClick={() => ask("contestServiceTier", "contestTier", "household", person.household?.id)}>
            {tell("contestTier")}
          </button>
        )}
        <button type="button" onClick={() => print()}>
          {tell("print")}
        </button>
      </p>
      <Requests requests={dataRequests?.nodes ?? []} choose={setChosen} />
      {chosen && (
        <OwnForm
          chosen={chosen}
          close={() => setChosen(null)}
          done={() => {
            setTold(tell("contested"));
            void load();
          }}
        />
      )}
    </>
  );
}

function PersonFacts({ person }: { person: Person }) {
  const { household, grid } = person;
  const tier = household?.serviceTier;
  const reasons = (tier?.reasons ?? []).filter(({ holds }) => holds);
  return (
    <section id="file">
      <dl>
        <Fact name={tell("name")}>{person.name}</Fact>
        <Fact name={tell("born")}>{person.birthDate && showDay(person.birthDate)}</Fact>
        <Fact name={tell("idNumber")}>{person.residentId}</Fact>
        <Fact name={tell("phones")}>{person.phones.map(({ number }) => number).join("、")}</Fact>
        <Fact name={tell("lives")}>{grid?.path.map(({ name }) => name).join(" ")}</Fact>
        <Fact name={tell("home_")}>{household?.address}</Fact>
        <Fact name={tell("members")}>{household?.memberCount}</Fact>
        <Fact name={tell("worker")}>{grid?.gridWorker && `${grid.gridWorker.name} ${grid.gridWorker.dutyPhone ?? ""}`}</Fact>
        <Fact name={tell("helper")}>{household?.helper?.name}</Fact>
        <Fact name={tell("tier")}>{tier && label("ServiceTier", tier.tier)}</Fact>
        <Fact name={tell("allReasons")}>
          {reasons.length > 0 && reasons.map((one) => (language.value === "zh" ? one.text : one.english)).join(" ")}
        </Fact>
        <Fact name={tell("restricted")}>{person.restrictedAt && showMoment(person.restrictedAt)}</Fact>
      </dl>
    </section>
  );
}

/** A copy of everything, by a link that is good for ten minutes. */
function Copy() {
  const [link, setLink] = useState<string | null>(null);
  const [told, setTold] = useState<string[]>([]);
  const fetchCopy = async () => {
    const key = keyFor("copy", { at: Date.now() });
    const found = await changeOnce<{ requestExport: { request: { download: string | null } | null } }>(COPY, { idempotencyKey: key });
    setTold(found.ok ? [] : found.problems.map(explain));
    setLink(found.data?.requestExport?.request?.download ?? null);
  };
  return (
    <div class="unprinted">
      <Wrong told={told} />
      <p>
        <button type="button" id="copy-all" onClick={() => void fetchCopy()}>
          {tell("requestCopy")}
        </button>
      </p>
      <p role="status">
        {link && (
          <>
            {tell("copyReady")}{" "}
            <a href={link} id="copy-link" download>
              {tell("download")}
            </a>
          </>
        )}
      </p>
    </div>
  );
}

function Requests({ requests, choose }: { requests: Asked[]; choose: (chosen: Chosen) => void }) {
  if (requests.length === 0) return null;
  return (
    <Block id="requests" name="requests">
      <ul class="plain">
        {requests.map(({ id, kind, state, text, askedAt, dueAt, grounds, remedy, look, actions }) => (
          <li key={id}>
            <b>{label("DataRequestKind", kind)}</b> · {label("DataRequestState", state)}
            {look && (
              <p>
                {showMoment(look.at)} {look.purpose}
              </p>
            )}
            {text && <p class="written">{text}</p>}
            <p class="quiet">
              {showMoment(askedAt)}
              {state === "OPEN" && ` · ${tell("due")} ${showMoment(dueAt)}`}
            </p>
            {grounds && (
              <p>
                {tell("decided")} {grounds}
              </p>
            )}
            {remedy && <p>{remedy}</p>}
            {actions
              .filter(({ name, allowed }) => name === "withdrawDataRequest" && allowed)
              .map((action) => (
                <button type="button" onClick={() => choose({ mutation: action.name, title: action.label, field: "request", id })}>
                  {action.label}
                </button>
              ))}
          </li>
        ))}
      </ul>
    </Block>
  );
}
