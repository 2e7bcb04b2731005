// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { browse, useBrowser } from "./fixture.mjs";

useBrowser();
const kGone = /Failed to load resource|ERR_/; // what the browser says of a server that is gone
const row = (page, name) => page.locator("tr.row").filter({ has: page.getByRole("link", { name, exact: true }) });

browse("a scale-up is seen live in the list, from the decision to the new count", {}, async ({ page, world }) => {
  const before = world.policies.get("default/checkout").currentInstances;
  await page.locator(".link-live").waitFor();
  const scale = world.beginScale("default/checkout", before + 2);
  scale.step();
  await row(page, "checkout").getByText("scaling").waitFor();
  scale.step();
  scale.step();
  scale.step();
  await row(page, "checkout").getByText("1 of 2 created").waitFor();
  await row(page, "checkout").getByText(`Applying ${before} → ${before + 2}`).waitFor();
  while (scale.step());
  await row(page, "checkout").locator(".state-ok").waitFor();
  assert.equal(await row(page, "checkout").locator(".count").innerText(), String(before + 2));
  await page.getByText(`checkout: now ${before + 2} instances`).waitFor();
});

browse("a policy that is removed leaves the list, a new one comes", {}, async ({ page, world }) => {
  await page.locator(".link-live").waitFor();
  world.emit("policy-removed", { namespace: "default", name: "checkout" });
  await row(page, "checkout").waitFor({ state: "detached" });
  world.emit("policy", { ...world.policies.get("default/checkout"), name: "brand-new" });
  await row(page, "brand-new").waitFor();
});

browse("when the controller goes it says so and greys, and is live again by itself with what was missed", { expected: kGone }, async ({ page, server, world }) => {
  await page.locator(".link-live").waitFor();
  server.vanish();
  await page.getByText("No connection to the controller.").waitFor();
  await page.locator("html.stale").waitFor();
  const policy = world.policies.get("default/checkout");
  policy.currentInstances = policy.desiredInstances = 42;
  world.emit("policy", policy);
  server.comeBack();
  await page.getByText("No connection to the controller.").waitFor({ state: "detached" });
  await row(page, "checkout").getByText("42", { exact: true }).waitFor();
  assert.equal(await page.locator("html.stale").count(), 0);
});

browse("what the server no longer keeps is read again", { expected: kGone }, async ({ page, server, world }) => {
  await page.locator(".link-live").waitFor();
  server.vanish();
  await page.locator(".link-lost").waitFor();
  const policy = world.policies.get("default/checkout");
  policy.currentInstances = policy.desiredInstances = 43;
  world.emit("policy", policy);
  server.comeBack({ remember: false });
  world.emit("policy", world.policies.get("shop/search") ?? policy);
  await row(page, "checkout").getByText("43", { exact: true }).waitFor();
});

browse("a controller that is not there when the page is loaded is found later", { expected: kGone }, async ({ page, server }) => {
  await page.locator(".link-live").waitFor();
  await page.route("**/api/**", (route) => route.abort());
  await page.reload();
  await page.getByText("Nothing was read yet.").waitFor();
  await page.unroute("**/api/**");
  await page.locator("tr.row").first().waitFor();
  assert.equal(server.violations.length, 0);
});

browse("the emergency stop is over every page", { path: "/#/operations" }, async ({ page, world }) => {
  await page.locator(".link-live").waitFor();
  world.setPause(true, "incident 42", "ada");
  await page.getByRole("alert").getByText(/Emergency stop.*by ada: incident 42/).waitFor();
  world.setPause(false);
  await page.getByRole("alert").waitFor({ state: "detached" });
});
