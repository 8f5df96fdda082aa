// Editors: CodeMirror, each in a shadow root. There its styles are constructed style sheets, which a content security
// policy without inline styles allows; in the document itself they would be a <style> element.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { linter, lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import type { Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { graphql, updateSchema } from "cm6-graphql";
import type { GraphQLSchema } from "graphql";
import { splitLabel } from "./words";

const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--text)", backgroundColor: "var(--paper)", fontSize: "14px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--faint)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--line)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--chosen)",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--border)", borderRadius: "6px" },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionInfo": { maxWidth: "26rem", fontFamily: "var(--sans)", padding: "6px 10px" },
  ".cm-completionDetail": { opacity: "0.8" },
  ".cm-panels": { backgroundColor: "var(--raised)", color: "var(--text)" },
  ".cm-diagnostic": { fontFamily: "var(--sans)" },
});

const COLOURS = syntaxHighlighting(
  HighlightStyle.define([
    { tag: [tags.keyword, tags.definitionKeyword], color: "var(--keyword)" },
    { tag: [tags.propertyName, tags.attributeName], color: "var(--property)" },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--string)" },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--number)" },
    { tag: [tags.typeName, tags.className], color: "var(--typename)" },
    { tag: [tags.variableName, tags.definition(tags.variableName)], color: "var(--variable)" },
    { tag: tags.comment, color: "var(--faint)", fontStyle: "italic" },
    { tag: tags.invalid, color: "var(--bad)" },
  ]),
);

export interface Keys {
  run(): void;
  open(): void;
}

export interface Shown {
  /** What somebody looks up in the documentation: a type and a field of it. */
  show(type: string, field: string): void;
}

export class Editor {
  readonly view: EditorView;
  private readonly language = new Compartment();
  private told = "";

  constructor(host: HTMLElement, label: string, extensions: Extension, change: (text: string) => void) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    this.view = new EditorView({
      parent: root,
      state: EditorState.create({
        extensions: [
          this.language.of(extensions),
          EditorView.contentAttributes.of({ "aria-label": label }),
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const text = update.state.doc.toString();
            if (text !== this.told) change((this.told = text));
          }),
        ],
      }),
    });
  }

  /** Show a text, unless it is there already: what somebody types comes back here. */
  set(text: string): void {
    if (text === this.view.state.doc.toString()) return;
    this.told = text;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  describe(schema: GraphQLSchema | undefined): void {
    updateSchema(this.view, schema);
  }
}

// Over a selection the browser would write styles into the text, as editors of rich text do, which the policy refuses.
const TYPING = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const { data: text, inputType } = event;
    if (inputType !== "insertText" || text === null || empty || view.composing || view.state.readOnly) return false;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handle) => handle(view, from, to, text, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

const BASIC: Extension = [
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightSelectionMatches(),
  foldGutter(),
  EditorView.lineWrapping,
  TYPING,
  THEME,
  COLOURS,
  EditorState.tabSize.of(2),
];

function keysOf({ run, open }: Keys): Extension {
  return keymap.of([
    { key: "Mod-Enter", run: () => (run(), true), preventDefault: true },
    { key: "Ctrl-Alt-t", run: () => (open(), true), preventDefault: true },
    ...closeBracketsKeymap,
    ...defaultKeymap,
    ...searchKeymap,
    ...historyKeymap,
    ...foldKeymap,
    ...completionKeymap,
    ...lintKeymap,
  ]);
}

export function queryEditing(keys: Keys, shown: Shown): Extension {
  return [
    keysOf(keys),
    BASIC,
    lineNumbers(),
    highlightActiveLine(),
    autocompletion({ maxRenderedOptions: 60 }),
    graphql(undefined, {
      onShowInDocs: (field, type, parent) => shown.show(parent ?? type ?? "", parent ? (field ?? "") : ""),
      onCompletionInfoRender: (item) => {
        if (!item.documentation) return null;
        const { term, text } = splitLabel(item.documentation);
        const shown = document.createElement("div");
        const strong = document.createElement("b");
        strong.textContent = term;
        shown.append(strong, " ", text);
        return shown;
      },
    }),
  ];
}

const parseJson = jsonParseLinter();

export function jsonEditing(keys: Keys): Extension {
  const check = linter((view) => (view.state.doc.toString().trim() === "" ? [] : parseJson(view)));
  return [keysOf(keys), BASIC, json(), check];
}

export function jsonShowing(keys: Keys): Extension {
  return [keysOf(keys), BASIC, json(), EditorState.readOnly.of(true), lineNumbers()];
}
