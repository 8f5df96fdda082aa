// Field: the page of grid workers, made for a phone, a part of the day on each tab. Reports can be written without a network.
import { useEffect, useState } from "preact/hooks";
import { linkTo } from "../../router";
import { checkSession, offline, who } from "../../session";
import { language, say } from "../../words";
import { Cases } from "./cases";
import { Home } from "./home";
import { Homes } from "./homes";
import { known, loadKnown, recallKnown } from "./known";
import { keepPage, renewed } from "./offline_page";
import { foreign, items, openOutbox, sendAll } from "./outbox";
import { Report } from "./report";
import { findLast, lasts, type Owner } from "./shelf";
import { Today } from "./today";
import { Waiting } from "./waiting";
import { tell } from "./words";
import "./field.css";

const TABS = ["today", "report", "homes", "cases", "queue"] as const;
type Tab = (typeof TABS)[number];
/** Milliseconds between two looks. */
const AGAIN = 10_000;

export function FieldPage({ path }: { path: string[] }) {
  const account = who.value?.account;
  const [ready, setReady] = useState<string | null>(null);
  useEffect(() => {
    if (!account) return;
    void keepPage();
    void openOutbox(account).then(async (owner) => {
      if (owner) recallKnown(owner);
      setReady(account);
      void sendAll();
      await loadKnown(owner);
    });
  }, [account]);
  useEffect(() => {
    if (!offline.value && account && ready === account) void sendAll();
  }, [offline.value, account, ready]);
  if (!account || ready !== account) return <p class="quiet">{say("loading")}</p>;
  return <Tabs path={path} />;
}

/** Look whether the network is back, which browsers do not always notice, and send what waits. */
async function retry(): Promise<void> {
  if (document.hidden) return;
  if (offline.peek()) await checkSession();
  if (!offline.peek() && items.peek().some(({ state }) => state === "WAITING")) await sendAll();
}

/** The page of whoever was here last, opened without a network: nobody can be asked who it is now. */
export function FieldOffline({ path }: { path: string[] }) {
  const [owner, setOwner] = useState<Owner | null | undefined>(undefined);
  useEffect(() => {
    void findLast()
      .catch(() => undefined)
      .then(async (found) => {
        if (found) {
          recallKnown(found);
          await openOutbox(found.account);
        }
        setOwner(found ?? null);
      });
  }, []);
  if (!owner) return <p class="quiet">{say("loading")}</p>;
  return <Tabs path={path} />;
}

function Tabs({ path: [first = "today", name] }: { path: string[] }) {
  const tab = TABS.find((each) => each === first) ?? "today";
  useEffect(() => {
    const timer = setInterval(() => void retry(), AGAIN);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    document.title = `${tell(tab)} · ${say("field")}`;
  }, [tab, language.value]);
  const count = items.value.length;
  return (
    <div class="field-work">
      {renewed.value && (
        <p class="notice" role="status" id="new-version">
          {tell("newVersion")}{" "}
          <button type="button" onClick={() => location.reload()}>
            {tell("reload")}
          </button>
        </p>
      )}
      {!lasts() && <p class="notice">{tell("notKept")}</p>}
      {foreign.value > 0 && (
        <p class="notice" id="foreign">
          {tell("others1")} {foreign.value}
        </p>
      )}
      <nav class="tabs" aria-label={tell("parts")}>
        {TABS.map((each) => (
          <a href={linkTo("field", each)} data-tab={each} aria-current={tab === each ? "page" : undefined}>
            {tell(each)}
            {each === "queue" && count > 0 && <span class="badge"> {count}</span>}
          </a>
        ))}
      </nav>
      <Part tab={tab} name={name} />
    </div>
  );
}

function Part({ tab, name }: { tab: Tab; name: string | undefined }) {
  const unknown = who.value === undefined;
  if (tab === "report") return known.value.categories.length > 0 ? <Report /> : <Nothing tab={tab} />;
  if (tab === "queue") return <Waiting />;
  if (unknown) return <Nothing tab={tab} />;
  if (tab === "homes") return name ? <Home key={name} number={name} /> : <Homes />;
  return tab === "cases" ? <Cases /> : <Today />;
}

function Nothing({ tab }: { tab: Tab }) {
  return (
    <>
      <h1>{tell(tab)}</h1>
      <p id="needs-network">{offline.value ? tell("needsNetwork") : say("loading")}</p>
    </>
  );
}
