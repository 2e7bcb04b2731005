// SPDX-License-Identifier: Apache-2.0
//
// The pages that the program itself serves, over a real stack.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, watchedPage } from "../browser/browser.mjs";
import { missing, RealWorld, kToken } from "./world.mjs";

const skip = missing() || false;
let browser, world;
before(async () => {
  if (skip) return;
  browser = await launch();
  world = await new RealWorld().start();
}, { timeout: 240_000 });
after(async () => {
  await browser?.close();
  await world?.stop();
}, { timeout: 120_000 });

function look(name, path, body, options = {}) {
  test(name, { skip, timeout: 240_000 }, async () => {
    const { page, context, faults } = await watchedPage(browser, world.url, options);
    try {
      await page.goto(world.url + path);
      await body(page);
      assert.deepEqual(faults, []);
    } finally {
      await context.close();
    }
  });
}

test("the page comes with a policy that allows nothing inline and nothing from outside", { skip }, async () => {
  for (const path of ["/", "/docs"]) {
    const policy = (await fetch(world.url + path)).headers.get("content-security-policy") ?? "";
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe|data:|https?:|\*/);
  }
});

look("the list shows the real stack, and a scale-up of it live from the metric to the new count", "/", async (page) => {
  const row = page.locator("tr.row").filter({ has: page.getByRole("link", { name: "web", exact: true }) });
  await page.locator(".link-live").waitFor();
  await row.locator(".count").getByText("1", { exact: true }).waitFor();
  assert.equal(world.count(), 1);
  world.load = 90;
  await row.locator(".state-scaling").waitFor();
  await row.getByText(/Applying 1 → 2/).waitFor();
  await page.getByText("web: now 2 instances").waitFor();
  await page.getByText("web: now 3 instances").waitFor();
  world.load = 50;
  await row.locator(".count").getByText("3", { exact: true }).waitFor();
  assert.equal(world.count(), 3);
});

look("the policy's page has the plot, the trace of the real decision and the file's text", "/#/policies/default/web", async (page) => {
  await page.getByRole("img", { name: /Plot of cpu over time: between \d+ and 3 instances/ }).waitFor();
  await page.locator(".trace li").first().waitFor();
  await page.locator(".yaml").getByText("# The web servers").waitFor();
  await page.getByRole("cell", { name: /scale up 1 → 2/ }).waitFor();
});

look("a manual scale by way of the page changes the real stack and shows its progress", "/#/policies/default/web", async (page) => {
  await page.getByRole("button", { name: "Read-only" }).click();
  await page.getByLabel("Token", { exact: true }).fill(kToken);
  await page.getByRole("button", { name: "Use the token" }).click();
  await page.getByRole("button", { name: "Scale…" }).click();
  await page.getByRole("spinbutton", { name: "Instances" }).fill("2");
  await page.getByRole("button", { name: "Scale from 3 to 2" }).click();
  await page.getByText("web: now 2 instances").waitFor();
  assert.equal(world.count(), 2);
  await page.getByRole("link", { name: "Operations" }).click();
  await page.getByRole("row", { name: /succeeded web 3 → 2/ }).waitFor();
});

look("the emergency stop by way of the page stops, and resume goes on", "/#/controller", async (page) => {
  await page.evaluate((token) => sessionStorage.setItem("stackscaler.token", token), kToken);
  await page.reload();
  await page.getByRole("button", { name: "Emergency stop…" }).click();
  await page.getByLabel("Reason").fill("incident 42");
  await page.getByRole("button", { name: "Stop everything" }).click();
  await page.getByRole("alert").getByText(/incident 42/).waitFor();
  await page.locator("main").getByRole("button", { name: "Resume…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
});

look("/docs executes a GET against the program", "/docs", async (page) => {
  const block = page.locator('[id$="-listPolicies"]');
  await block.locator(".opblock-summary-control").first().click();
  await block.getByRole("button", { name: "Execute" }).click();
  await block.locator(".live-responses-table").getByText('"stack": "web"').first().waitFor();
});
