// Copying: the operation in front as a command or a program. The token is never in it: it is read from TOKEN.
import { readTab } from "./operations";
import type { Asked } from "./operations";
import { tab } from "./tabs";

export type Form = "curl" | "TypeScript" | "Python";
export const FORMS: Form[] = ["curl", "TypeScript", "Python"];

export async function copyAs(form: Form): Promise<void> {
  const asked = readTab(tab.value);
  await navigator.clipboard.writeText(write(form, asked));
}

export function write(form: Form, asked: Asked): string {
  const url = new URL("/graphql", location.href).href;
  const { authorization, ...headers } = { "content-type": "application/json", ...asked.headers } as Record<string, string>;
  const body = { query: asked.query, operationName: asked.operationName, variables: asked.variables };
  const secret = authorization !== undefined;
  if (form === "curl") return writeCurl(url, headers, secret, JSON.stringify(body));
  return form === "Python" ? writePython(url, headers, secret, body) : writeTypeScript(url, headers, secret, body);
}

function writeCurl(url: string, headers: Record<string, string>, secret: boolean, body: string): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const lines = Object.entries(headers).map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\\n`);
  if (secret) lines.push('  -H "authorization: Bearer $TOKEN" \\\n');
  return `curl ${url} \\\n${lines.join("")}  --data-raw ${quoted(body)}\n`;
}

function writeTypeScript(url: string, headers: Record<string, string>, secret: boolean, body: object): string {
  const given = Object.entries(headers).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  if (secret) given.push("    authorization: `Bearer ${process.env.TOKEN}`,\n");
  const text = JSON.stringify(body, null, 2).replaceAll("\n", "\n  ");
  return `const reply = await fetch(${JSON.stringify(url)}, {\n  method: "POST",\n  headers: {\n${given.join("")}  },\n  body: JSON.stringify(${text}),\n});\nconst { data, errors } = await reply.json();\n`;
}

function writePython(url: string, headers: Record<string, string>, secret: boolean, body: object): string {
  const given = Object.entries(headers).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  if (secret) given.push('    "authorization": f"Bearer {os.environ[\'TOKEN\']}",\n');
  const text = JSON.stringify(JSON.stringify(body));
  return `import json\nimport os\n\nimport httpx\n\nheaders = {\n${given.join("")}}\nbody = json.loads(${text})\nreply = httpx.post(${JSON.stringify(url)}, headers=headers, json=body)\nprint(reply.json())\n`;
}
