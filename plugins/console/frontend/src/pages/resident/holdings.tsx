// Holdings: one's points with how each came, one's notices, and what one agreed to.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { label } from "../../labels";
import { askOnce, changeOnce } from "../../session";
import { chinaDay, showDay, showMoment } from "../../times";
import { loadUnread } from "../../unread";
import { AGREE, CONSENTS, EXPLAIN, INBOX, POINTS, READ, WITHDRAW } from "./documents";
import { OwnForm, type Chosen } from "./file";
import { keyFor } from "./kept";
import { Block, Fact, Missing, Wrong, explain, useLoaded } from "./parts";
import { More, currentNotices, usePages } from "./public";
import { tell } from "./words";

interface Entry {
  id: string;
  amount: number;
  occurredOn: string;
  reason: string;
  kind: string;
  reversed: boolean;
  rule: { title: string } | null;
}

interface Account {
  id: string;
  balance: number;
  held: number;
  programme: { name: string; unit: string } | null;
  expiring: { amount: number; on: string }[];
  entries: { nodes: Entry[] };
}

interface Points {
  me: { person: { points: Account[] | null; household: { points: Account[] | null } | null } | null } | null;
}

export function PointsPart() {
  const { data, problem, load } = useLoaded<Points>(POINTS);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [objected, setObjected] = useState<string[]>([]);
  if (!data?.me) return <Missing problem={problem} again={() => void load()} />;
  const { person } = data.me;
  const accounts = [...(person?.points ?? []), ...(person?.household?.points ?? [])];
  return (
    <>
      <p role="status" id="done">
        {objected.length > 0 && tell("objected")}
      </p>
      {accounts.length === 0 && <p>{tell("nothing")}</p>}
      {accounts.map((account) => (
        <AccountCard key={account.id} account={account} objected={objected} choose={setChosen} />
      ))}
      {chosen && (
        <OwnForm
          chosen={chosen}
          close={() => setChosen(null)}
          done={() => {
            setObjected([...objected, chosen.id ?? ""]);
            void load();
          }}
        />
      )}
    </>
  );
}

interface Card {
  account: Account;
  /** Entries that somebody has objected to on this page. */
  objected: string[];
  choose: (chosen: Chosen) => void;
}

