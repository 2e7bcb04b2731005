// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { document } from "../mock/contract.mjs";
import { kToken } from "../mock/server.mjs";
import { browse, useBrowser } from "./fixture.mjs";

useBrowser();

async function execute(page, operationId) {
  const block = page.locator(`[id$="-${operationId}"]`);
  await block.locator(".opblock-summary-control").first().click();
  await block.getByRole("button", { name: "Execute" }).click();
  await block.locator(".live-responses-table .response-col_status").filter({ hasText: /^\d/ }).first().waitFor();
  return { status: (await block.locator(".live-responses-table .response-col_status").allInnerTexts()).find((text) => /^\d/.test(text)).split(/\s/)[0], text: await block.locator(".live-responses-table").innerText() };
}

browse("/docs lists every operation of the document and executes a GET", { path: "/docs" }, async ({ page }) => {
  await page.locator(".opblock").first().waitFor();
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path).filter((method) => ["get", "post", "put", "delete", "patch"].includes(method)));
  assert.equal(await page.locator(".opblock").count(), operations.length);
  const { status, text } = await execute(page, "getController");
  assert.equal(status, "200");
  assert.match(text, /"mode": "enabled"/);
});

browse("/docs sends the token that the dashboard's tab has", { path: "/" }, async ({ page, server }) => {
  await page.evaluate((token) => sessionStorage.setItem("stackscaler.token", token), kToken);
  await page.getByRole("link", { name: "API", exact: true }).click();
  await page.locator(".opblock").first().waitFor();
  const { status } = await execute(page, "pause");
  assert.equal(status, "200");
  assert.equal(server.requests[0].headers.authorization, `Bearer ${kToken}`);
});

browse("/docs reads no other document, whatever the link says", { path: "/docs?url=https://example.invalid/evil.json&configUrl=https://example.invalid/c.json" }, async ({ page }) => {
  await page.getByText("/scaling/stacks").first().waitFor();
});

browse("/docs is dark where the system is", { path: "/docs", dark: true }, async ({ page }) => {
  await page.locator("html.dark-mode .opblock").first().waitFor();
});
