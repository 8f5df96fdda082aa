// Bar: who asks, the language, and what the page can do beside running.
import { signal } from "@preact/signals";
import { acting, roles, switchTo, token } from "./identity";
import type { Place } from "./identity";
import { DESKS } from "./examples";
import { copyAs, FORMS } from "./copying";
import { loadSchema, loading, schema } from "./schema";
import { openTab, past, nameOf } from "./tabs";
import { language, say, switchLanguage } from "./words";

type Panel = "" | "examples" | "history" | "who" | "copy";

const open = signal<Panel>("");
const draft = signal<Place>({ role: "", grid: "", unit: "" });
const wrong = signal("");
const copied = signal("");

export function closePanels(): void {
  open.value = "";
}

function toggle(panel: Panel): void {
  draft.value = acting.value;
  wrong.value = copied.value = "";
  open.value = open.value === panel ? "" : panel;
}

export function Bar() {
  return (
    <header class="bar">
      <a class="brand" href="/">
        共治 <span>Gongzhi</span>
      </a>
      <PanelButton panel="examples" text={say("examples")} />
      <PanelButton panel="history" text={say("history")} />
      <PanelButton panel="copy" text={say("copyAs")} />
      <span class="space" />
      <PanelButton panel="who" text={whoText()} />
      <button class="button" id="language" onClick={switchLanguage}>
        {say("language")}
      </button>
      {open.value !== "" && (
        <div class="panel" id={`panel-${open.value}`}>
          {{ examples: <Examples />, history: <History />, who: roles.value.length ? <Switch /> : <Token />, copy: <Copy /> }[open.value]}
        </div>
      )}
    </header>
  );
}

function PanelButton({ panel, text }: { panel: Panel; text: string }) {
  return (
    <button class="button" id={`open-${panel}`} aria-expanded={open.value === panel} onClick={() => toggle(panel)}>
      {text}
    </button>
  );
}

function roleText(name: string): string {
  const role = roles.value.find((one) => one.name === name);
  return role ? (language.value === "zh" ? role.chinese : name.replaceAll("_", " ")) : name;
}

function whoText(): string {
  const { role, grid, unit } = acting.value;
  if (roles.value.length === 0) return token.value ? `${say("token")} ✓` : say("stranger");
  return role ? [roleText(role), grid, unit].filter((one) => one !== "").join(" · ") : say("stranger");
}

async function apply(place: Place): Promise<boolean> {
  const done = await switchTo(place);
  wrong.value = done ? "" : say("noSuch");
  // What the schema has does not depend on who asks; but somebody may explore it now.
  if (done && !schema.value) void loadSchema();
  return done;
}

function Switch() {
  const set = (changes: Partial<Place>) => (draft.value = { ...draft.value, ...changes });
  const submit = async (event: Event) => {
    event.preventDefault();
    if (await apply(draft.value)) closePanels();
  };
  return (
    <form onSubmit={submit}>
      <label>
        {say("role")}
        <select id="role" value={draft.value.role} onChange={(event) => set({ role: event.currentTarget.value })}>
          <option value="">{say("stranger")}</option>
          {roles.value.map((one) => (
            <option key={one.name} value={one.name}>
              {roleText(one.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {say("grid")}
        <input id="grid" value={draft.value.grid} placeholder="610921" onInput={(event) => set({ grid: event.currentTarget.value.trim() })} />
      </label>
      <label>
        {say("unit")}
        <input id="unit" value={draft.value.unit} placeholder="610921-GDGS" onInput={(event) => set({ unit: event.currentTarget.value.trim() })} />
      </label>
      <button class="button primary" id="apply" type="submit">
        {say("apply")}
      </button>
      {wrong.value && <p class="warning">{wrong.value}</p>}
    </form>
  );
}

function Token() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("token");
    token.value = String(given ?? "").trim();
    loading.value = "loading";
    void loadSchema();
    closePanels();
  };
  return (
    <form onSubmit={submit}>
      <label>
        {say("token")}
        <input name="token" type="password" autocomplete="off" />
      </label>
      <p class="note">{say("tokenNote")}</p>
      <button class="button primary" type="submit">
        {say("useToken")}
      </button>
    </form>
  );
}

function Examples() {
  const choose = async (place: Place, query: string, variables: string) => {
    closePanels();
    openTab(query, variables);
    if (roles.value.length) await apply(place);
  };
  return (
    <div class="desks">
      {DESKS.map((desk) => (
        <section key={desk.english}>
          <h3>{language.value === "zh" ? desk.chinese : desk.english}</h3>
          <ul>
            {desk.examples.map((one) => (
              <li key={one.name}>
                <button class="link" onClick={() => void choose(desk.place, one.query, one.variables)}>
                  {one.name}
                </button>{" "}
                <span class="badge">{one.kind}</span>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function History() {
  if (!past.value.length) return <p class="note">{say("nothing")}</p>;
  return (
    <>
      <ul class="entries">
        {past.value.map((one) => (
          <li key={one.at}>
            <button
              class="link"
              onClick={() => {
                closePanels();
                openTab(one.query, one.variables);
              }}
            >
              {nameOf(one.query) || one.query.replace(/\s+/g, " ").slice(0, 60)}
            </button>{" "}
            <span class="faint">{new Date(one.at).toLocaleString(language.value === "zh" ? "zh-CN" : "en")}</span>
          </li>
        ))}
      </ul>
      <button class="button" onClick={() => (past.value = [])}>
        {say("clear")}
      </button>
    </>
  );
}

function Copy() {
  const copy = async (form: (typeof FORMS)[number]) => {
    try {
      await copyAs(form);
      copied.value = `${say("copied")}: ${form}`;
    } catch (problem) {
      copied.value = problem instanceof Error ? problem.message : String(problem);
    }
  };
  return (
    <>
      {FORMS.map((form) => (
        <button key={form} class="button" onClick={() => void copy(form)}>
          {form}
        </button>
      ))}
      <p class="note" role="status">
        {copied.value}
      </p>
    </>
  );
}
