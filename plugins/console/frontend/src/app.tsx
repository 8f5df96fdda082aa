// App: the shell around all pages: head, menu, what is wrong with session or network, and the page itself.
import { useEffect, useRef } from "preact/hooks";
import { loadLabels } from "./labels";
import { follow, following, stopFollowing, tellChange } from "./live";
import { large, theme, type Theme } from "./looks";
import { later } from "./later";
import { linkTo, route, type Route } from "./router";
import { checkSession, loseConnection, may, offline, signOut, who } from "./session";
import { declared, findView, listDesks, loadViews, say as title, undeclared } from "./declared";
import { Failure } from "./failure";
import { SignIn } from "./pages/sign_in";
import { unread, watchUnread } from "./unread";
import { FieldOffline, VIEWS, isOffered, mayOpen } from "./views";
import { language, say, switchLanguage } from "./words";

const DetailPage = later(async () => (await import("./pages/detail")).DetailPage);
const ListPage = later(async () => (await import("./pages/list")).ListPage);
const PluginDesk = later(async () => (await import("./pages/plugin_desk")).PluginDesk);

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

/** Whether one is here for one's own matters: by an account that holds no office, or without one by the entry for residents. */
const isResident = (): boolean =>
  who.value ? !who.value.secondFactorDue && [null, "resident"].includes(who.value.role) : location.pathname.endsWith("/resident");
/** Whether one has an office to work in, and all that it asks for. */
const isWorking = (): boolean => Boolean(who.value) && !isResident() && !who.value?.secondFactorDue;
/** Whether there is something to follow: events are of cases. */
const follows = (): boolean => may("cases.view");

/** The first page of the menu that somebody's permissions open; those of a desk have their work there, and not with operators. */
const findOwn = () => VIEWS.find((view) => view.path !== "operator" && isOffered(view));

/** Where an address leads; one that names no page, to the first that somebody has. */
function pathOf({ path }: Route): string[] {
  if (who.value?.secondFactorDue) return ["account"];
  if (path.length > 0) return path;
  if (isResident()) return ["resident"];
  const own = findOwn();
  const [first] = listDesks();
  if (!own && first) return ["desks", first.plugin];
  return [(own ?? VIEWS.find(isOffered) ?? VIEWS[0]!).path];
}

function Head() {
  const [page, name = ""] = pathOf(route.value);
  const here = page === "desks" ? name : page === "views" ? findView(name)?.plugin : undefined;
  return (
    <header class="head">
      <a class="brand" href="#/">
        {say("title")}
      </a>
      {who.value && isResident() && !VIEWS.some(({ path, title }) => path === page && title === "residents") && (
        <nav aria-label={say("pages")}>
          <a href={linkTo("me")}>{say("residents")}</a>
        </nav>
      )}
      {isWorking() && (
        <nav aria-label={say("pages")}>
          {VIEWS.filter(isOffered).map((view) => (
            <a href={linkTo(view.path)} aria-current={page === view.path ? "page" : undefined}>
              {say(view.title)}
            </a>
          ))}
          {listDesks().map(({ plugin, desk }) => (
            <a href={linkTo("desks", plugin)} data-plugin={plugin} aria-current={here === plugin ? "page" : undefined}>
              {title(desk)}
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
            {isWorking() && <NoticesLink />}
            <a id="account" href={linkTo("account")} title={say("myAccount")}>
              {who.value.person?.name ?? who.value.account}
            </a>
            <button type="button" id="sign-out" onClick={() => void signOut()}>
              {say("signOut")}
            </button>
          </>
        )}
      </div>
    </header>
  );
}

/** The way to one's notices, with how many are new. */
function NoticesLink() {
  useEffect(watchUnread, []);
  return (
    <a id="notices-link" href={linkTo("notices")}>
      {say("notices")} {unread.value > 0 && <b>{`${unread.value} ${say("unread")}`}</b>}
    </a>
  );
}

/** What is wrong with the connection, and the way out of it. */
function Troubles() {
  const again = () => {
    void checkSession().then(() => {
      if (!offline.value && who.value) {
        if (follows() && !following.value) void follow();
        if (!declared.value) void loadViews();
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
  const trouble = offline.value ? "offline" : who.value && follows() && !following.value ? "stopped" : null;
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
    void loadViews();
    if (follows()) void follow();
    return stopFollowing;
  }, [account]);
  // Whoever goes to another page begins there, and is not left at a link that is gone.
  const path = route.value.path.join("/");
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) document.getElementById("main")?.focus();
    first.current = false;
  }, [path]);
  // Without a network nobody can be asked who it is; field work goes on as it was left.
  const [asked = "field", ...rest] = route.value.path;
  if (who.value === undefined && offline.value && asked === "field" && !isResident()) return <FieldOffline path={rest} />;
  if (who.value === undefined) return <p class="quiet">{say("loading")}</p>;
  const [page, name = "", id] = pathOf(route.value);
  const view = VIEWS.find(({ path }) => path === page);
  if (view?.strangers) return view.show(route.value);
  if (who.value === null) return <SignIn />;
  if (route.value.path.length === 0 && !who.value.secondFactorDue && !findOwn() && !declared.value) return <Undeclared />;
  if (page === "desks" || page === "views") return declared.value ? <Declared {...{ page, name, id }} /> : <Undeclared />;
  if (!view) return <h1>{say("noPage")}</h1>;
  return mayOpen(view) ? view.show(route.value) : <NoRights heading={say(view.title)} />;
}

/** A page that a plugin declares. */
function Declared({ page, name, id }: { page: string; name: string; id: string | undefined }) {
  if (page === "desks") return <PluginDesk key={name} plugin={name} />;
  const view = findView(name);
  // What somebody may not open is not told to them; a layer of a map has no page of its own.
  if (!view || view.kind === "MAP") return <NoRights heading={say("noPage")} />;
  return view.kind === "DETAIL" ? (
    <DetailPage key={`${name}/${id}`} view={view} id={id ?? ""} />
  ) : (
    <ListPage key={name} view={view} query={route.value.query} />
  );
}

function Undeclared() {
  if (undeclared.value) return <Failure message={undeclared.value} again={() => void loadViews()} />;
  return <p class="quiet">{say("loading")}</p>;
}

function NoRights({ heading }: { heading: string }) {
  return (
    <>
      <h1>{heading}</h1>
      <p id="no-rights">{say("noRights")}</p>
      <button type="button" onClick={() => void checkSession().then(loadViews)}>
        {say("retry")}
      </button>
    </>
  );
}
