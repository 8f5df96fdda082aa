// Bundles the page into ../gongzhi_console/static, with the licences of all that is in the bundle beside it.
// `node build.mjs FOLDER` writes elsewhere: a test compares that with what is committed.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LARGEST = 300_000;
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
    files.set(name, Buffer.from(text));
  }
  const hash = createHash("sha256").update(files.get(name)).digest("hex").slice(0, DIGITS);
  return name.replace(/\.js$/, `.${hash}.js`);
}

for (const made of parts.keys()) address(made);
if (files.size < parts.size) throw new Error(`two parts have one name: ${[...names.values()].sort().join(", ")}`);
files.set("console.css", Buffer.from(whole.outputFiles.find(({ path }) => path.endsWith(".css")).contents));

// As it is: the server puts the addresses of the page's files before it when it is asked for.
files.set("worker.js", readFileSync(join(here, "src", "pages", "field", "worker.js")));

// A package is in the bundle if a file of it is; its licence asks that its text goes along.
const packages = new Set(
  Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([path]) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
      .filter((name) => name !== undefined),
  ),
);
const notices = [...packages].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : `Licensed under ${license}.`;
  return `${name} ${version}\n${license}\n\n${text}\n`;
});
const rule = `\n${"-".repeat(80)}\n\n`;
files.set("LICENSES.txt", Buffer.from(notices.join(rule).replaceAll("\r", "")));

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
  if (!entryPoint || made === "console.js") continue;
  const more = sum([...closure(made)].filter((each) => !begun.has(each)));
  largest = Math.max(largest, total + more);
  console.log(`  ${names.get(made).replace(/\.js$/, "")}: ${more} more, ${total + more} in all`);
}
if (largest > LARGEST) process.exit(1);
