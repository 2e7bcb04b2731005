// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { kToken } from "../mock/server.mjs";
import { browse, enterToken, useBrowser } from "./fixture.mjs";

useBrowser();
const kPath = "/#/policies/default/checkout";
const kRefused = /status of 4/; // the console's line for an answer that the test asks for

browse("without a token it is read-only; a wrong token is refused and not kept", { path: kPath, expected: kRefused }, async ({ page }) => {
  await enterToken(page, "wrong");
  await page.getByRole("dialog").getByText("the token is wrong").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }).includes("wrong")), false);
  assert.equal(await page.getByRole("button", { name: "Scale…" }).count(), 0);
});

browse("the token stays in the tab's session storage alone, and is forgotten on request", { path: kPath }, async ({ page }) => {
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Forget token" }).waitFor();
  const places = await page.evaluate((token) => ({
    session: Object.values(sessionStorage).includes(token), local: JSON.stringify({ ...localStorage }).includes(token),
    cookie: document.cookie.includes(token), page: document.documentElement.outerHTML.includes(token), address: location.href.includes(token),
  }), kToken);
  assert.deepEqual(places, { session: true, local: false, cookie: false, page: false, address: false });
  await page.getByRole("button", { name: "Forget token" }).click();
  await page.getByRole("button", { name: "Read-only" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

browse("a manual scale asks first, sends count, reason and one key, and shows the operation", { path: kPath }, async ({ page, server, world }) => {
  const { currentInstances: from } = world.policies.get("default/checkout");
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Scale…" }).click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: /^Scale/ });
  assert.equal(await confirm.isDisabled(), true, "the same count is nothing to do");
  await page.getByRole("spinbutton", { name: "Instances" }).fill(String(from + 1));
  await page.getByLabel("Reason").fill("launch day");
  assert.equal(server.requests.length, 0);
  await page.getByRole("button", { name: `Scale from ${from} to ${from + 1}` }).click();
  await page.getByText("The loop leaves the stack alone for 300 seconds").waitFor();
  const [request, ...more] = server.requests;
  assert.deepEqual(request.body, { stack_id: "checkout", instance_count: from + 1, reason: "launch day" });
  assert.match(request.headers["idempotency-key"], /^[0-9a-f]{32}$/);
  assert.equal(request.headers.authorization, `Bearer ${kToken}`);
  assert.equal(more.length, 0);
  await page.getByText("1st in the queue").waitFor();
  while (world.manual.step());
  await page.getByText(`checkout: now ${from + 1} instances`).waitFor();
});

browse("a count out of bounds wants force, fewer is a warning of what is destroyed", { path: kPath }, async ({ page, server, world }) => {
  const policy = world.policies.get("default/checkout");
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Scale…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("spinbutton", { name: "Instances" }).fill("0");
  await dialog.getByText("outside of the policy's bounds").waitFor();
  await dialog.getByText(`This destroys ${policy.currentInstances} instances`).waitFor();
  const confirm = dialog.getByRole("button", { name: /^Scale from/ });
  assert.equal(await confirm.isDisabled(), true);
  await dialog.getByLabel(/Force/).check();
  await confirm.click();
  await dialog.waitFor({ state: "detached" });
  assert.equal(server.requests[0].body.force, true);
});

browse("sent again after an answer that was lost, it is done once", { path: kPath, expected: /Failed to load/ }, async ({ page, server, world }) => {
  const { currentInstances: from } = world.policies.get("default/checkout");
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Scale…" }).click();
  await page.getByRole("spinbutton", { name: "Instances" }).fill(String(from + 1));
  let lost = true;
  await page.route("**/scaling/stack/scale", async (route) => {
    if (!lost) return route.continue();
    lost = false;
    await route.fetch(); // it reaches the server, the answer does not come back
    return route.abort();
  });
  const confirm = page.getByRole("button", { name: /^Scale from/ });
  await confirm.click();
  await page.getByRole("dialog").getByText("can't be reached").waitFor();
  await confirm.click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(server.requests.length, 2);
  assert.equal(server.requests[0].headers["idempotency-key"], server.requests[1].headers["idempotency-key"]);
  assert.equal(world.operations.size, 1);
});

browse("recommend shows advice and the steps, and changes nothing", { path: kPath }, async ({ page, world }) => {
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Recommend" }).click();
  await page.getByRole("dialog").getByText("cpu 86.2 is above 75").first().waitFor();
  await page.getByRole("dialog").getByText("Nothing was changed.").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(world.operations.size, 0);
});

browse("the emergency stop wants a reason and a yes; resume ends it", { path: "/#/controller" }, async ({ page, server, world }) => {
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Emergency stop…" }).click();
  assert.equal(await page.getByRole("button", { name: "Stop everything" }).isDisabled(), true);
  await page.getByLabel("Reason").fill("incident 42");
  await page.getByRole("button", { name: "Stop everything" }).click();
  await page.getByRole("alert").getByText(/incident 42/).waitFor();
  assert.equal(world.pause.paused, true);
  await page.locator("main").getByRole("button", { name: "Resume…" }).click();
  assert.equal(world.pause.paused, true);
  await page.getByRole("dialog").getByRole("button", { name: "Resume" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
  assert.deepEqual(server.requests.map((request) => request.path), ["/api/v1/pause", "/api/v1/resume"]);
});

browse("a dialog holds the focus, Escape closes it and the focus goes back", { path: kPath }, async ({ page }) => {
  await enterToken(page, kToken);
  const button = page.getByRole("button", { name: "Scale…" });
  await button.focus();
  await page.keyboard.press("Enter");
  for (let i = 0; i < 8; i += 1) {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest("dialog") !== null), true);
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await button.evaluate((element) => element === document.activeElement), true);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await button.evaluate((element) => element === document.activeElement), true);
});
