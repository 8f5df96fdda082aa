// Plugins: what is installed, in which counties it is on, what they choose about it, and what it last failed in.
import { useEffect, useState } from "preact/hooks";
import { useAsked } from "./asking";
import { ACTIVATIONS, PLUGINS, SETTINGS } from "./documents";
import { Choice, DataTable, DeedButton, Facts, Mark, Moment, Panel, useDeeds, useTitle, type Deed } from "./parts";
import { tell } from "./words";
import { declared, say as title } from "../../declared";
import { COUNTIES } from "../../documents";
import type { Coded } from "../../forms/inputs";
import { loadLabels } from "../../labels";
import { linkTo } from "../../router";
import { ask, may } from "../../session";
import { colon, language, say } from "../../words";

interface Plugin {
  name: string;
  version: string;
  distribution: string;
  state: string;
  always: boolean;
  lastError: string | null;
  jobs: string[];
  tables: string[];
  dataPurposes: { field: string; purpose: string; basis: string }[];
}

interface Activation {
  id: string;
  active: boolean;
  since: string;
  until: string | null;
  account: string;
  county: Coded | null;
}

interface Setting {
  name: string;
  label: string;
  description: string;
  value: string;
  standard: string;
  options: string[];
  permission: string;
  since: string | null;
}

type Plugins = { plugins: Plugin[] | null };

/** What people call a plugin, where it has a desk for whoever looks. */
function deskOf(plugin: string): string {
  const view = declared.value?.find((one) => one.plugin === plugin);
  return view ? title(view.desk) : "";
}

export function PluginsPage() {
  const asked = useAsked<Plugins>(PLUGINS, {}, ({ plugins }) => plugins !== null);
  useEffect(() => {
    void loadLabels(["PluginState"]);
  }, []);
  return (
    <Panel id="plugins" title={tell("plugins")} asked={asked}>
      {({ plugins }) => (
        <DataTable
          caption={tell("plugins")}
          rows={[...plugins!].sort((one, other) => Number(other.state === "FAILING") - Number(one.state === "FAILING"))}
          rowKey={({ name }) => name}
          columns={[
            {
              title: tell("plugin"),
              show: ({ name }) => (
                <>
                  <a href={linkTo("operator", "plugins", name)}>{name}</a> <span class="quiet">{deskOf(name)}</span>
                </>
              ),
            },
            { title: say("status"), show: ({ state }) => <Mark of="PluginState" value={state} /> },
            { title: tell("always"), show: ({ always }) => say(always ? "yes" : "no") },
            { title: tell("version"), show: ({ version }) => version },
            { title: tell("lastError"), show: ({ lastError }) => lastError && <code>{lastError}</code> },
          ]}
        />
      )}
    </Panel>
  );
}

export function PluginPage({ name, query }: { name: string; query: URLSearchParams }) {
  const asked = useAsked<Plugins>(PLUGINS, {}, ({ plugins }) => plugins !== null);
  const activations = useAsked<{ pluginActivations: { nodes: Activation[] } | null }>(
    ACTIVATIONS,
    { plugin: name },
    ({ pluginActivations }) => pluginActivations !== null,
  );
  const [counties, setCounties] = useState<Coded[]>([]);
  useEffect(() => {
    void loadLabels(["PluginState"]);
    void ask<{ grids: { nodes: Coded[] } }>(COUNTIES).then(({ data }) => setCounties(data?.grids?.nodes ?? []));
  }, []);
  const county = query.get("county") ?? counties[0]?.code ?? "";
  const { choose, view } = useDeeds(async () => {
    await Promise.all([asked.load(), activations.load()]);
  });
  useTitle(name);
  return (
    <>
      <p class="unprinted">
        <a href={linkTo("operator", "plugins")}>← {tell("backToPlugins")}</a>
      </p>
      {view}
      <Panel id="plugin" title={name} asked={asked}>
        {({ plugins }) => {
          const found = plugins!.find((one) => one.name === name);
          return found ? <About plugin={found} /> : <p>{tell("noPlugin")}</p>;
        }}
      </Panel>
      {counties.length > 1 && <Choice name="county" text={tell("county")} value={county} options={counties.map((one) => [one.code, one.name])} />}
      <Panel id="activations" title={tell("counties")} asked={activations}>
        {({ pluginActivations }) => (
          <Activations
            plugin={name}
            counties={counties}
            always={asked.data?.plugins?.find((one) => one.name === name)?.always ?? true}
            found={pluginActivations!.nodes}
            choose={choose}
          />
        )}
      </Panel>
      {county && <Settings key={county} plugin={name} county={county} />}
    </>
  );
}

