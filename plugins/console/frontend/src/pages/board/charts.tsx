// Charts: small drawings of bars, each with its numbers in a table for whoever does not see it.
import type { ComponentChildren } from "preact";
import { say } from "../../words";
import { tell } from "./words";

export interface Bar {
  name: string;
  /** A number for each series; null where it is withheld. */
  values: (number | null)[];
}

const [WIDTH, HEIGHT, FOOT] = [640, 180, 22];

/** Bars side by side, a group for each name: for what follows in time. */
export function Columns({ title, series, bars }: { title: string; series: string[]; bars: Bar[] }) {
  const most = Math.max(1, ...bars.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const room = WIDTH / Math.max(1, bars.length);
  const width = Math.min(24, (room * 0.8) / series.length);
  const high = (value: number) => ((HEIGHT - FOOT - 16) * value) / most;
  // Each so many, that names do not run into each other.
  const each = Math.ceil(64 / room);
  return (
    <Chart title={title} series={series} bars={bars} keys>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} class="columns-chart" aria-hidden="true">
        <line x1="0" x2={WIDTH} y1={HEIGHT - FOOT} y2={HEIGHT - FOOT} class="axis" />
        <text x="0" y="11">
          {most.toLocaleString()}
        </text>
        {bars.map(({ name, values }, at) => (
          <g>
            {values.map((value, one) => {
              const x = room * (at + 0.5) + width * (one - series.length / 2);
              const tall = value === null ? 6 : high(value);
              const top = HEIGHT - FOOT - tall;
              return <rect x={x} y={top} width={Math.max(1, width - 1)} height={tall} class={value === null ? "bar hidden-bar" : "bar"} data-series={one} />;
            })}
            {at % each === 0 && (
              <text x={room * (at + 0.5)} y={HEIGHT - 6} text-anchor="middle">
                {name}
              </text>
            )}
          </g>
        ))}
      </svg>
    </Chart>
  );
}

/** Bars below each other, with their names and numbers beside them. */
export function Rows({ title, head, bars }: { title: string; head: string; bars: Bar[] }) {
  const most = Math.max(1, ...bars.map(({ values }) => values[0] ?? 0));
  if (bars.length === 0) return <p class="quiet">{tell("none")}</p>;
  return (
    <table class="rows-chart">
      <caption>{title}</caption>
      <thead class="unseen">
        <tr>
          <th scope="col">{head}</th>
          <th scope="col">{say("whole")}</th>
        </tr>
      </thead>
      <tbody>
        {bars.map(({ name, values: [value = null] }) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="track" aria-hidden="true">
              <svg viewBox="0 0 100 10" preserveAspectRatio="none">
                <rect width={value === null ? 0 : (100 * value) / most} height="10" class="bar" data-series="0" />
              </svg>
            </td>
            <td class="number">{value === null ? <Withheld /> : value.toLocaleString()}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Chart({ title, series, bars, children }: { title: string; series: string[]; bars: Bar[]; keys: boolean; children: ComponentChildren }) {
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {series.map((name, at) => (
          <span class="key">
            <span class="swatch" data-series={at} /> {name}
          </span>
        ))}
      </figcaption>
      {children}
      <details class="unprinted">
        <summary>{tell("table")}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{tell("start")}</th>
              {series.map((name) => (
                <th scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars.map(({ name, values }) => (
              <tr>
                <th scope="row">{name}</th>
                {values.map((value) => (
                  <td class="number">{value === null ? <Withheld /> : value.toLocaleString()}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

export function Withheld() {
  return (
    <span class="quiet" title={tell("withheld")} data-why="withheld">
      {tell("withheldShort")}
    </span>
  );
}
