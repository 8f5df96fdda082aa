// Home: where residents begin: four large ways, and the receipts that this device remembers.
import { linkTo } from "../../router";
import { who } from "../../session";
import { opened, receipts } from "./kept";
import { Block, Page } from "./parts";
import { tell } from "./words";

const WAYS = ["report", "follow", "public", "me"] as const;

export function ResidentHome() {
  return (
    <Page name="home">
      <p>{tell("welcome")}</p>
      <ul class="ways">
        {WAYS.map((way) => (
          <li>
            <a href={linkTo(way)} id={`to-${way}`}>
              <b>{tell(way)}</b>
              <span>{tell(`${way}Hint`)}</span>
            </a>
          </li>
        ))}
      </ul>
      <Remembered />
      {!who.value && (
        <p>
          <a href="./" id="to-staff">
            {tell("staff")}
          </a>
        </p>
      )}
    </Page>
  );
}

/** Receipts that somebody had this device remember, each to open and to remove. */
export function Remembered() {
  if (receipts.value.length === 0) return null;
  return (
    <Block id="remembered" name="remembered">
      <ul class="plain">
        {receipts.value.map((receipt) => (
          <li>
            <a href={linkTo("follow")} onClick={() => (opened.value = receipt)}>
              {receipt.number}
            </a>
          </li>
        ))}
      </ul>
    </Block>
  );
}
