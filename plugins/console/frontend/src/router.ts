// Router: which page stands behind `#` in the address, and with what; it stays when a session ends.
import { signal } from "@preact/signals";
import { restorePage } from "./storage";

export interface Route {
  /** The page and what it is about, such as `cases` and a number. */
  path: string[];
  query: URLSearchParams;
}

function read(): Route {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { path: path.split("/").filter(Boolean).map(decodeURIComponent), query: new URLSearchParams(query) };
}

// What is behind `#` does not come back from an identity provider's page.
restorePage();
export const route = signal<Route>(read());

export function followAddress(): void {
  addEventListener("hashchange", () => (route.value = read()));
}

export const linkTo = (...path: string[]): string => `#/${path.map(encodeURIComponent).join("/")}`;

/** Change the query of the page one is on. */
export function setQuery(changes: Record<string, string | null>): void {
  const query = new URLSearchParams(route.peek().query);
  for (const [name, value] of Object.entries(changes)) value === null ? query.delete(name) : query.set(name, value);
  const text = query.toString();
  location.hash = linkTo(...route.peek().path) + (text && `?${text}`);
}
