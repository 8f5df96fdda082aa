// Views: the pages that are written here. A further page is a line; who may open it is said by a permission. What plugins
// declare is drawn by pages/list.tsx and pages/detail.tsx.
import type { JSX } from "preact";
import { later } from "./later";
import { RESIDENT_VIEWS } from "./pages/resident/views";
import type { Route } from "./router";
import { may } from "./session";
import type { Word } from "./words";

export interface View {
  /** What stands first behind `#/`. */
  path: string;
  title: Word;
  /** What one must be allowed somewhere, one of several; null for nothing. What one sees there is for the schema to say. */
  permission: string | readonly string[] | null;
  /** Whether it is there without an account, too. */
  strangers?: true;
  /** Whether the menu has it. */
  menu: boolean;
  show: (route: Route) => JSX.Element;
}

// A page's script is loaded when the page is opened.
const Board = later(async () => (await import("./pages/board/board")).Board);
const Desk = later(async () => (await import("./pages/desk")).Desk);
const AccountPage = later(async () => (await import("./pages/account/page")).AccountPage);
const CasePage = later(async () => (await import("./pages/case")).CasePage);
const FieldPage = later(async () => (await import("./pages/field/field")).FieldPage);
/** Shown without a network, when nobody can be asked who it is. */
export const FieldOffline = later(async () => (await import("./pages/field/field")).FieldOffline);

const NoticesPage = later(async () => (await import("./pages/notices")).NoticesPage);
const OperatorPage = later(async () => (await import("./pages/operator/operator")).OperatorPage);
/** Whoever looks after a deployment, its accounts or its audit. */
const OPERATE = ["deployment.examine", "jobs.view", "plugins.view", "webhooks.edit", "webhooks.oversee", "exports.release", "disclosure.audit", "people.oversee", "accounts.edit"];

export const mayOpen = ({ permission }: View): boolean => permission === null || [permission].flat().some(may);
/** Whether the menu has it for whoever is signed in. What anybody may open has a menu of its own. */
export const isOffered = (view: View): boolean => view.menu && view.permission !== null && mayOpen(view);

/** In the order of the menu; the first that somebody may open is where they begin. */
export const VIEWS: View[] = [
  { path: "field", title: "field", permission: "patrols.record", menu: true, show: ({ path: [, ...rest] }) => <FieldPage path={rest} /> },
  { path: "desk", title: "desk", permission: "cases.view", menu: true, show: ({ query }) => <Desk query={query} /> },
  { path: "notices", title: "notices", permission: null, menu: false, show: () => <NoticesPage /> },
  { path: "account", title: "myAccount", permission: null, menu: false, show: () => <AccountPage /> },
  {
    path: "board",
    title: "board",
    permission: "statistics.view",
    menu: true,
    show: ({ path: [, code = ""], query }) => <Board code={code} query={query} />,
  },
  {
    path: "cases",
    title: "case",
    permission: "cases.view",
    menu: false,
    show: ({ path: [, number = ""] }) => <CasePage key={number} number={number} />,
  },
  { path: "operator", title: "operator", permission: OPERATE, menu: true, show: (route) => <OperatorPage {...route} /> },
  ...RESIDENT_VIEWS,
];
