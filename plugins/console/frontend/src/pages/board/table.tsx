// Table: the places below with all figures, in the order of their codes; what the map shows, for whoever does not see it.
import { FigureName } from "./formula";
import { sayValue, shortValue } from "./map";
import type { Child, Measure } from "./places";
import { tell } from "./words";

interface Given {
  places: Child[];
  measures: Measure[];
  /** What a measure is called. */
  titles: (name: string) => string;
  measure: Measure;
  link: (code: string) => string;
  chosen: string | null;
  choose: (code: string | null) => void;
}

export function PlacesTable({ places, measures, titles, measure, link, chosen, choose }: Given) {
  return (
    <table id="places">
      <caption class="unseen">{tell("places")}</caption>
      <thead>
        <tr>
          <th scope="col">{tell("place")}</th>
          {measures.map(({ name, formula }) => (
            <th scope="col" class="number" aria-current={name === measure.name || undefined}>
              {formula ? <FigureName name={formula} title={titles(name)} /> : titles(name)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {places.map((place) => (
          <tr
            key={place.code}
            data-code={place.code}
            data-chosen={chosen === place.code || undefined}
            onMouseEnter={() => choose(place.code)}
            onMouseLeave={() => choose(null)}
          >
            <th scope="row">
              <a href={link(place.code)}>{place.name}</a>
            </th>
            {measures.map(({ name, read }) => (
              <td class="number">
                <Shown name={name} value={read(place)} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A value; why there is none, in a word, and whole for whoever hears it. */
export function Shown({ name, value }: { name: string; value: ReturnType<Measure["read"]> }) {
  if (typeof value === "number") return <>{sayValue(name, value)}</>;
  return (
    <span class="quiet" title={sayValue(name, value)} data-why={value}>
      {shortValue(name, value)}
    </span>
  );
}
