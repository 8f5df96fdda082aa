// Accounts: who may sign in, which roles they were given, and where they are signed in.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { ACCOUNT, ACCOUNTS } from "./documents";
import { Choice, DataTable, DeedButton, Facts, Mark, Moment, Pages, Panel, Search, useDeeds, useTitle, type Deed, type Page } from "./parts";
import { tell } from "./words";
import type { Coded } from "../../forms/inputs";
import { label, loadLabels } from "../../labels";
import { linkTo } from "../../router";
import { may } from "../../session";
import { showMoment } from "../../times";
import { colon, language, say } from "../../words";

interface Listed {
  id: string;
  name: string;
  kind: string;
  suspendedAt: string | null;
  grid: Coded | null;
}

interface Grant {
  id: string;
  role: string;
  since: string;
  until: string | null;
  grantedAt: string | null;
  grantedBy: string;
  confirmedBy: string | null;
  proposedAt: string | null;
  waitsUntil: string | null;
  endingAt: string | null;
  endingBy: string | null;
  revokedBy: string | null;
  stoppedBy: string | null;
  stoppedWhy: string | null;
  grid: Coded | null;
  unit: Coded | null;
}

interface Session {
  id: string;
  device: string | null;
  createdAt: string;
  usedAt: string;
  expiresAt: string;
  endedAt: string | null;
}

interface Account extends Listed {
  version: number;
  createdAt: string;
  createdBy: string;
  suspendedBy: string | null;
  suspendingAt: string | null;
  suspendingBy: string | null;
  grants: Grant[];
  sessions: { totalCount: number; nodes: Session[] };
}

interface Role {
  name: string;
  chinese: string;
  english: string;
  guarded: boolean;
  grantable: boolean;
}

const invitation = () => ({ field: "code", title: tell("invitationCode") });

export function AccountsPage({ query }: { query: URLSearchParams }) {
  const [after, go] = useState<string | null>(null);
  const [name, kind] = [query.get("name") ?? "", query.get("kind") ?? ""];
  const filter = { ...(name && { name: { contains: name } }), ...(kind && { kind: { equals: kind } }) };
  const asked = useAsked<{ accounts: { totalCount: number; nodes: Listed[]; pageInfo: Page } | null }>(
    ACCOUNTS,
    { filter, after },
    ({ accounts }) => accounts !== null,
  );
  const { choose, view } = useDeeds(asked.load);
  useEffect(() => {
    void loadLabels(["AccountKind"]);
  }, []);
  useEffect(() => go(null), [name, kind]);
  const kinds = ["PERSON", "MACHINE"].map((one) => [one, label("AccountKind", one)] as [string, string]);
  const addition = (): Deed => ({ mutation: "addAccount", title: tell("addAccount"), fixed: {}, warning: tell("addWarning"), secret: invitation() });
  return (
    <>
      {view}
      <section class="filters" aria-label={say("filters")}>
        <Search name="name" text={tell("nameContains")} value={name} />
        <Choice name="kind" text={tell("kind")} value={kind} options={[["", tell("all")], ...kinds]} />
        {may("accounts.edit") && <DeedButton text={tell("addAccount")} onClick={() => choose(addition())} />}
      </section>
      <Panel id="accounts" title={tell("accounts")} asked={asked}>
        {({ accounts }) => (
          <>
            <p role="status" class="quiet" id="found">
              {accounts!.totalCount} {say("rows")}
            </p>
            <DataTable
              caption={tell("accounts")}
              rows={accounts!.nodes}
              rowKey={({ name }) => name}
              columns={[
                { title: tell("account"), show: ({ name }) => <a href={linkTo("operator", "accounts", name)}>{name}</a> },
                { title: tell("kind"), show: ({ kind }) => label("AccountKind", kind) },
                { title: tell("place"), show: ({ grid }) => grid?.name ?? tell("everywhere") },
                { title: say("status"), show: ({ suspendedAt }) => <Standing suspended={suspendedAt !== null} /> },
              ]}
            />
            <Pages page={accounts!.pageInfo} after={after} go={go} />
          </>
        )}
      </Panel>
    </>
  );
}

