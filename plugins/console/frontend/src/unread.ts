// Unread: how many notices wait for whoever is signed in, or for the offices they hold.
import { signal } from "@preact/signals";
import { UNREAD } from "./documents";
import { ask, who } from "./session";

export const unread = signal(0);
const EACH = 60_000;

export async function loadUnread(): Promise<void> {
  const found = await ask<{ me: { unreadNotices: number } | null }>(UNREAD);
  unread.value = found.data?.me?.unreadNotices ?? 0;
}

/** Count now and each minute, as long as the page can be seen: no event tells of a notice. */
export function watchUnread(): () => void {
  void loadUnread();
  const timer = setInterval(() => {
    if (who.value && !document.hidden) void loadUnread();
  }, EACH);
  return () => clearInterval(timer);
}
