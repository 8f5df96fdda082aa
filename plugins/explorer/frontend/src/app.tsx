// Page: tabs, editors, the result and the documentation, side by side or, where it is narrow, one at a time.
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Bar, closePanels } from "./bar";
import { Docs, showDocs } from "./docs";
import { Editor, jsonEditing, jsonShowing, queryEditing } from "./editor";
import type { Keys } from "./editor";
import { cursor, prettify, run } from "./operations";
import { CostNote, Plan } from "./plan";
import { loading, schema } from "./schema";
import { change, chosen, closeTab, nameOf, openTab, tab, tabs } from "./tabs";
import type { Tab } from "./tabs";
import { say } from "./words";
import type { Word } from "./words";

type Part = "query" | "result" | "docs";
type Text = "query" | "variables" | "headers" | "result";

const part = signal<Part>("query");
const seen = signal<"result" | "plan">("result");
const below = signal<"variables" | "headers" | "">("variables");

const keys: Keys = {
  run() {
    part.value = "result";
    seen.value = "result";
    void run();
  },
  open: () => openTab(),
};

const shown = {
  show(type: string, field: string) {
    part.value = "docs";
    showDocs(type, field);
  },
};

export function App() {
  return (
    <div class="app" data-part={part.value} onKeyDown={(event) => event.key === "Escape" && closePanels()}>
      <Bar />
      <Tabs />
      <nav class="parts">
        {(["query", "result", "docs"] as const).map((one) => (
          <button key={one} class="button" aria-pressed={part.value === one} onClick={() => (part.value = one)}>
            {say(one)}
          </button>
        ))}
      </nav>
      <main class="main">
        <section class="writing">
          <Write text="query" />
          <div class="below" data-open={below.value !== ""}>
            <nav>
              {(["variables", "headers"] as const).map((one) => (
                <button key={one} class="button" aria-pressed={below.value === one} onClick={() => (below.value = below.value === one ? "" : one)}>
                  {say(one)}
                </button>
              ))}
              {below.value === "headers" && <span class="note">{say("headersNote")}</span>}
            </nav>
            {below.value === "variables" && <Write key="variables" text="variables" />}
            {below.value === "headers" && <Write key="headers" text="headers" />}
          </div>
        </section>
        <section class="answer" aria-live="polite">
          <nav class="seen">
            {(["result", "plan"] as const).map((one) => (
              <button key={one} class="button" id={`see-${one}`} aria-pressed={seen.value === one} onClick={() => (seen.value = one)}>
                {say(one)}
              </button>
            ))}
          </nav>
          {seen.value === "plan" && <Plan />}
          {seen.value === "result" && tab.value.result === "" && <p class="note">{tab.value.status || say("empty")}</p>}
          {seen.value === "result" && <Write key="result" text="result" />}
        </section>
        <section class="side">
          <Docs />
        </section>
      </main>
      <footer class="foot">
        <span id="schema-state" data-state={loading.value}>
          {say(loading.value)}
        </span>
        <span id="status" role="status">
          {tab.value.status}
        </span>
        <span class="space" />
        <span class="faint keys">{say("keys")}</span>
      </footer>
    </div>
  );
}

function Tabs() {
  return (
    <nav class="tabs">
      <div class="tab-list" role="tablist">
        {tabs.value.map((one) => (
          <span key={one.id} class="tab" data-chosen={one.id === chosen.value}>
            <button role="tab" aria-selected={one.id === chosen.value} onClick={() => (chosen.value = one.id)}>
              {one.running ? "● " : ""}
              {nameOf(one.query) || say("untitled")}
            </button>
            <button class="close" aria-label={say("closeTab")} title={say("closeTab")} onClick={() => closeTab(one.id)}>
              ×
            </button>
          </span>
        ))}
      </div>
      <button class="button" id="new-tab" aria-label={say("newTab")} title={say("newTab")} onClick={() => openTab()}>
        +
      </button>
      <span class="space" />
      <CostNote />
      <button class="button" id="prettify" onClick={prettify}>
        {say("prettify")}
      </button>
      <button class="button primary" id="run" title="Ctrl+Enter" onClick={keys.run}>
        {say(tab.value.running ? "stop" : "run")}
      </button>
    </nav>
  );
}

const EDITING = {
  query: () => queryEditing(keys, shown),
  variables: () => jsonEditing(keys),
  headers: () => jsonEditing(keys),
  result: () => jsonShowing(keys),
} as const;

/** An editor of one text of the tab in front. */
function Write({ text }: { text: Text }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!host.current) return undefined;
    const editor = new Editor(host.current, say(text as Word), EDITING[text](), (typed) => {
      if (text !== "result") change(chosen.value, { [text]: typed } as Partial<Tab>);
    });
    const stops = [effect(() => editor.set(tab.value[text]))];
    if (text === "query") {
      stops.push(effect(() => editor.describe(schema.value)));
      editor.view.dom.addEventListener("focusout", () => (cursor.at = editor.view.state.selection.main.head));
      editor.view.dom.addEventListener("keydown", () => (cursor.at = editor.view.state.selection.main.head), true);
      editor.view.focus();
    }
    return () => {
      stops.forEach((stop) => stop());
      editor.view.destroy();
    };
  }, [text]);
  return <div class="editor" data-text={text} ref={host} />;
}
