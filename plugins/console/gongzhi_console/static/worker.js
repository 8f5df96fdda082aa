// Service worker: keeps the page's own files, so that it opens without a network. Nothing that anybody is answered is kept.
// `FILES`, the addresses of the page's files, stands before this when the server sends it; see gongzhi_console/__init__.py.
const PAGE = new URL("./", location.href).pathname;
/** Milliseconds after which the page that is here is shown: it is the newest by the next time. */
const PATIENCE = 4000;
/** Of earlier versions one stays, for a page that is open and loads its parts as it needs them. */
const VERSIONS = 2;
const PREFIX = "gongzhi-console ";
// Another list is another version: the addresses have the hashes of what is in the files.
const VERSION = PREFIX + FILES.join(" ");

async function keepFiles() {
  const cache = await caches.open(VERSION);
  await cache.addAll([new Request(PAGE, { cache: "no-cache" }), ...FILES]);
  await skipWaiting();
}

async function dropOld() {
  const versions = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== VERSION);
  await Promise.all(versions.slice(0, Math.max(0, versions.length - VERSIONS + 1)).map((name) => caches.delete(name)));
  await clients.claim();
}

// Encodings and what a browser accepts vary, and the content does not.
const find = async (cache, address) => (await caches.open(cache)).match(address, { ignoreVary: true });

/** The page comes from the server wherever there is one: an old page never stays in front of a new server. */
async function openPage(request) {
  const asked = fetch(request);
  const kept = await find(VERSION, PAGE);
  if (!kept) return asked;
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE));
  return Promise.race([asked.then((reply) => (reply.status >= 500 ? kept : reply)).catch(() => kept), late]);
}

async function openFile(request) {
  return (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}

addEventListener("install", (event) => event.waitUntil(keepFiles()));
addEventListener("activate", (event) => event.waitUntil(dropOld()));
addEventListener("fetch", (event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname } = new URL(url);
  if (method !== "GET" || origin !== location.origin) return;
  if (mode === "navigate" && pathname === PAGE) event.respondWith(openPage(event.request));
  else if (pathname.startsWith(`${PAGE}static/`)) event.respondWith(openFile(event.request));
});
