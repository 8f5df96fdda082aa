// Offline page: the service worker that keeps the page's own files, and the way to be rid of it.
import { signal } from "@preact/signals";
import { clearAll } from "./shelf";

const WORKER = "worker.js";

/** Whether a newer page than the one that is open has come. */
export const renewed = signal(false);
let watched = false;

/** Have the browser keep the page, where it can; a newer one takes its place by itself. */
export async function keepPage(): Promise<void> {
  const { serviceWorker } = navigator;
  if (!serviceWorker || watched) return;
  watched = true;
  // The first worker that takes over has nothing newer than what is open.
  let before = serviceWorker.controller;
  serviceWorker.addEventListener("controllerchange", () => {
    if (before) renewed.value = true;
    before = serviceWorker.controller;
  });
  try {
    const registration = await serviceWorker.register(new URL(WORKER, document.baseURI), { updateViaCache: "none" });
    addEventListener("online", () => void registration.update().catch(() => undefined));
  } catch {
    watched = false; // no network, or the browser does not want to: the page works without
  }
}

/** Delete all that this device has of the page. */
export async function removePage(): Promise<void> {
  await (await navigator.serviceWorker?.getRegistration(document.baseURI))?.unregister();
  for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
  await clearAll();
}
