// Operator: the pages of those who look after a deployment, each for whoever may see what is on it.
import type { JSX } from "preact";
import { AccountPage, AccountsPage } from "./accounts";
import { AuditPage } from "./audit";
import { ExportsPage } from "./exports";
import { OperationsPage, RetentionPage } from "./figures";
import { HealthPage } from "./health";
import { useTitle } from "./parts";
import { PluginPage, PluginsPage } from "./plugins";
import { WebhookPage, WebhooksPage } from "./webhooks";
import { WorkPage } from "./work";
import { tell, type OperatorWord } from "./words";
import { linkTo, type Route } from "../../router";
import { may } from "../../session";
import { say } from "../../words";
import "./operator.css";

interface Area {
  path: OperatorWord;
  /** One of these is needed. */
  permissions: string[];
  show: (name: string | undefined, query: URLSearchParams) => JSX.Element;
}

const AREAS: Area[] = [
  { path: "health", permissions: ["deployment.examine"], show: () => <HealthPage /> },
  { path: "work", permissions: ["jobs.view"], show: (_, query) => <WorkPage query={query} /> },
  {
    path: "webhooks",
    permissions: ["webhooks.edit", "webhooks.oversee"],
    show: (id, query) => (id ? <WebhookPage key={id} id={id} query={query} /> : <WebhooksPage />),
  },
  {
    path: "plugins",
    permissions: ["plugins.view"],
    show: (name, query) => (name ? <PluginPage key={name} name={name} query={query} /> : <PluginsPage />),
  },
  {
    path: "accounts",
    permissions: ["accounts.view"],
    show: (name, query) => (name ? <AccountPage key={name} name={name} /> : <AccountsPage query={query} />),
  },
  { path: "audit", permissions: ["deployment.examine", "disclosure.audit", "people.oversee"], show: (_, query) => <AuditPage query={query} /> },
  { path: "exports", permissions: ["exports.release"], show: (_, query) => <ExportsPage query={query} /> },
  { path: "retention", permissions: ["deployment.examine"], show: () => <RetentionPage /> },
  { path: "operations", permissions: ["deployment.examine"], show: (_, query) => <OperationsPage query={query} /> },
];

export function OperatorPage({ path, query }: Route) {
  const mine = AREAS.filter(({ permissions }) => permissions.some(may));
  const [, wanted = mine[0]?.path, name] = path;
  const area = AREAS.find((one) => one.path === wanted);
  const allowed = area && mine.includes(area);
  useTitle(area ? tell(area.path) : say("operator"));
  return (
    <div class="operator">
      <nav class="lists unprinted" aria-label={tell("areas")}>
        {mine.map((one) => (
          <a href={linkTo("operator", one.path)} aria-current={one.path === wanted ? "page" : undefined}>
            {tell(one.path)}
          </a>
        ))}
      </nav>
      <h1>{area ? tell(area.path) : say("noPage")}</h1>
      {area && !allowed && <p id="no-rights">{say("noRights")}</p>}
      {allowed && area.show(name, query)}
    </div>
  );
}
