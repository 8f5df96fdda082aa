// Documentation: the schema beside the editor, by its Chinese terms and its names, with a search over all of it.
import { signal } from "@preact/signals";
import { getNamedType, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType, parse, print } from "graphql";
import type { GraphQLField, GraphQLNamedType, GraphQLSchema } from "graphql";
import { loading, membersOf, plugin, pluginOf, plugins, schema, search, skeleton } from "./schema";
import { openTab } from "./tabs";
import { say, splitLabel } from "./words";

interface Place {
  type: string;
  field: string;
}

export const trail = signal<Place[]>([]);
const wanted = signal("");

export function showDocs(type: string, field = ""): void {
  if (!schema.value?.getType(type)) return;
  wanted.value = "";
  trail.value = [...trail.value, { type, field }];
}

export function Docs() {
  const built = schema.value;
  const here = trail.value.at(-1);
  const looking = wanted.value.trim() !== "" || plugin.value !== "";
  return (
    <div class="docs">
      <div class="docs-search">
        <input
          type="search"
          id="docs-search"
          value={wanted.value}
          placeholder={say("search")}
          aria-label={say("search")}
          onInput={(event) => {
            wanted.value = event.currentTarget.value;
            trail.value = [];
          }}
        />
        <select aria-label={say("plugin")} value={plugin.value} onChange={(event) => (plugin.value = event.currentTarget.value)}>
          <option value="">{say("allPlugins")}</option>
          <option value="core">{say("core")}</option>
          {plugins.value.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div class="docs-page" tabIndex={0}>
        {!built ? <p class="note">{say(loading.value)}</p> : looking && !here ? <Found /> : here ? <Page built={built} here={here} /> : <Roots built={built} />}
      </div>
    </div>
  );
}

function Found() {
  const found = search(wanted.value, plugin.value);
  if (!found.length) return <p class="note">{say("nothing")}</p>;
  return (
    <ul class="entries">
      {found.map((entry) => (
        <li key={`${entry.type}.${entry.name}`}>
          <button class="link" onClick={() => showDocs(entry.type, entry.name)}>
            {entry.name ? (
              <>
                <span class="faint">{entry.type}.</span>
                {entry.name}
              </>
            ) : (
              <span class="typename">{entry.type}</span>
            )}
          </button>
          <Description text={entry.description} plugin={entry.plugin} />
        </li>
      ))}
    </ul>
  );
}

function Roots({ built }: { built: GraphQLSchema }) {
  const roots = [built.getQueryType(), built.getMutationType(), built.getSubscriptionType()].filter((one) => one != null);
  return (
    <>
      <h2>{say("roots")}</h2>
      <ul class="entries">
        {roots.map((one) => (
          <li key={one.name}>
            <TypeLink name={one.name} text={one.name} />
            <Description text={one.description ?? ""} />
          </li>
        ))}
      </ul>
    </>
  );
}

function Page({ built, here }: { built: GraphQLSchema; here: Place }) {
  const type = built.getType(here.type);
  if (!type) return null;
  const field = here.field && (isObjectType(type) || isInterfaceType(type)) ? type.getFields()[here.field] : undefined;
  return (
    <>
      <nav class="trail">
        <button class="link" onClick={() => (trail.value = [])}>
          {say("docs")}
        </button>
        {trail.value.slice(-4, -1).map((one, at, shown) => (
          <button key={at} class="link" onClick={() => (trail.value = trail.value.slice(0, trail.value.length - shown.length + at))}>
            {one.field || one.type}
          </button>
        ))}
      </nav>
      {field ? <FieldPage type={type} field={field} built={built} /> : <TypePage type={type} built={built} marked={here.field} />}
    </>
  );
}

function FieldPage({ type, field, built }: { type: GraphQLNamedType; field: GraphQLField<unknown, unknown>; built: GraphQLSchema }) {
  const kind = { [built.getQueryType()?.name ?? ""]: "query", [built.getMutationType()?.name ?? " "]: "mutation", [built.getSubscriptionType()?.name ?? "  "]: "subscription" }[type.name];
  return (
    <>
      <h2>
        <TypeLink name={type.name} text={type.name} />.{field.name}
      </h2>
      <Description text={field.description ?? ""} plugin={pluginOf(field)} />
      {field.deprecationReason && <p class="warning">{`${say("deprecated")}: ${field.deprecationReason}`}</p>}
      {kind && (
        <button class="button" id="insert" onClick={() => openTab(`${print(parse(skeleton(kind, field)))}\n`)}>
          {say("insert")}
        </button>
      )}
      <h3>{say("type")}</h3>
      <p>
        <TypeLink name={getNamedType(field.type).name} text={String(field.type)} />
      </p>
      {field.args.length > 0 && <h3>{say("arguments")}</h3>}
      <ul class="entries">
        {field.args.map((one) => (
          <li key={one.name}>
            <span class="property">{one.name}</span>: <TypeLink name={getNamedType(one.type).name} text={String(one.type)} />
            <Description text={one.description ?? ""} />
          </li>
        ))}
      </ul>
    </>
  );
}

function TypePage({ type, built, marked }: { type: GraphQLNamedType; built: GraphQLSchema; marked: string }) {
  const withFields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type);
  const ways = isObjectType(type) ? type.getInterfaces() : [];
  const possible = isUnionType(type) || isInterfaceType(type) ? built.getPossibleTypes(type) : [];
  const members = membersOf(type).filter((one) => plugin.value === "" || pluginOf(one) === (plugin.value === "core" ? "" : plugin.value));
  return (
    <>
      <h2 class="typename">{type.name}</h2>
      <Description text={type.description ?? ""} />
      {ways.length > 0 && <h3>{say("implementsWhat")}</h3>}
      <p>{ways.map((one) => [<TypeLink name={one.name} text={one.name} />, " "])}</p>
      {possible.length > 0 && <h3>{say("members")}</h3>}
      <p>{possible.map((one) => [<TypeLink name={one.name} text={one.name} />, " "])}</p>
      {members.length > 0 && <h3>{say(isEnumType(type) ? "values" : "fields")}</h3>}
      <ul class="entries">
        {members.map((one) => (
          <li key={one.name} class={one.name === marked ? "marked" : ""}>
            {withFields && !isInputObjectType(type) ? (
              <button class="link property" onClick={() => showDocs(type.name, one.name)}>
                {one.name}
              </button>
            ) : (
              <span class="property">{one.name}</span>
            )}
            {withFields && <FieldType type={type} name={one.name} />}
            <Description text={one.description ?? ""} plugin={pluginOf(one)} />
          </li>
        ))}
      </ul>
    </>
  );
}

function FieldType({ type, name }: { type: GraphQLNamedType; name: string }) {
  if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) return null;
  const of = type.getFields()[name]?.type;
  return of ? (
    <>
      : <TypeLink name={getNamedType(of).name} text={String(of)} />
    </>
  ) : null;
}

function TypeLink({ name, text }: { name: string; text: string }) {
  return (
    <button class="link typename" onClick={() => showDocs(name)}>
      {text}
    </button>
  );
}

function Description({ text, plugin: from = "" }: { text: string; plugin?: string }) {
  const { term, text: rest } = splitLabel(text);
  return (
    <div class="description">
      {term && <b>{term}</b>} {rest} {from && <span class="badge">{from}</span>}
    </div>
  );
}