const Standing = ({ suspended }: { suspended: boolean }) =>
  suspended ? <Mark value={tell("suspended")} hue="RED" /> : <Mark value={tell("active")} hue="GREEN" />;

export function AccountPage({ name }: { name: string }) {
  const asked = useAsked<{ account: Account | null; roles: Role[] }>(ACCOUNT, { name }, ({ account }) => account !== undefined);
  const { choose, view } = useDeeds(asked.load);
  useEffect(() => {
    void loadLabels(["AccountKind", "Account", "roles"]);
  }, []);
  useTitle(name);
  const found = asked.data?.account;
  return (
    <>
      <p class="unprinted">
        <a href={linkTo("operator", "accounts")}>← {tell("backToAccounts")}</a>
      </p>
      {view}
      <Panel id="account-page" title={name} asked={asked}>
        {() => (found ? <About account={found} choose={choose} /> : <p>{tell("noAccount")}</p>)}
      </Panel>
      {found && (
        <>
          <Panel id="grants" title={tell("grants")} asked={asked}>
            {({ roles }) => <Grants account={found} roles={roles} choose={choose} />}
          </Panel>
          <Panel id="sessions" title={tell("sessions")} asked={asked}>
            {() => <Sessions found={found.sessions.nodes} choose={choose} />}
          </Panel>
        </>
      )}
    </>
  );
}

function About({ account, choose }: { account: Account; choose: (deed: Deed) => void }) {
  const { name, version, kind, suspendedAt, suspendedBy, suspendingAt, suspendingBy, grid, createdAt, createdBy } = account;
  const suspend: Deed = {
    mutation: "setAccountSuspension",
    title: `${tell(suspendedAt ? "restore" : "suspend")} ${name}`,
    fixed: { account: name, suspended: !suspendedAt },
    version,
    warning: tell(suspendedAt ? "restoreWarning" : "suspendWarning"),
  };
  const invite: Deed = { mutation: "inviteAccount", title: `${tell("invite")} ${name}`, fixed: { account: name }, warning: tell("inviteWarning"), secret: invitation() };
  return (
    <>
      <Facts
        facts={[
          [say("status"), <Standing suspended={suspendedAt !== null} />],
          [tell("suspended"), suspendedAt && `${showMoment(suspendedAt)} ${suspendedBy ?? ""}`],
          [tell("suspending"), suspendingAt && `${showMoment(suspendingAt)} ${suspendingBy ?? ""}`],
          [tell("kind"), label("AccountKind", kind)],
          [tell("place"), grid?.name ?? tell("everywhere")],
          [label("Account", "createdAt"), `${showMoment(createdAt)} ${createdBy}`],
        ]}
      />
      {may("accounts.edit") && (
        <p class="buttons unprinted">
          <DeedButton text={tell(suspendedAt ? "restore" : "suspend")} onClick={() => choose(suspend)} />
          {kind === "PERSON" && !suspendedAt && <DeedButton text={tell("invite")} onClick={() => choose(invite)} />}
        </p>
      )}
    </>
  );
}

type Step = "inForce" | "later" | "over" | "revoked" | "stopped" | "proposed" | "cooling" | "ending";

/** Where a grant stands. What waits counts for nothing yet. */
function stepOf({ since, until, revokedBy, stoppedBy, proposedAt, waitsUntil, endingAt }: Grant): Step {
  const now = Date.now();
  if (stoppedBy) return "stopped";
  if (until && Date.parse(until) <= now) return revokedBy ? "revoked" : "over";
  if (proposedAt) return "proposed";
  if (waitsUntil && Date.parse(waitsUntil) > now) return "cooling";
  if (endingAt) return "ending";
  return Date.parse(since) > now ? "later" : "inForce";
}

const HUES: Partial<Record<Step, "GREEN" | "AMBER" | "RED">> = { inForce: "GREEN", proposed: "AMBER", cooling: "AMBER", ending: "AMBER", stopped: "RED" };

