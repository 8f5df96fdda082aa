// Bundles the page into ../gongzhi_console/static, with the licences of all that is in the bundle beside it.
// `node build.mjs FOLDER` writes elsewhere: a test compares that with what is committed.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LARGEST = 300_000;
/** What draws a map over tiles, for who has tiles: only on the board, and kept by browsers for good. */
const LARGEST_MAP = 550_000;
const MAP = "board_ground.js";
const MAP_WORKER = "board_ground_worker.js";
/** Digits of a hash in an address: as `gongzhi.runtime.routes` has them, which serves the files at these addresses. */
const DIGITS = 16;

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "gongzhi_console", "static");

const options = {
  absWorkingDir: here,
  entryPoints: { console: "src/main.tsx" },
  outdir: target,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  // The client's sources need graphql-ws; ours is taken, so that they need not be installed for themselves.
  nodePaths: [join(here, "node_modules")],
  define: { "process.env.NODE_ENV": '"production"', "globalThis.process": "undefined" },
  metafile: true,
};

// The script in parts, each of which is loaded when it is needed; the style as one file, for it is small.
const { metafile, outputFiles } = await build({ ...options, splitting: true, chunkNames: "[name]-[hash]", loader: { ".css": "empty" } });
const whole = await build(options);
const parts = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));

/** The names that files get: without a hash, so that one sees in the history of a file what changed in it. */
function nameParts() {
  const first = (made) => Object.keys(parts.get(made).inputs).sort()[0] ?? "";
  const shared = [...parts.keys()].filter((made) => !parts.get(made).entryPoint);
  shared.sort((one, other) => (first(one) < first(other) ? -1 : 1));
  return new Map(
    [...parts].map(([made, { entryPoint }]) => {
      if (!entryPoint) return [made, `shared_${shared.indexOf(made) + 1}.js`];
      if (made === "console.js") return [made, made];
      return [made, entryPoint.replace(/^src\/(pages\/)?/, "").replaceAll("/", "_").replace(/\.tsx?$/, ".js")];
    }),
  );
}

const names = nameParts();
const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
const files = new Map();

/** Put the addresses of what a part imports into it, which have the hash of their content; return the part's own. */
function address(made, within = []) {
  if (within.includes(made)) throw new Error(`parts import each other, so none has a hash: ${[...within, made].join(" → ")}`);
  const name = names.get(made);
  if (!files.has(name)) {
    let text = texts.get(made);
    for (const imported of new Set(parts.get(made).imports.map(({ path }) => basename(path)))) {
      if (!text.includes(`"./${imported}"`)) throw new Error(`${made} does not import ${imported} as it should`);
      text = text.replaceAll(`"./${imported}"`, `"./${address(imported, [...within, made])}"`);
    }
    if (name === MAP) text = text.replace(`"./${MAP_WORKER}"`, `"./${hashed(MAP_WORKER)}"`);
    files.set(name, Buffer.from(text));
  }
  return hashed(name);
}

function hashed(name) {
  const hash = createHash("sha256").update(files.get(name)).digest("hex").slice(0, DIGITS);
  return name.replace(/\.js$/, `.${hash}.js`);
}

// MapLibre runs a part of itself as a worker, which is a file of its own: the page's policy allows what comes from here.
const worker = readFileSync(join(here, "node_modules", "maplibre-gl", "dist", "maplibre-gl-worker.mjs"), "utf8");
files.set(MAP_WORKER, Buffer.from(worker.replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n")));

for (const made of parts.keys()) address(made);
if (!files.get(MAP).includes(hashed(MAP_WORKER))) throw new Error(`${MAP} does not load ${MAP_WORKER} as it should`);
if (files.size < parts.size + 1) throw new Error(`two parts have one name: ${[...names.values()].sort().join(", ")}`);
files.set("console.css", Buffer.from(whole.outputFiles.find(({ path }) => path.endsWith(".css")).contents));

// As it is: the server puts the addresses of the page's files before it when it is asked for.
files.set("worker.js", readFileSync(join(here, "src", "pages", "field", "worker.js")));

// A package is in the bundle if a file of it is, and so may be what it was bundled from itself; their licences ask that
// their texts go along.
function manifest(name) {
  return JSON.parse(readFileSync(join(here, "node_modules", name, "package.json"), "utf8"));
}

function withParts(name, found) {
  if (found.has(name) || name.startsWith("@types/")) return found;
  found.add(name);
  for (const part of Object.keys(manifest(name).dependencies ?? {})) withParts(part, found);
  return found;
}

const packages = new Set(
  Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
      .filter((name) => name !== undefined),
  ),
);
/** Stands between the texts, and so not within one. */
const RULE = "-".repeat(80);
const notices = [...[...packages].reduce((found, name) => withParts(name, found), new Set())].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = manifest(name);
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  // Some have it at the end of what they say of themselves.
  const said = readFileSync(join(folder, file ?? "README.md"), "utf8").replaceAll("\r", "");
  const text = (file ? said : said.slice(Math.max(0, said.search(/^#+ *licen[cs]e/im)))).trim();
  if (!text.includes("opyright")) throw new Error(`${name} has no text of its licence`);
  return `${name} ${version}\n${license}\n\n${text.replaceAll(`\n${RULE}\n`, "\n\n")}\n`;
});
const rule = `\n${RULE}\n\n`;
files.set("LICENSES.txt", Buffer.from(notices.join(rule)));

for (const old of readdirSync(target)) if (/\.(js|css)$/.test(old) && !files.has(old)) rmSync(join(target, old));
for (const [name, content] of files) writeFileSync(join(target, name), content);

/** A part and all that it cannot begin without. */
function closure(made, found = new Set()) {
  found.add(made);
  for (const { path, kind } of parts.get(made).imports) {
    if (kind === "import-statement" && !found.has(basename(path))) closure(basename(path), found);
  }
  return found;
}

const measure = (name) => gzipSync(files.get(name), { level: 9 }).length;
const sum = (found) => [...found].reduce((all, made) => all + measure(names.get(made)), 0);
// All that a first visit loads beside a page of some hundred bytes, and what each page adds to it.
const begun = closure("console.js");
const style = measure("console.css");
const total = sum(begun) + style;
console.log(`first load: ${total} bytes gzipped of ${LARGEST} at most (script ${total - style}, style ${style})`);
let largest = total;
for (const [made, { entryPoint }] of parts) {
  if (!entryPoint || made === "console.js" || names.get(made) === MAP) continue;
  const more = sum([...closure(made)].filter((each) => !begun.has(each)));
  largest = Math.max(largest, total + more);
  console.log(`  ${names.get(made).replace(/\.js$/, "")}: ${more} more, ${total + more} in all`);
}
const map = measure(MAP) + measure(MAP_WORKER);
console.log(`  map over tiles, where an operator supplies them: ${map} more of ${LARGEST_MAP} at most (worker ${measure(MAP_WORKER)})`);
if (largest > LARGEST || map > LARGEST_MAP) process.exit(1);
