// Code picker: units and grids are found by their names, and chosen by code.
import { useEffect, useRef, useState } from "preact/hooks";
import { FIND } from "../documents";
import type { Coded } from "./inputs";
import { ask } from "../session";
import { say } from "../words";

/** Milliseconds without a key before it is looked for. */
const PAUSE = 250;

export function CodePicker(given: {
  id: string;
  kind: "unit" | "grid";
  several: boolean;
  chosen: Coded[];
  onChange: (chosen: Coded[]) => void;
  described: string;
  invalid: boolean;
}) {
  const { id, kind, several, chosen, onChange } = given;
  const [text, setText] = useState("");
  const [found, setFound] = useState<Coded[] | null>(null);
  const box = useRef<HTMLInputElement>(null);

  useEffect(() => {
    setFound(null);
    if (text.trim() === "") return;
    let over = false;
    const timer = setTimeout(async () => {
      const answer = await ask<{ found: { nodes: Coded[] } }>(FIND[kind], { name: text.trim() });
      if (!over) setFound(answer.data?.found?.nodes ?? []);
    }, PAUSE);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [text]);

  const choose = (unit: Coded) => {
    const others = several ? chosen.filter(({ code }) => code !== unit.code) : [];
    onChange([...others, unit]);
    setText("");
    box.current?.focus();
  };

  return (
    <div class="units">
      {chosen.map((unit) => (
        <span class="chosen" data-code={unit.code}>
          {unit.name}{" "}
          <button
            type="button"
            aria-label={`${say("remove")} ${unit.name}`}
            onClick={() => onChange(chosen.filter(({ code }) => code !== unit.code))}
          >
            ×
          </button>
        </span>
      ))}
      <input
        id={id}
        ref={box}
        type="search"
        autocomplete="off"
        placeholder={say("findCode")}
        value={text}
        aria-describedby={given.described}
        aria-invalid={given.invalid}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault(); // it would send the form
          if (found?.[0]) choose(found[0]);
        }}
      />
      <div role="status">{found?.length === 0 && say("noCode")}</div>
      {found && found.length > 0 && (
        <ul>
          {found.map((unit) => (
            <li>
              <button type="button" onClick={() => choose(unit)}>
                {unit.name} <span class="quiet">{unit.code}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
