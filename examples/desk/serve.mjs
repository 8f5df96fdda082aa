// Serves the page, and hands the rest on to the server, as a reverse proxy does: both have one host name, so cookies count.
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const { hostname: host, port } = new URL(process.env.GONGZHI_URL ?? "http://127.0.0.1:8000");
const bundled = await build({
  absWorkingDir: here,
  entryPoints: ["desk.ts"],
  bundle: true,
  format: "esm",
  target: "es2022",
  write: false,
});
const files = {
  "/": ["text/html", readFileSync(join(here, "index.html"))],
  "/desk.css": ["text/css", readFileSync(join(here, "desk.css"))],
  "/desk.js": ["text/javascript", bundled.outputFiles[0].contents],
};

const server = createServer((asked, answer) => {
  const [type, content] = files[asked.url] ?? [];
  if (content) {
    const headers = { "content-type": `${type}; charset=utf-8`, "content-security-policy": "default-src 'self'" };
    answer.writeHead(200, headers).end(content);
    return;
  }
  const { method, url: path, headers } = asked;
  const passed = request({ host, port, method, path, headers }, (reply) => {
    answer.writeHead(reply.statusCode, reply.headers);
    reply.pipe(answer);
  });
  passed.on("error", () => answer.destroy());
  answer.on("close", () => passed.destroy());
  asked.pipe(passed);
});
server.listen(Number(process.env.PORT ?? 5173), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
