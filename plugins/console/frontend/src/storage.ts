// What the browser keeps between visits: how the page looks, and in development the role, and receipts that
// somebody had it remember. Never a token, nothing else of a case.
const PREFIX = "gongzhi-console:";

export function load<T>(name: string): T | undefined {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined; // switched off, or written by something else
  }
}

export function save(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Full or switched off: the page works without.
  }
}

/** Keep the page one is on, in this tab alone, while it is at another site. */
export function keepPage(): void {
  try {
    sessionStorage.setItem(`${PREFIX}page`, location.hash);
  } catch {
    // Switched off: one comes back to the first page.
  }
}

/** Go back to the page one was on, once. */
export function restorePage(): void {
  try {
    const page = sessionStorage.getItem(`${PREFIX}page`);
    sessionStorage.removeItem(`${PREFIX}page`);
    if (page && !location.hash) history.replaceState(null, "", page);
  } catch {
    // Switched off.
  }
}
