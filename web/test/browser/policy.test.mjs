// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { kToken } from "../mock/server.mjs";
import { browse, enterToken, useBrowser } from "./fixture.mjs";

useBrowser();
const kPath = "/#/policies/default/checkout";
const k4xx = /status of 4/;

browse("a policy's page has its plots, its signals, the why, the decisions, the conditions and the text", { path: kPath }, async ({ page }) => {
  await page.getByRole("img", { name: /Plot of cpu over time: between \d+ and \d+ instances/ }).waitFor();
  await page.locator(".uplot canvas").nth(1).waitFor();
  for (const heading of ["History", "Signals", "Why", "Decisions", "Conditions", "Policy as loaded"]) await page.getByRole("heading", { name: heading }).waitFor();
  await page.locator(".trace li").first().waitFor();
  assert.match(await page.locator(".yaml").innerText(), /^# Owned by[\s\S]*kind: ScalingPolicy[\s\S]*maxStep: 1 \}$/m);
  const inked = await page.evaluate(() => [...document.querySelectorAll(".uplot canvas")].map((canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(Array.from({ length: data.length / 4 }, (_, i) => `${data[4 * i]},${data[4 * i + 1]},${data[4 * i + 2]}`)).size;
  }));
  assert.ok(inked.every((colours) => colours > 3), `colours by plot: ${inked}`);
});

browse("the pointer on the plot shows values and the decision in force with its reason", { path: kPath }, async ({ page }) => {
  const over = page.locator(".u-over").first();
  await over.waitFor();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width * 0.97, box.y + box.height / 2);
  const readout = page.locator(".readout");
  await readout.waitFor();
  assert.match(await readout.innerText(), /cpu[\s\S]*\d[\s\S]*instances[\s\S]*\d[\s\S]*(Threshold|Range)[\s\S]*cpu/);
  await page.mouse.move(5, 5);
  await readout.waitFor({ state: "detached" });
});

browse("what the pointer shows stays while new points come in", { path: kPath }, async ({ page, world }) => {
  const over = page.locator(".u-over").first();
  await over.waitFor();
  const box = await over.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.locator(".readout").waitFor();
  const policy = world.policies.get("default/checkout");
  policy.currentInstances = policy.desiredInstances = 77;
  await page.evaluate(() => void (document.querySelector(".u-over").dataset.kept = "yes"));
  world.emit("policy", policy);
  await page.getByRole("img", { name: /and 77 instances/ }).waitFor();
  assert.equal(await page.locator(".readout").count(), 1);
  assert.equal(await over.getAttribute("data-kept"), "yes", "the plots are not made anew");
});

browse("another time span is asked for and drawn", { path: kPath }, async ({ page }) => {
  const asked = page.waitForRequest((request) => request.url().includes("/history?") && Date.now() - Date.parse(new URL(request.url()).searchParams.get("since")) > 6.9 * 86_400_000);
  await page.getByRole("button", { name: "7 d" }).click();
  await asked;
  await page.getByRole("button", { name: "7 d", pressed: true }).waitFor();
  await page.locator(".uplot canvas").first().waitFor();
});

browse("an operation's progress moves on the policy's page and on its own", { path: kPath }, async ({ page, world }) => {
  await page.locator(".link-live").waitFor();
  const scale = world.beginScale("default/checkout", world.policies.get("default/checkout").currentInstances + 4);
  scale.step();
  await page.getByText("1st in the queue").waitFor();
  for (let i = 0; i < 4; i += 1) scale.step();
  await page.getByText("2 of 4 created").waitFor();
  assert.equal(await page.getByRole("progressbar").getAttribute("value"), "0.5");
  assert.equal(await page.locator('[aria-current="step"]').innerText(), "Applying");
  await page.getByRole("link", { name: "operation", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: /checkout: \d+ → \d+/ }).waitFor();
  while (scale.step());
  await page.locator("main").getByText("Successfully scaled").waitFor();
});

browse("what keeps a policy from acting is said, all of it", {
  path: kPath, prepare: (world) => Object.assign(world.policies.get("default/checkout"), { dryRun: true, suspend: true, suspendedBy: "weekend", enabled: false, state: "suspended" }),
}, async ({ page }) => {
  await page.getByText("no: not enabled, dry run, suspended, schedule weekend").waitFor();
});

browse("a stalled policy says in words what a person has to look at", {
  path: "/#/policies/default/catalog", prepare: (world) => {
    const policy = world.policies.get("default/catalog");
    policy.state = "stalled";
    world.describe(policy, Date.now());
  },
}, async ({ page }) => {
  await page.locator(".notice.bad").getByText("aws_security_group.app").waitFor();
});

browse("a policy that is not there says so", { path: "/#/policies/default/nothing", expected: k4xx }, async ({ page }) => {
  await page.getByText("There is no policy default/nothing").waitFor();
});

browse("hostile text is text", {
  path: kPath, prepare: (world) => {
    const policy = world.policies.get("default/checkout");
    world.decide(policy, "no_change", 2, 2, "Advised", '<img src=x onerror="document.title=1"><script>document.title=2</script>');
    policy.held = "<b>bold</b>";
  },
}, async ({ page }) => {
  await page.getByText('<img src=x onerror="document.title=1">', { exact: false }).first().waitFor();
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.match(await page.title(), /checkout/);
});

browse("a link to a policy works with the token of the tab, and offers what a person may do", { path: kPath }, async ({ page }) => {
  await page.locator(".link-live").waitFor();
  assert.equal(await page.getByRole("button", { name: "Scale…" }).count(), 0);
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Scale…" }).waitFor();
  await page.reload();
  await page.getByRole("button", { name: "Scale…" }).waitFor();
});
