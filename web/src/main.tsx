// SPDX-License-Identifier: Apache-2.0
import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/policies.css";
import { App } from "./app";
import { Fleet } from "./state/fleet";
import { showTheme } from "./state/session";

showTheme();
const host = document.getElementById("app");
if (host !== null) render(<App fleet={new Fleet()} />, host);
