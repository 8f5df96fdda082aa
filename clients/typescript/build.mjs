// Bundles the client into dist/, and says how large it is. `node build.mjs FOLDER` writes elsewhere.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "dist");
const { version, devDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));

await build({
  absWorkingDir: here,
  entryPoints: ["src/index.ts", "src/presets.ts"],
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
});

// graphql-ws is in the bundle; its licence asks that its text goes along.
const licence = readFileSync(join(here, "node_modules", "graphql-ws", "LICENSE.md"), "utf8").trim();
writeFileSync(join(target, "LICENSES.txt"), `graphql-ws ${devDependencies["graphql-ws"]}\nMIT\n\n${licence}\n`);

for (const name of ["index.js", "presets.js"]) {
  const code = readFileSync(join(target, name));
  console.log(`@gongzhi/client ${version}: ${name} ${code.length} bytes, ${gzipSync(code, { level: 9 }).length} gzipped`);
}
