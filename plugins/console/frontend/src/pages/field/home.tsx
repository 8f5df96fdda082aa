// Home: a household's file, which is opened for a purpose that its members can read, and the visit that is recorded there.
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../../failure";
import { label } from "../../labels";
import { linkTo } from "../../router";
import { askFor, change } from "../../session";
import { chinaMinute, showDay, showMoment } from "../../times";
import { say } from "../../words";
import { HOME, REVEAL } from "./documents";
import { Entry } from "./entry";
import { keep, sent } from "./outbox";
import { tell } from "./words";

interface Person {
  id: string;
  name: string;
  gender: string;
  phone: string | null;
}

interface Household {
  id: string;
  number: string;
  address: string;
  visitDueOn: string | null;
  needs: string[] | null;
  serviceTier: { tier: string } | null;
  helper: { name: string } | null;
  members: { nodes: { relation: string; person: Person | null }[] };
  visits: { nodes: { id: string; at: string; note: string; visitor: { name: string } | null }[] };
}

const PURPOSES = ["PREPARE", "CHECK", "CASE"] as const;

export function Home({ number }: { number: string }) {
  const [purpose, setPurpose] = useState<string | null>(null);
  return (
    <>
      <p>
        <a href={linkTo("field", "homes")}>← {tell("backToHomes")}</a>
      </p>
      {purpose === null ? <Why choose={setPurpose} /> : <File number={number} purpose={purpose} />}
    </>
  );
}

/** Nothing is loaded before somebody has said what for. */
function Why({ choose }: { choose: (purpose: string) => void }) {
  const [chosen, setChosen] = useState<(typeof PURPOSES)[number]>("PREPARE");
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        choose(tell(chosen));
      }}
    >
      <h1>{tell("why")}</h1>
      <p class="quiet">{tell("whyHint")}</p>
      <div role="radiogroup" aria-label={tell("why")} class="choices">
        {PURPOSES.map((each) => (
          <label>
            <input type="radio" name="purpose" value={each} checked={chosen === each} onChange={() => setChosen(each)} /> {tell(each)}
          </label>
        ))}
      </div>
      <button class="main wide-button">{tell("openFile")}</button>
    </form>
  );
}

function File({ number, purpose }: { number: string; purpose: string }) {
  const [found, setFound] = useState<Household | null | undefined>(undefined);
  const [failed, setFailed] = useState("");
  const load = async () => {
    const answer = await askFor<{ household: Household | null }>(purpose, HOME, { number });
    if (answer.data?.household === undefined) return setFailed(answer.ok ? "" : answer.problems[0].message);
    setFailed("");
    setFound(answer.data.household);
  };
  // Each look is recorded, so it is loaded anew only when a visit of ours has gone up.
  useEffect(() => void load(), [sent.value.length]);
  if (failed) return <Failure message={failed} again={() => void load()} />;
  if (found === undefined) return <p class="quiet">{say("loading")}</p>;
  if (found === null) return <h1 id="no-home">{tell("noHome")}</h1>;
  return (
    <>
      <h1>{found.address}</h1>
      <p class="line">
        {found.serviceTier && <span class="state">{label("ServiceTier", found.serviceTier.tier)}</span>}
        {found.visitDueOn && (
          <span>
            {tell("dueOn")} {showDay(found.visitDueOn)}
          </span>
        )}
        {found.helper && (
          <span>
            {tell("helper")} {found.helper.name}
          </span>
        )}
      </p>
      {found.needs && found.needs.length > 0 && (
        <p>
          {tell("needs")} {found.needs.map((need) => label("NeedTag", need)).join("、")}
        </p>
      )}
      <Visit household={found} />
      <section class="card" aria-labelledby="members-title">
        <h2 id="members-title">{tell("members")}</h2>
        <ul id="members" class="rows">
          {found.members.nodes.map(
            ({ relation, person }) => person && <Member key={person.id} {...{ relation, person, purpose }} />,
          )}
        </ul>
      </section>
      <section class="card" aria-labelledby="visits-title">
        <h2 id="visits-title">{tell("visits")}</h2>
        {found.visits.nodes.length === 0 && <p class="quiet">{tell("never")}</p>}
        <ul id="visits" class="rows">
          {found.visits.nodes.map(({ id, at, note, visitor }) => (
            <li key={id}>
              <span class="quiet">
                {showMoment(at)} {visitor?.name}
              </span>
              <p class="written">{note}</p>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function Member({ relation, person, purpose }: { relation: string; person: Person; purpose: string }) {
  const [phone, setPhone] = useState<string | null>(null);
  const [error, setError] = useState("");
  const reveal = async () => {
    const input = { ids: [person.id], fields: ["phone"], purpose };
    const found = await change<{ reveal: { values: { value: string | null }[] } }>(REVEAL, input);
    if (!found.ok) return setError(found.problems[0].message);
    setPhone(found.data.reveal.values[0]?.value ?? null);
  };
  return (
    <li>
      <b>{person.name}</b>{" "}
      <span class="quiet">
        {label("HouseholdRelation", relation)} · {label("Gender", person.gender)}
      </span>{" "}
      {phone ? <a href={`tel:${phone}`}>{phone}</a> : <span>{person.phone}</span>}{" "}
      {person.phone && !phone && (
        <button type="button" aria-label={`${tell("showPhone")} ${person.name}`} onClick={() => void reveal()}>
          {tell("showPhone")}
        </button>
      )}
      <p class="error" role="alert">
        {error}
      </p>
    </li>
  );
}

function Visit({ household }: { household: Household }) {
  const [at, setAt] = useState(chinaMinute);
  return (
    <Entry
      id="visit"
      title={tell("recordVisit")}
      label={tell("visitNote")}
      save={(note) =>
        keep("recordVisit", { household: household.id, at: new Date(`${at}+08:00`).toISOString(), note }, `${tell("recordVisit1")} ${household.address}`)
      }
    >
      <div class="field">
        <label for="visit-at">{tell("visitAt")}</label>
        <input id="visit-at" type="datetime-local" required value={at} onInput={(event) => setAt(event.currentTarget.value)} />
      </div>
    </Entry>
  );
}
