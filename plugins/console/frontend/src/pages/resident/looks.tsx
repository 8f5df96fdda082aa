// Looks: who looked at one's file, and what rules decided about one; each can be contested.
import { useEffect, useState } from "preact/hooks";
import { label, loadLabels } from "../../labels";
import { showMoment } from "../../times";
import { language } from "../../words";
import { DECISIONS, LOOKS } from "./documents";
import { OwnForm, type Chosen } from "./file";
import { Fact, Missing, useLoaded } from "./parts";
import { More, usePages } from "./public";
import { tell } from "./words";

interface Look {
  id: string;
  at: string;
  kind: string;
  purpose: string;
  fields: string[];
  reader: { role: string | null; unit: { name: string } | null; grid: { name: string } | null };
}

interface Looks {
  me: {
    accessLog: { nodes: Look[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } | null;
    dataRequests: { nodes: { state: string; look: { id: string } | null }[] } | null;
  } | null;
}

/** Words for `Type.field`, without what is said of others' values; a plugin's mark names the plugin and no field. */
const fieldName = (field: string): string => {
  const [type = "", name = ""] = field.split(".");
  return name ? label(type, name).replace(/[，,;].*$/, "") : "";
};

/** What they said; where they said nothing, the name of a program stands there, which tells nobody anything by itself. */
const purposeOf = (purpose: string): string => (/^[A-Za-z]\w*$/.test(purpose) ? `${tell("unsaid")} (${purpose})` : purpose);

export function LooksPart() {
  const list = usePages<Look, Looks>(LOOKS, ({ me }) => me?.accessLog);
  const types = [...new Set((list.rows ?? []).flatMap(({ fields }) => fields.map((field) => field.split(".")[0]!)))].sort();
  useEffect(() => void loadLabels(types), [types.join()]);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [told, setTold] = useState("");
  if (!list.rows) return <Missing {...list} again={() => void list.again()} />;
  const open = new Set((list.data?.me?.dataRequests?.nodes ?? []).flatMap(({ state, look }) => (state === "OPEN" && look ? look.id : [])));
  return (
    <>
      <p>{tell("looksHint")}</p>
      <p role="status" id="done">
        {told}
      </p>
      {list.rows.length === 0 && <p>{tell("nothing")}</p>}
      <ul class="plain" id="looks">
        {list.rows.map((look) => (
          <li key={look.id}>
            <LookFacts look={look} />
            {open.has(look.id) ? (
              <p class="told">{tell("contested")}</p>
            ) : (
              <button
                type="button"
                class="unprinted"
                aria-label={`${tell("contestLook")} ${showMoment(look.at)}`}
                onClick={() => setChosen({ mutation: "contestLook", title: tell("contestLook"), field: "look", id: look.id })}
              >
                {tell("contest")}
              </button>
            )}
          </li>
        ))}
      </ul>
      <More {...list} />
      {chosen && (
        <OwnForm
          chosen={chosen}
          close={() => setChosen(null)}
          done={() => {
            setTold(tell("contested"));
            void list.again();
          }}
        />
      )}
    </>
  );
}

function LookFacts({ look: { at, kind, purpose, fields, reader } }: { look: Look }) {
  const names = [...new Set(fields.map(fieldName).filter(Boolean))];
  return (
    <dl>
      <Fact name={tell("when")}>{showMoment(at)}</Fact>
      <Fact name={tell("who")}>
        {[reader.unit?.name, reader.grid?.name, reader.role && label("roles", reader.role)].filter(Boolean).join(" · ")}
      </Fact>
      <Fact name={tell("why")}>{purposeOf(purpose)}</Fact>
      <Fact name={tell("how")}>{label("LookKind", kind)}</Fact>
      <Fact name={tell("what")}>{names.join("、")}</Fact>
    </dl>
  );
}

interface Decision {
  id: string;
  at: string;
  outcome: string;
  adverse: boolean;
  inForce: boolean;
  rule: { name: string; version: string; card: { purpose: string; contact: string } | null };
  contributions: { text: string | null; english: string | null }[];
  reviews: { id: string; state: string; outcome: string | null; grounds: string | null; dueAt: string }[];
}

export function DecisionsPart() {
  const { data, problem, load } = useLoaded<{ me: { decisions: { nodes: Decision[] } | null } | null }>(DECISIONS);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const decisions = data?.me?.decisions?.nodes;
  if (!decisions) return <Missing loaded={data !== null} problem={problem} again={() => void load()} />;
  return (
    <>
      {decisions.length === 0 && <p>{tell("nothing")}</p>}
      <ul class="plain" id="decisions">
        {decisions.map(({ id, at, outcome, rule, contributions, reviews }) => (
          <li key={id}>
            <dl>
              <Fact name={tell("what")}>{label("ServiceTier", outcome)}</Fact>
              <Fact name={tell("when")}>{showMoment(at)}</Fact>
              <Fact name={tell("rule")}>
                {rule.card?.purpose ?? rule.name} {rule.version}
              </Fact>
              <Fact name={tell("allReasons")}>{contributions.map(({ text, english }) => (language.value === "zh" ? text : english)).join(" ")}</Fact>
            </dl>
            {reviews.map((review) => (
              <p class="told" key={review.id}>
                {label("ReviewState", review.state)} {review.grounds ?? `${tell("due")} ${showMoment(review.dueAt)}`}
              </p>
            ))}
            {!reviews.some(({ state }) => state === "OPEN") && (
              <button
                type="button"
                onClick={() => setChosen({ mutation: "requestHumanReview", title: tell("contestDecision"), field: "decision", id })}
              >
                {tell("contestDecision")}
              </button>
            )}
          </li>
        ))}
      </ul>
      {chosen && (
        <OwnForm
          chosen={chosen}
          close={() => setChosen(null)}
          done={() => void load()}
        />
      )}
    </>
  );
}
