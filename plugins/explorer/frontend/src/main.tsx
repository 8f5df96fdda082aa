import { render } from "preact";
import { App } from "./app";
import { openDevelopment, token } from "./identity";
import { watchCosts } from "./plan";
import { loadSchema, schema } from "./schema";
import { language } from "./words";
import "./style.css";

document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
render(<App />, document.getElementById("explorer") as HTMLElement);
// In development anybody may have the schema, so nothing waits for the token; in production it is tried again with one.
watchCosts();
const schemaLoaded = loadSchema();
void openDevelopment().then(async () => {
  await schemaLoaded;
  if (!schema.value && token.value) await loadSchema();
});
