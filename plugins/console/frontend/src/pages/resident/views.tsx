// Views of residents: those for everybody, and what is kept about whoever is signed in.
import type { View } from "../../views";
import { later } from "../../later";

const ResidentHome = later(async () => (await import("./home")).ResidentHome);
const ReportPage = later(async () => (await import("./report")).ReportPage);
const FollowPage = later(async () => (await import("./follow")).FollowPage);
const PublicPage = later(async () => (await import("./public")).PublicPage);
const MePage = later(async () => (await import("./me")).MePage);

const OPEN = { title: "residents", permission: null, menu: false } as const;

export const RESIDENT_VIEWS: View[] = [
  { ...OPEN, path: "resident", strangers: true, show: () => <ResidentHome /> },
  { ...OPEN, path: "report", strangers: true, show: () => <ReportPage /> },
  { ...OPEN, path: "follow", strangers: true, show: () => <FollowPage /> },
  { ...OPEN, path: "public", strangers: true, show: ({ path }) => <PublicPage part={path[1]} /> },
  { ...OPEN, path: "me", show: ({ path }) => <MePage path={path} /> },
];
