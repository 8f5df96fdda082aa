import { render } from "preact";
import { App } from "./app";
import { followLooks } from "./looks";
import "./pages/field/leaving";
import { followAddress } from "./router";
import { openSession } from "./session";
import "./style.css";

followLooks();
followAddress();
render(<App />, document.getElementById("console") as HTMLElement);
void openSession();
