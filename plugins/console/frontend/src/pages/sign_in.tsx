// Sign-in: by name and password, or by an invitation, into a session in cookies; in development also in a role.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem, Result } from "@gongzhi/client";
import { linkTo } from "../router";
import { acceptInvitation, answerChallenge, challenge, enterAs, notice, signIn } from "../session";
import { keepPage } from "../storage";
import { language, say, type Word } from "../words";

interface Role {
  name: string;
  chinese: string;
}

export function SignIn() {
  useEffect(() => {
    document.title = `${say("signIn")} · ${say("title")}`;
    document.getElementById("name")?.focus();
  }, [language.value]);
  return (
    <div class="sign-in">
      <h1>{say("signIn")}</h1>
      {notice.value && (
        <p class="notice" role="status" id="notice">
          {say(notice.value)}
        </p>
      )}
      {challenge.value ? <SecondStep /> : <Ways />}
    </div>
  );
}

function Ways() {
  return (
    <>
      <Way id="sign-in" send={({ name = "", password = "" }) => signIn(name, password)} refused="wrong" does="signIn">
        <label for="name">{say("name")}</label>
        <input id="name" name="name" required autocomplete="username" autocapitalize="none" />
        <label for="password">{say("password")}</label>
        <input id="password" name="password" type="password" required autocomplete="current-password" />
      </Way>
      <Providers />
      <p class="quiet">{say("forgotten")}</p>
      <details id="invitation">
        <summary>{say("invitation")}</summary>
        <Way
          id="accept"
          send={({ code = "", password = "", name }) => acceptInvitation(code, password, name)}
          refused="wrongCode"
          does="setPassword"
        >
          <label for="code">{say("code")}</label>
          <input id="code" name="code" required autocomplete="off" autocapitalize="characters" />
          <label for="new-name">{say("newName")}</label>
          <input id="new-name" name="name" autocomplete="username" autocapitalize="none" />
          <label for="new-password">{say("newPassword")}</label>
          <input id="new-password" name="password" type="password" required autocomplete="new-password" />
        </Way>
      </details>
      <p>
        <a href={linkTo("resident")} id="to-residents">
          {say("toResidents")}
        </a>
      </p>
      <Development />
    </>
  );
}

const PROBLEMS: Record<string, Word> = { denied: "denied", unlinked: "unlinked", failed: "providerFailed" };

/** Identity providers, where the server is a client of some: each has a page of its own, which leads back here. */
function Providers() {
  const [issuers, setIssuers] = useState<string[]>([]);
  useEffect(() => {
    const problem = PROBLEMS[new URLSearchParams(location.search).get("problem") ?? ""];
    if (problem) {
      notice.value = problem;
      history.replaceState(null, "", location.pathname + location.hash);
    }
    void fetch("/auth/identity-providers")
      .then(async (reply) => {
        if (!reply.ok) return;
        const { providers } = (await reply.json()) as { providers: { issuer: string }[] };
        setIssuers(providers.map(({ issuer }) => issuer));
      })
      .catch(() => undefined);
  }, []);
  return (
    <>
      {issuers.map((issuer) => (
        <p key={issuer}>
          <a href={`/auth/identity-provider/begin?${new URLSearchParams({ issuer, back: location.pathname })}`} onClick={keepPage}>
            {say("byProvider")} {new URL(issuer).host}
          </a>
        </p>
      ))}
    </>
  );
}

/** What comes after the password, where an account has a second factor. */
function SecondStep() {
  const [recovery, setRecovery] = useState(false);
  useEffect(() => document.getElementById("one-time-code")?.focus(), [recovery]);
  const send = async ({ code = "" }: Record<string, string>) => {
    const found = await answerChallenge(code);
    if (!found.ok && found.problems[0].code === "UNAUTHENTICATED") {
      challenge.value = null;
      notice.value = "stepOver";
    }
    return found;
  };
  return (
    <>
      <h2>{say("secondStep")}</h2>
      <Way id="second-step" send={send} refused="stepOver" does="confirm">
        <label for="one-time-code">{say(recovery ? "recoveryCode" : "oneTimeCode")}</label>
        <input
          key={String(recovery)}
          id="one-time-code"
          name="code"
          required
          autocomplete={recovery ? "off" : "one-time-code"}
          inputMode={recovery ? "text" : "numeric"}
          autocapitalize="characters"
          spellcheck={false}
        />
      </Way>
      <div class="buttons">
        <button type="button" id="other-code" onClick={() => setRecovery(!recovery)}>
          {say(recovery ? "useCode" : "useRecovery")}
        </button>
        <button type="button" onClick={() => (challenge.value = null)}>
          {say("cancel")}
        </button>
      </div>
      <p class="quiet">{say("lostFactor")}</p>
    </>
  );
}

interface Entry {
  id: string;
  send: (given: Record<string, string>) => Promise<Result<void>>;
  /** What is said where name, password or code are wrong; which of them nobody is told. */
  refused: Word;
  does: Word;
  children: ComponentChildren;
}

/** One way into a session: a form, and what was wrong with it. */
function Way({ id, send, refused, does, children }: Entry) {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    setWrong("");
    const found = await send(Object.fromEntries([...given].map(([name, value]) => [name, String(value)])));
    setBusy(false);
    if (!found.ok) setWrong(tellProblem(found.problems[0], refused));
  };
  return (
    <form id={id} onSubmit={(event) => void submit(event)}>
      {children}
      <p class="error" role="alert" id={`${id}-error`}>
        {wrong}
      </p>
      <button class="main" disabled={busy}>
        {say(busy ? "signingIn" : does)}
      </button>
    </form>
  );
}

function tellProblem({ code, message, retryAfter }: Problem, refused: Word): string {
  if (code === "NETWORK") return say("offline");
  if (code === "UNAUTHENTICATED") return say(refused);
  return retryAfter ? `${message} ${retryAfter} ${say("wait")}` : message;
}

/** A role in a place, where the server gives out tokens for that. */
function Development() {
  const [roles, setRoles] = useState<Role[]>([]);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    void fetch("/auth/development-roles")
      .then(async (reply) => reply.ok && setRoles(((await reply.json()) as { roles: Role[] }).roles))
      .catch(() => undefined);
  }, []);
  if (roles.length === 0) return null;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement);
    const [role = "", grid = "", unit = ""] = ["role", "grid", "unit"].map((name) => String(given.get(name)).trim());
    setWrong(!(await enterAs({ role, grid, unit })));
  };
  return (
    <form class="development" onSubmit={(event) => void submit(event)}>
      <h2>{say("development")}</h2>
      <label for="role">{say("role")}</label>
      <select id="role" name="role">
        {roles
          .filter(({ name }) => name !== "stranger")
          .map(({ name, chinese }) => (
            <option value={name} selected={name === "town_dispatcher"}>
              {language.value === "zh" ? chinese : name}
            </option>
          ))}
      </select>
      <label for="grid">{say("grid")}</label>
      <input id="grid" name="grid" value="610921100" />
      <label for="unit">{say("unit")}</label>
      <input id="unit" name="unit" />
      <p class="error" role="alert">
        {wrong && say("noSuch")}
      </p>
      <button>{say("enter")}</button>
    </form>
  );
}