function AccountCard({ account, objected, choose }: Card) {
  const { programme, balance, held, expiring, entries } = account;
  return (
    <section class="card">
      <h2>{programme?.name}</h2>
      <p>
        {tell("balance")} <b>{balance}</b>
        {held > 0 && ` · ${tell("held")} ${held}`}
        {expiring.map(({ amount, on }) => ` · ${tell("expiring")} ${amount}（${showDay(on)}）`)}
      </p>
      <ul class="plain entries">
        {entries.nodes.map(({ id, amount, occurredOn, reason, kind, reversed, rule }) => (
          <li key={id}>
            <b>{amount > 0 ? `+${amount}` : amount}</b> {reason}
            <p class="quiet">
              {showDay(occurredOn)} · {label("PointsPostingKind", kind)}
              {rule && ` · ${tell("rule")} ${rule.title}`}
            </p>
            <HowCome entry={id} />
            {/* Whether the term is over, or an objection open, is said by the server with the day. */}
            {!reversed && !objected.includes(id) && (
              <button type="button" onClick={() => choose({ mutation: "objectToPoints", title: tell("contestEntry"), field: "entry", id })}>
                {tell("contestEntry")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface Explanation {
  text: string;
  rule: { adoptedBy: { title: string; decidedOn: string } | null } | null;
}

/** How an entry came about: what was counted, by which words of a rule, and who adopted that. Asked for when it is opened. */
function HowCome({ entry }: { entry: string }) {
  const [found, setFound] = useState<Explanation | null>(null);
  const [wrong, setWrong] = useState("");
  const open = async () => {
    const { data, problems } = await askOnce<{ explainEntry: Explanation | null }>(EXPLAIN, { entry });
    setFound(data?.explainEntry ?? null);
    setWrong(problems[0] ? explain(problems[0]) : "");
  };
  const adopted = found?.rule?.adoptedBy;
  return (
    <details onToggle={(event) => event.currentTarget.open && !found && void open()}>
      <summary>{tell("howCome")}</summary>
      <p role="alert" class="wrong">
        {wrong}
      </p>
      {found && <p>{found.text}</p>}
      {adopted && (
        <dl>
          <Fact name={tell("adopted")}>
            {adopted.title}，{showDay(adopted.decidedOn)}
          </Fact>
        </dl>
      )}
    </details>
  );
}

interface Notice {
  id: string;
  at: string;
  title: string;
  body: string;
  read: boolean;
  about: string | null;
}

interface Inbox {
  me: { notices: { nodes: Notice[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } } } | null;
}

/** `link` makes the way to what a notice is about, where there is one. */
export function InboxPart({ link }: { link?: (about: string, title: string) => ComponentChildren }) {
  const list = usePages<Notice, Inbox>(INBOX, ({ me }) => me?.notices);
  const [told, setTold] = useState<string[]>([]);
  if (!list.rows) return <Missing {...list} again={() => void list.again()} />;
  const unread = list.rows.filter(({ read }) => !read).map(({ id }) => id);
  const mark = async () => {
    const found = await changeOnce(READ, { notices: unread, idempotencyKey: keyFor("read", unread) });
    setTold(found.ok ? [] : found.problems.map(explain));
    if (!found.ok) return;
    void list.again();
    void loadUnread();
  };
  return (
    <>
      <Wrong told={told} />
      {list.rows.length === 0 && <p>{tell("nothing")}</p>}
      {unread.length > 0 && (
        <p>
          <button type="button" onClick={() => void mark()}>
            {tell("markRead")}
          </button>
        </p>
      )}
      <ul class="plain" id="notices">
        {list.rows.map(({ id, at, title, body, read, about }) => (
          <li key={id} data-unread={!read}>
            <b>{title}</b> {!read && <span class="state">{tell("unread").replace("条", "")}</span>}
            <p>{body}</p>
            <p class="quiet">{showMoment(at)}</p>
            {about && link?.(about, title)}
          </li>
        ))}
      </ul>
      <More {...list} />
    </>
  );
}

interface Consent {
  id: string;
  purpose: string;
  recipient: string;
  givenAt: string;
  expiresAt: string | null;
  withdrawnAt: string | null;
  inForce: boolean;
  noticeVersion: number;
}

/** What is read before one agrees. */
interface Text {
  purpose: string;
  version: number;
  title: string;
  text: string;
  since: string;
  consent: boolean;
  recipient: string | null;
}

interface Consents {
  me: { consents: Consent[] | null } | null;
  privacyNotices: Text[];
}

export function ConsentsPart() {
  const { data, problem, load } = useLoaded<Consents>(CONSENTS);
  const [asked, setAsked] = useState("");
  const [done, setDone] = useState("");
  const [told, setTold] = useState<string[]>([]);
  if (!data?.me?.consents) return <Missing problem={problem} again={() => void load()} />;
  const withdraw = async ({ purpose, recipient, id }: Consent) => {
    const input = { purpose, recipient };
    const found = await changeOnce(WITHDRAW, { ...input, idempotencyKey: keyFor(id, input) });
    setTold(found.ok ? [] : found.problems.map(explain));
    if (!found.ok) return;
    setAsked("");
    setDone(tell("consentGone"));
    await load();
  };
  const agree = async ({ purpose, version }: Text) => {
    const input = { purpose, noticeVersion: version };
    // Each agreement is one of its own: after a withdrawal the same input is not the same request.
    const found = await changeOnce(AGREE, input);
    setTold(found.ok ? [] : found.problems.map(explain));
    if (!found.ok) return;
    setDone(tell("agreed"));
    await load();
  };
  const held = new Set(data.me.consents.flatMap(({ purpose, inForce }) => (inForce ? purpose : [])));
  // Where each consent names its recipient, one agrees there where one applies for something.
  const offered = currentNotices(data.privacyNotices, chinaDay()).filter(
    ({ purpose, consent, recipient }) => consent && recipient && !held.has(purpose),
  );
  const noticeOf = ({ purpose, noticeVersion }: Consent) =>
    data.privacyNotices.find((one) => one.purpose === purpose && one.version === noticeVersion);
  return (
    <>
      <p>{tell("consentHint")}</p>
      <Wrong told={told} />
      <p role="status" id="done">
        {done}
      </p>
      {data.me.consents.length === 0 && <p>{tell("nothing")}</p>}
      <ul class="plain" id="consents">
        {data.me.consents.map((consent) => (
          <li key={consent.id} data-purpose={consent.purpose}>
            <b>{noticeOf(consent)?.title ?? consent.purpose}</b> · {tell(consent.inForce ? "inForce" : "over")}
            <dl>
              <Fact name={tell("given")}>{showMoment(consent.givenAt)}</Fact>
              <Fact name={tell("until")}>{consent.expiresAt && showMoment(consent.expiresAt)}</Fact>
              <Fact name={tell("withdrawn")}>{consent.withdrawnAt && showMoment(consent.withdrawnAt)}</Fact>
            </dl>
            <details>
              <summary>{tell("notice")}</summary>
              <p class="written">{noticeOf(consent)?.text}</p>
            </details>
            {consent.inForce && asked !== consent.id && (
              <button type="button" onClick={() => setAsked(consent.id)}>
                {tell("withdrawConsent")}
              </button>
            )}
            {consent.inForce && asked === consent.id && (
              <p class="buttons">
                <button type="button" class="main" onClick={() => void withdraw(consent)}>
                  {tell("reallyWithdraw")}
                </button>
                <button type="button" onClick={() => setAsked("")}>
                  {tell("keep")}
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
      <Offers texts={offered} agree={agree} />
    </>
  );
}

/** What one may agree to, each with its whole text above the button. */
function Offers({ texts, agree }: { texts: Text[]; agree: (text: Text) => Promise<void> }) {
  if (texts.length === 0) return null;
  return (
    <Block id="offers" name="offers">
      {texts.map((text) => (
        <details key={text.purpose} data-agree={text.purpose}>
          <summary>{text.title}</summary>
          <p class="written">{text.text}</p>
          <button type="button" onClick={() => void agree(text)}>
            {tell("agree")}
          </button>
        </details>
      ))}
    </Block>
  );
}
