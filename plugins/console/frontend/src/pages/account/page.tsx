// Account: one's own, with password, second factor, sessions and identities.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../../failure";
import { ask, change, checkSession, cookies, who } from "../../session";
import { showMoment } from "../../times";
import { language, say } from "../../words";
import "./account.css";
import { ACCOUNT, END_ALL, END_SESSION } from "./documents";
import { SecondFactor } from "./factor";
import { CodeField, Form, PasswordField, type Given } from "./form";
import { tell, tellMethod } from "./words";

interface Session {
  id: string;
  device: string | null;
  methods: string[];
  createdAt: string;
  usedAt: string;
  expiresAt: string;
  endedAt: string | null;
}

interface Identity {
  issuer: string;
  subject: string;
  linkedAt: string;
  proposedAt: string | null;
}

interface Found {
  me: { secondFactorSince: string | null; recoveryCodesLeft: number | null; sessions: { nodes: Session[] } } | null;
  account: { identities: Identity[] } | null;
}

export function AccountPage() {
  const [found, setFound] = useState<Found | null>(null);
  const [failed, setFailed] = useState("");
  const [said, setSaid] = useState("");
  const name = who.value?.account ?? "";
  const load = async () => {
    const answer = await ask<Found>(ACCOUNT, { name });
    setFailed(answer.data?.me ? "" : (answer.problems[0]?.message ?? say("failed")));
    if (answer.data?.me) setFound(answer.data);
  };
  const renew = async (text: string) => {
    setSaid(text);
    await checkSession();
    await load();
  };
  useEffect(() => void load(), []);
  useEffect(() => {
    document.title = `${say("myAccount")} · ${say("title")}`;
  }, [language.value]);
  return (
    <div class="account">
      <h1>{say("myAccount")}</h1>
      <p class="unprinted">{[name, who.value?.person?.name].filter(Boolean).join(" · ")}</p>
      {who.value?.secondFactorDue && (
        <p class="notice unprinted" id="factor-due">
          {tell("due")}
        </p>
      )}
      <p role="status" class="said unprinted" id="said">
        {said}
      </p>
      {failed && <Failure message={failed} again={() => void load()} />}
      {found && !found.account && <p id="trial">{tell("trial")}</p>}
      {found?.me && found.account && (
        <>
          <Part id="factor" title={tell("factor")} printed>
            <SecondFactor
              factor={{ since: found.me.secondFactorSince, left: found.me.recoveryCodesLeft }}
              changed={renew}
            />
          </Part>
          <Part id="password-part" title={tell("changePassword")}>
            <ChangePassword name={name} changed={renew} />
          </Part>
          <Part id="sessions" title={tell("sessions")}>
            <Sessions sessions={found.me.sessions.nodes} changed={load} />
          </Part>
          <Part id="identities" title={tell("identities")}>
            <Identities identities={found.account.identities} />
          </Part>
        </>
      )}
    </div>
  );
}

function Part({ id, title, printed = false, children }: { id: string; title: string; printed?: boolean; children: ComponentChildren }) {
  return (
    <section id={id} aria-labelledby={`${id}-title`} class={printed ? undefined : "unprinted"}>
      <h2 id={`${id}-title`}>{title}</h2>
      {children}
    </section>
  );
}

function ChangePassword({ name, changed }: { name: string; changed: (said: string) => Promise<void> }) {
  const [challenge, setChallenge] = useState("");
  const [at, setAt] = useState(0); // a form anew, once it was sent
  const finish = async () => {
    setChallenge("");
    setAt(at + 1);
    await changed(tell("changed"));
  };
  const send = async ({ "old-password": password = "", "next-password": newPassword = "", again = "" }: Given) => {
    if (newPassword !== again) return tell("differ");
    const found = await cookies.changePassword({ name, password, newPassword });
    const { code, challenge: due } = found.problems[0] ?? {};
    if (code === "SECOND_FACTOR_REQUIRED" && due) {
      setChallenge(due);
      return "";
    }
    if (found.ok) await finish();
    return code === "UNAUTHENTICATED" ? say("wrongPassword") : found;
  };
  const answer = async ({ code = "" }: Given) => {
    const found = await cookies.answerChallenge({ challenge, code });
    if (found.ok) await finish();
    else if (found.problems[0].code === "UNAUTHENTICATED") setChallenge("");
    return found;
  };
  if (challenge) {
    return (
      <Form id="answer-password" does={[{ text: say("confirm"), main: true, send: answer }]}>
        <CodeField id="password-code" text={tell("codeOrRecovery")} />
      </Form>
    );
  }
  return (
    <Form key={at} id="change-password" does={[{ text: tell("changePassword"), main: true, send }]}>
      <input class="unseen" name="username" autocomplete="username" value={name} readOnly tabIndex={-1} aria-hidden="true" />
      <PasswordField id="old-password" text={tell("own")} now="current" />
      <PasswordField id="next-password" text={say("newPassword")} now="new" />
      <PasswordField id="again" text={tell("again")} now="new" />
    </Form>
  );
}

function Sessions({ sessions, changed }: { sessions: Session[]; changed: () => Promise<void> }) {
  const [wrong, setWrong] = useState("");
  const open = sessions.filter(({ endedAt, expiresAt }) => !endedAt && Date.parse(expiresAt) > Date.now());
  const send = async (document: string, input: object) => {
    const found = await change<object>(document, input);
    setWrong(found.ok ? "" : found.problems[0].message);
    if (found.ok) await changed();
  };
  return (
    <>
      <ul>
        {open.map(({ id, device, methods, createdAt, usedAt }) => (
          <li key={id} class="line">
            <b>{device ?? tell("unnamed")}</b>
            <span>
              {tell("signedIn")} {showMoment(createdAt)}
              {methods.length > 0 && ` (${methods.map(tellMethod).join(" + ")})`}
            </span>
            <span class="quiet">
              {tell("used")} {showMoment(usedAt)}
            </span>
            <button type="button" aria-label={`${tell("end")} ${device ?? tell("unnamed")} ${showMoment(createdAt)}`} onClick={() => void send(END_SESSION, { session: id })}>
              {tell("end")}
            </button>
          </li>
        ))}
      </ul>
      <p class="error" role="alert">
        {wrong}
      </p>
      <button type="button" id="end-all" onClick={() => void send(END_ALL, {})}>
        {tell("endAll")}
      </button>
    </>
  );
}

function Identities({ identities }: { identities: Identity[] }) {
  if (identities.length === 0) return <p class="quiet">{tell("noIdentities")}</p>;
  return (
    <ul>
      {identities.map(({ issuer, subject, linkedAt, proposedAt }) => (
        <li class="line">
          <b>{issuer}</b>
          <span>{subject}</span>
          <span class="quiet">{proposedAt ? tell("waits") : `${tell("linked")} ${showMoment(linkedAt)}`}</span>
        </li>
      ))}
    </ul>
  );
}
