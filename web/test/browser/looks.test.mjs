// SPDX-License-Identifier: Apache-2.0
//
// Phone, dark and light, and the rules of accessibility as axe-core knows them.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { kToken } from "../mock/server.mjs";
import { browse, enterToken, useBrowser } from "./fixture.mjs";

useBrowser();
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const kPages = { policies: "/", policy: "/#/policies/default/checkout", operations: "/#/operations", controller: "/#/controller" };
const busy = (world) => {
  const done = world.beginScale("default/catalog", world.policies.get("default/catalog").currentInstances + 1);
  while (done.step());
  const running = world.beginScale("default/checkout", world.policies.get("default/checkout").currentInstances + 2);
  for (let i = 0; i < 4; i += 1) running.step();
};

async function problems(page) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return result.violations.map((violation) => `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary.replace(/\s+/g, " ")}`).slice(0, 3).join(" | ")}`);
}

for (const [name, path] of Object.entries(kPages)) {
  for (const dark of [false, true]) {
    browse(`${name}, ${dark ? "dark" : "light"}: no rule of accessibility is broken`, { path, dark, prepare: busy }, async ({ page }) => {
      await page.locator(".link-live").waitFor();
      await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(ground, dark ? "rgb(14, 18, 22)" : "rgb(244, 246, 248)");
      assert.deepEqual(await problems(page), []);
    });
  }
  browse(`${name}, 360 px wide: nothing sticks out, what is touched is large enough`, { path, width: 360, height: 740, prepare: busy, hasTouch: true }, async ({ page }) => {
    await page.locator(".link-live").waitFor();
    await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
    assert.ok(await page.evaluate(() => innerWidth === 360 && document.documentElement.scrollWidth <= innerWidth));
    assert.deepEqual(await problems(page), []);
    const small = await page.evaluate(() => [...document.querySelectorAll("button, select, input:not([type=checkbox])")]
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 24 && element.closest("thead") === null).map((element) => element.outerHTML));
    assert.deepEqual(small, []);
  });
}

browse("the list on a phone: cards of even height, the last of a thousand can be reached", { count: 1000, width: 360, height: 740 }, async ({ page }) => {
  await page.locator("tr.row").first().waitFor();
  const tops = await page.evaluate(() => [...document.querySelectorAll("tr.row")].map((row) => row.getBoundingClientRect().top));
  for (let i = 1; i < tops.length; i += 1) assert.equal(tops[i] - tops[i - 1], 130);
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.locator('tr.row[aria-rowindex="1001"]').waitFor();
});

browse("a dialog breaks no rule of accessibility and fits a phone", { path: kPages.policy, width: 360, height: 740 }, async ({ page }) => {
  await enterToken(page, kToken);
  await page.getByRole("button", { name: "Scale…" }).click();
  await page.getByRole("spinbutton", { name: "Instances" }).fill("0");
  assert.deepEqual(await problems(page), []);
  const box = await page.getByRole("dialog").boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
});

browse("the choice of colours wins over the system's and is there after a reload", { dark: true }, async ({ page }) => {
  await page.getByLabel("Colours").selectOption("light");
  await page.reload();
  await page.locator("tr.row").first().waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(244, 246, 248)");
});