/** What may be done about a grant as it stands; whether one may oneself is said by the server. */
function deedsOf(grant: Grant): [string, string, Step[]][] {
  const all: [string, string, string, Step[]][] = [
    ["confirm", "confirmGrant", "accounts.confirm", ["proposed"]],
    ["agree", "agreeToGrant", "people.oversee", ["cooling"]],
    ["stop", "stopGrant", "people.oversee", ["cooling"]],
    ["revoke", "revokeGrant", "accounts.grant", ["inForce", "later", "proposed", "cooling", "ending"]],
  ];
  return all.filter(([, , permission, steps]) => may(permission) && steps.includes(stepOf(grant))).map(([word, mutation, , steps]) => [word, mutation, steps]);
}

function Grants({ account, roles, choose }: { account: Account; roles: Role[]; choose: (deed: Deed) => void }) {
  const roleName = (name: string) => {
    const role = roles.find((one) => one.name === name);
    return `${role ? (language.value === "zh" ? role.chinese : role.english) : name}${role?.guarded ? ` (${tell("guarded")})` : ""}`;
  };
  const grant: Deed = {
    mutation: "grantRole",
    title: `${tell("grant")}${colon()}${account.name}`,
    fixed: { account: account.name },
    warning: tell("grantWarning"),
  };
  return (
    <>
      <DataTable
        caption={tell("grants")}
        rows={account.grants}
        rowKey={({ id }) => id}
        columns={[
          { title: tell("role"), show: ({ role }) => roleName(role) },
          { title: tell("scope"), show: ({ grid, unit }) => grid?.name ?? unit?.name ?? tell("everywhere") },
          { title: tell("grantState"), show: (one) => <GrantState grant={one} /> },
          { title: tell("since"), show: ({ since }) => <Moment at={since} /> },
          { title: tell("until"), show: ({ until }) => until && <Moment at={until} /> },
          { title: tell("by"), show: ({ grantedBy, confirmedBy }) => [grantedBy, confirmedBy].filter(Boolean).join("、") },
          {
            title: say("actions"),
            show: (one) => (
              <span class="buttons">
                {deedsOf(one).map(([word, mutation]) => (
                  <DeedButton
                    text={tell(word as "confirm")}
                    about={roleName(one.role)}
                    onClick={() =>
                      choose({ mutation, title: `${tell(word as "confirm")} ${roleName(one.role)}`, fixed: { grant: one.id }, warning: tell(`${word}Warning` as "confirmWarning") })
                    }
                  />
                ))}
              </span>
            ),
          },
        ]}
      />
      {may("accounts.grant") && (
        <p>
          <DeedButton text={tell("grant")} onClick={() => choose(grant)} />
        </p>
      )}
    </>
  );
}

function GrantState({ grant }: { grant: Grant }) {
  const step = stepOf(grant);
  const { revokedBy, stoppedBy, stoppedWhy, waitsUntil, endingBy } = grant;
  const more: Partial<Record<Step, string | null>> = {
    revoked: revokedBy,
    stopped: [stoppedBy, stoppedWhy].filter(Boolean).join(colon()),
    cooling: waitsUntil && showMoment(waitsUntil),
    ending: endingBy,
  };
  return (
    <>
      <Mark value={tell(step)} hue={HUES[step]} /> {more[step] && <span class="quiet">{more[step]}</span>}
    </>
  );
}

function Sessions({ found, choose }: { found: Session[]; choose: (deed: Deed) => void }) {
  const over = ({ endedAt, expiresAt }: Session): boolean => endedAt !== null || Date.parse(expiresAt) <= Date.now();
  return (
    <DataTable
      caption={tell("sessions")}
      rows={found}
      rowKey={({ id }) => id}
      columns={[
        { title: tell("device"), show: ({ device }) => device ?? "—" },
        { title: tell("signedIn"), show: ({ createdAt }) => <Moment at={createdAt} /> },
        { title: tell("used"), show: ({ usedAt }) => <Moment at={usedAt} /> },
        { title: tell("ended"), show: (one) => (over(one) ? <Moment at={one.endedAt ?? one.expiresAt} /> : null) },
        {
          title: say("actions"),
          show: (one) =>
            may("accounts.edit") &&
            !over(one) && (
              <DeedButton
                text={tell("endSession")}
                about={one.device ?? ""}
                onClick={() => choose({ mutation: "endSession", title: `${tell("endSession")} ${one.device ?? ""}`, fixed: { session: one.id }, warning: tell("endWarning") })}
              />
            ),
        },
      ]}
    />
  );
}
