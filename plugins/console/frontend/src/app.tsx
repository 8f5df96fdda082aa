// App: the shell around all pages: head, menu, what is wrong with session or network, and the page itself.
import { useEffect, useRef } from "preact/hooks";
import { loadLabels } from "./labels";
import { follow, following, stopFollowing, tellChange } from "./live";
import { large, theme, type Theme } from "./looks";
import { linkTo, route, type Route } from "./router";
import { checkSession, loseConnection, offline, signOut, who } from "./session";
import { SignIn } from "./pages/sign_in";
import { VIEWS } from "./views";
import { language, say, switchLanguage } from "./words";

export function App() {
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {say("skip")}
      </a>
      <Head />
      <Troubles />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
    </>
  );
}

// The address behind `#` says where one is, so the link moves the focus itself.
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** Which page an address names; that of the first view if it names none. */
const nameOf = ({ path }: Route): string => path[0] ?? VIEWS[0]!.path;

function Head() {
  return (
    <header class="head">
      <a class="brand" href={linkTo("desk")}>
        {say("title")}
      </a>
      {who.value && (
        <nav aria-label={say("pages")}>
          {VIEWS.filter((view) => view.menu).map((view) => (
            <a href={linkTo(view.path)} aria-current={nameOf(route.value) === view.path ? "page" : undefined}>
              {say(view.title)}
            </a>
          ))}
        </nav>
      )}
      <div class="settings">
        <button type="button" id="language" lang={language.value === "zh" ? "en" : "zh-CN"} onClick={switchLanguage}>
          {say("language")}
        </button>
        <button type="button" id="large" aria-pressed={large.value} onClick={() => (large.value = !large.value)}>
          {say("large")}
        </button>
        <select
          id="theme"
          aria-label={say("look")}
          value={theme.value}
          onChange={(event) => (theme.value = event.currentTarget.value as Theme)}
        >
          {(["system", "light", "dark"] as const).map((each) => (
            <option value={each}>{say(each)}</option>
          ))}
        </select>
        {who.value && (
          <>
            <span id="account">{who.value.person?.name ?? who.value.account}</span>
            <button type="button" id="sign-out" onClick={() => void signOut()}>
              {say("signOut")}
            </button>
          </>
        )}
      </div>
    </header>
  );
}

/** What is wrong with the connection, and the way out of it. */
function Troubles() {
  const again = () => {
    void checkSession().then(() => {
      if (!offline.value && who.value) {
        if (!following.value) void follow();
        tellChange(null);
      }
    });
  };
  useEffect(() => {
    addEventListener("offline", loseConnection);
    addEventListener("online", again);
    return () => {
      removeEventListener("offline", loseConnection);
      removeEventListener("online", again);
    };
  }, []);
  const trouble = offline.value ? "offline" : who.value && !following.value ? "stopped" : null;
  return (
    <div role="status">
      {trouble && (
        <p class="trouble" id="trouble">
          {say(trouble)}{" "}
          <button type="button" onClick={again}>
            {say("retry")}
          </button>
        </p>
      )}
    </div>
  );
}

function Page() {
  const account = who.value?.account;
  useEffect(() => {
    if (!account) return;
    void loadLabels();
    void follow();
    return stopFollowing;
  }, [account]);
  // Whoever goes to another page begins there, and is not left at a link that is gone.
  const path = route.value.path.join("/");
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById("main")?.focus();
    first.current = false;
  }, [path]);
  if (who.value === undefined) return <p class="quiet">{say("loading")}</p>;
  if (who.value === null) return <SignIn />;
  const view = VIEWS.find(({ path }) => path === nameOf(route.value));
  if (!view) return <h1>{say("noPage")}</h1>;
  if (!who.value.permissions.includes(view.permission)) {
    return (
      <>
        <h1>{say(view.title)}</h1>
        <p id="no-rights">{say("noRights")}</p>
        <button type="button" onClick={() => void checkSession()}>
          {say("retry")}
        </button>
      </>
    );
  }
  return view.show(route.value);
}
