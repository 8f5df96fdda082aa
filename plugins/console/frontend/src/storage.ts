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