function About({ plugin }: { plugin: Plugin }) {
  return (
    <>
      <Facts
        facts={[
          [say("status"), <Mark of="PluginState" value={plugin.state} />],
          [tell("always"), plugin.always ? say("yes") : null],
          [tell("version"), `${plugin.distribution} ${plugin.version}`],
          [tell("lastError"), plugin.lastError && <code>{plugin.lastError}</code>],
          [tell("background"), plugin.jobs.join("、")],
        ]}
      />
      {plugin.dataPurposes.length > 0 && (
        <details>
          <summary>{tell("purposes")}</summary>
          <ul>
            {plugin.dataPurposes.map(({ field, purpose, basis }) => (
              <li>
                <code>{field}</code> {purpose} <span class="quiet">{basis}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

interface Switched {
  plugin: string;
  counties: Coded[];
  always: boolean;
  found: Activation[];
  choose: (deed: Deed) => void;
}

/** Each county as it is now, and what was decided before. */
function Activations({ plugin, counties, always, found, choose }: Switched) {
  const on = (code: string): boolean => found.some(({ county, active, until }) => county?.code === code && active && until === null);
  const turn = ({ code, name }: Coded): Deed => ({
    mutation: "setPluginActivation",
    title: `${tell(on(code) ? "switchOff" : "switchOn")} ${plugin}${colon()}${name}`,
    fixed: { plugin, county: code, active: !on(code) },
    warning: tell(on(code) ? "offWarning" : "onWarning"),
  });
  if (always) return <p class="quiet">{tell("always")}</p>;
  return (
    <>
      <DataTable
        caption={tell("counties")}
        rows={counties}
        rowKey={({ code }) => code}
        columns={[
          { title: tell("county"), show: ({ name }) => name },
          { title: say("status"), show: ({ code }) => (on(code) ? <Mark value={tell("on")} hue="GREEN" /> : <Mark value={tell("off")} />) },
          ...(may("plugins.activate")
            ? [{ title: say("actions"), show: (one: Coded) => <DeedButton text={tell(on(one.code) ? "switchOff" : "switchOn")} about={one.name} onClick={() => choose(turn(one))} /> }]
            : []),
        ]}
      />
      {found.length > 0 && (
        <ul class="history">
          {found.map(({ id, county, active, since, until, account }) => (
            <li key={id}>
              <Moment at={since} /> {county?.name} {tell(active ? "on" : "off")} <span class="quiet">{account}</span>
              {until && (
                <span class="quiet">
                  {" "}
                  → <Moment at={until} />
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The values there are; of a number the least and the most. */
const allowed = ({ options, standard }: Setting): string => options.join(/^\d+$/.test(standard) ? "–" : " / ");

function Settings({ plugin, county }: { plugin: string; county: string }) {
  const asked = useAsked<{ grid: { settings: Setting[] | null } | null }>(SETTINGS, { county }, ({ grid }) => grid !== undefined);
  const { choose, view } = useDeeds(asked.load);
  const deed = (one: Setting): Deed => ({
    mutation: "setCountySetting",
    title: language.value === "zh" ? one.label : one.description,
    fixed: { county, setting: one.name },
    warning: `${one.options.length > 0 ? `${tell("options")}${colon()}${allowed(one)}${language.value === "zh" ? "。" : ". "}` : ""}${tell("settingWarning")}`,
  });
  return (
    <>
      {view}
      <Panel id="settings" title={tell("settings")} asked={asked}>
        {({ grid }) => (
          <DataTable
            caption={tell("settings")}
            rows={(grid?.settings ?? []).filter(({ name }) => name.split(".")[0] === plugin)}
            rowKey={({ name }) => name}
            none={tell("noSettings")}
            columns={[
              { title: tell("setting"), show: (one) => (language.value === "zh" ? one.label : one.description) },
              { title: tell("value"), show: ({ value }) => <b>{value}</b> },
              { title: tell("standard"), show: ({ standard }) => standard },
              { title: tell("options"), show: (one) => allowed(one) || null },
              { title: tell("since"), show: ({ since }) => since && <Moment at={since} /> },
              { title: say("actions"), show: (one) => may(one.permission) && <DeedButton text={tell("change")} about={one.label} onClick={() => choose(deed(one))} /> },
            ]}
          />
        )}
      </Panel>
    </>
  );
}
