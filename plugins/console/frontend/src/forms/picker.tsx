// Picker: what a form names is found by typing its name and chosen from a list, with keys or without (a combobox).
import { useEffect, useRef, useState } from "preact/hooks";
import { byCode, find, type Findable, type Found } from "./finders";
import type { Coded } from "./inputs";
import { say } from "../words";

/** Milliseconds without a key before it is looked for. */
const PAUSE = 250;

interface Given {
  id: string;
  kind: Findable;
  several: boolean;
  required: boolean;
  chosen: Coded[];
  onChange: (chosen: Coded[]) => void;
  described: string;
  invalid: boolean;
}

export function Picker(given: Given) {
  const { id, kind, several, chosen, onChange } = given;
  const [text, setText] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  /** The row that Enter chooses. */
  const [at, setAt] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  const wanted = text.trim();

  useEffect(() => {
    setFound(null);
    setAt(0);
    if (wanted === "") return;
    let over = false;
    const timer = setTimeout(async () => {
      const answer = await find(kind, wanted);
      if (!over) setFound(answer);
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [wanted]);

  useEffect(() => document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: "nearest" }), [at]);

  const rows = found?.rows ?? [];
  const choose = (one: Coded) => {
    const others = several ? chosen.filter(({ code }) => code !== one.code) : [];
    onChange([...others, one]);
    setText("");
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps && rows.length > 0) setAt((at + steps[event.key]! + rows.length) % rows.length);
    else if (event.key === "Enter" && wanted !== "") rows[at] && choose(rows[at]);
    else if (event.key === "Escape" && wanted !== "") setText("");
    else if (event.key !== "Enter") return;
    event.preventDefault(); // it would send the form, or close it
  };
  const nothing = found?.rows.length === 0 && (found.failed || say(byCode(kind) ? "noCode" : kind === "Person" ? "noPerson" : "noProduct"));

  return (
    <div class="units">
      {chosen.map((one) => (
        <span class="chosen" data-code={one.code}>
          {one.name} {!byCode(kind) && one.note && <span class="quiet">{one.note}</span>}{" "}
          <button type="button" aria-label={`${say("remove")} ${one.name}`} onClick={() => onChange(chosen.filter(({ code }) => code !== one.code))}>
            ×
          </button>
        </span>
      ))}
      <input
        id={id}
        ref={box}
        type="text"
        role="combobox"
        autocomplete="off"
        placeholder={say("findCode")}
        value={text}
        aria-autocomplete="list"
        aria-expanded={rows.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={rows.length > 0 ? `${id}-${at}` : undefined}
        aria-required={given.required || undefined}
        aria-describedby={given.described || undefined}
        aria-invalid={given.invalid}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div role="status" class={rows.length > 0 ? "unseen" : undefined}>
        {nothing || (rows.length > 0 && `${rows.length} ${say("rows")}`)}
      </div>
      <ul id={`${id}-list`} role="listbox" aria-label={say("findCode")} hidden={rows.length === 0}>
        {rows.map((one, place) => (
          <li id={`${id}-${place}`} key={one.code} role="option" aria-selected={place === at} onPointerDown={(event) => event.preventDefault()} onClick={() => choose(one)}>
            {one.name} <span class="quiet">{one.note}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
