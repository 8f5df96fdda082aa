// Follows events until it is killed, and says which case each is about.
import { Client, Session } from "../dist/index.js";
import { FollowDocument } from "./generated/graphql.ts";
import { given, say } from "./talking.ts";

const { address, over } = given as { address: string; over: "events" | "socket" };
const session = new Session({ address });
const client = new Client({ address, credentials: session, retries: { pause: 20 } });

const opened = await session.acceptInvitation({ code: given.code!, password: given.password! });
if (!opened.ok) throw new Error(opened.problems[0].message);
const begun = await client.findCursor();
if (!begun.ok) throw new Error(begun.problems[0].message);
say(begun.data);

for await (const told of client.subscribe(FollowDocument, {}, { over, cursor: begun.data })) {
  if (!told.ok) say({ problems: told.problems });
  else say({ type: told.data.caseEvents.type, number: told.data.caseEvents.case?.number });
}
say("over");
