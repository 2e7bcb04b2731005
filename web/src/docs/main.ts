// SPDX-License-Identifier: Apache-2.0
//
// /docs: the API's own document in Swagger UI, which sends requests with the token of this tab or one entered here.
import "swagger-ui-dist/swagger-ui.css";
import "./docs.css";
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { keptToken, theme } from "../state/session";

const dark = matchMedia("(prefers-color-scheme: dark)");
function showTheme(): void {
  const value = theme();
  document.documentElement.classList.toggle("dark-mode", value === "dark" || (value === "auto" && dark.matches));
}
showTheme();
dark.addEventListener("change", showTheme);

const ui = SwaggerUI({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  persistAuthorization: false,
  validatorUrl: null, // no outside requests
  queryConfigEnabled: false, // a link must not make the page read another document
  onComplete: () => {
    const token = keptToken();
    if (token !== "") ui.preauthorizeApiKey("token", token);
  },
});
