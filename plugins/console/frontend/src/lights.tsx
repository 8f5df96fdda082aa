// Lights and states: told by words and a shape, never by colour alone.
import { label, tone } from "./labels";

export function Light({ of }: { of: string | null }) {
  if (!of) return <span class="quiet">—</span>;
  return (
    <span class="light" data-tone={tone("Light", of)}>
      {label("Light", of)}
    </span>
  );
}

export function State({ of, value }: { of: string; value: string }) {
  return (
    <span class="state" data-value={value} data-tone={tone(of, value)}>
      {label(of, value)}
    </span>
  );
}
