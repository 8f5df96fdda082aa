// Bundles the page into ../gongzhi_console/static, with the licences of all that is in the bundle beside it.
// `node build.mjs FOLDER` writes elsewhere: a test compares that with what is committed.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LARGEST = 300_000;

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "gongzhi_console", "static");

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: { console: "src/main.tsx" },
  outdir: target,
  bundle: true,
  minify: true,
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
});

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
writeFileSync(join(target, "LICENSES.txt"), notices.join(rule).replaceAll("\r", ""));

// All that a first visit loads beside a page of some hundred bytes.
const sizes = ["console.js", "console.css"].map((name) => gzipSync(readFileSync(join(target, name)), { level: 9 }).length);
const total = sizes.reduce((sum, size) => sum + size, 0);
console.log(`first load: ${total} bytes gzipped of ${LARGEST} at most (script ${sizes[0]}, style ${sizes[1]})`);
if (total > LARGEST) process.exit(1);
