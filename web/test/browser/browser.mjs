// SPDX-License-Identifier: Apache-2.0
//
// Debian's Chromium by playwright-core, and a page that is watched: what breaks the content security policy, leaves the
// machine or goes wrong in a script is a failure of the test.
import { accessSync } from "node:fs";
import { chromium } from "playwright-core";

export function chromiumPath() {
  for (const path of [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"]) {
    if (path === undefined) continue;
    try {
      accessSync(path);
      return path;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

export async function launch() {
  return chromium.launch({
    executablePath: chromiumPath(),
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
  });
}

// faults: filled while the page lives. `expected` is a regular expression of console errors that the test itself causes.
export async function watchedPage(browser, url, { width = 1360, height = 860, dark = false, expected = /^$/, ...more } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", locale: "en-GB", timezoneId: "UTC", ...more });
  const page = await context.newPage();
  const faults = [];
  await page.exposeFunction("reportViolation", (text) => void faults.push(`content security policy: ${text}`));
  await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`)));
  page.on("pageerror", (error) => faults.push(`script: ${error.stack ?? error.message}`));
  page.on("console", (message) => message.type() === "error" && !expected.test(message.text()) && faults.push(`console: ${message.text()}`));
  page.on("request", (request) => request.url().startsWith(url) || faults.push(`outside request: ${request.url()}`));
  page.setDefaultTimeout(60_000); // two shared cores may be busy
  return { page, context, faults };
}
