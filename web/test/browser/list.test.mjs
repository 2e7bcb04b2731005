// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { browse, useBrowser } from "./fixture.mjs";

useBrowser();
const rows = (page) => page.locator("tr.row");

browse("a thousand policies: all are counted, only the visible ones are drawn, the last can be reached", { count: 1000 }, async ({ page }) => {
  await page.getByText("1000 of 1000 policies shown").waitFor({ state: "attached" });
  const drawn = await rows(page).count();
  assert.ok(drawn > 10 && drawn < 80, `${drawn} rows`);
  assert.equal(await page.getByRole("table").getAttribute("aria-rowcount"), "1001");

  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.locator('tr.row[aria-rowindex="1001"]').waitFor();
  assert.ok((await rows(page).count()) < 80);
});

browse("five thousand policies: the filter and the order hold, and few rows are drawn", { count: 5000 }, async ({ page, run }) => {
  await page.getByText("5000 of 5000 policies shown").waitFor({ state: "attached" });
  const took = await page.evaluate(async () => {
    const input = document.querySelector('input[type="search"]');
    const start = performance.now();
    input.value = "payments us-east";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    while (!document.querySelector("[role=status]").textContent.startsWith("83 ")) await new Promise(requestAnimationFrame);
    return performance.now() - start;
  });
  run.diagnostic(`the filter took ${Math.round(took)} ms`);
  assert.ok((await rows(page).count()) < 80);
  await page.getByRole("button", { name: "Policy", exact: true }).click();
  assert.match(await rows(page).first().innerText(), /payments-api-us-east-1/);
});

for (const width of [920, 1024, 1280, 1920]) {
  browse(`at ${width} px every row is as high as the list counts on, whatever it has to say`, {
    count: 60, width, prepare: (world) => {
      const [first, second] = [...world.policies.values()];
      const signal = first.signals[0];
      first.signals = ["cpu", "memory-of-all-instances", "requests-per-second-and-instance", "queue", "latency"].map((name) => ({ ...signal, name, value: 123456.7 }));
      second.lastDecision.message = "a sentence that goes on ".repeat(30);
      Object.assign(second, { suspend: true, dryRun: true, implicit: true, stack: "another-name-that-is-rather-long-for-the-room-there-is" });
    },
  }, async ({ page }) => {
    await rows(page).first().waitFor();
    const heights = await page.evaluate(() => [...new Set([...document.querySelectorAll("tr.row")].map((row) => row.getBoundingClientRect().height))]);
    assert.deepEqual(heights, [46]);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  });
}

browse("what needs a person comes first", { count: 1000 }, async ({ page }) => {
  await rows(page).first().waitFor();
  assert.match(await rows(page).first().innerText(), /stalled[\s\S]*PlanRefused/);
  assert.equal(await page.getByRole("columnheader", { name: "State" }).getAttribute("aria-sort"), "ascending");
});

browse("the filter and a chosen state narrow the list together, and are there after a visit to a policy", { count: 300 }, async ({ page }) => {
  await page.getByRole("searchbox").fill("checkout");
  const all = await rows(page).count();
  await page.getByRole("button", { name: /^\s*ok/ }).click();
  await page.getByRole("button", { name: /^\s*ok/, pressed: true }).waitFor();
  for (const text of await rows(page).allInnerTexts()) assert.match(text, /^ok[\s\S]*checkout/);
  assert.ok(all >= (await rows(page).count()));

  await rows(page).first().getByRole("link").click();
  await page.getByRole("heading", { level: 1, name: /checkout/ }).waitFor();
  await page.goBack();
  assert.equal(await page.getByRole("searchbox").inputValue(), "checkout");
});

browse("a filter that nothing matches can be cleared", {}, async ({ page }) => {
  await page.getByRole("searchbox").fill("no such thing");
  await page.getByRole("button", { name: "Clear the filter" }).click();
  assert.ok((await rows(page).count()) === 20);
});

browse("without policies it says what to do", { count: 0 }, async ({ page }) => {
  await page.getByText("There are no policies yet").waitFor();
});

browse("by keyboard alone: to the filter, down the list, into a policy and back", { count: 200 }, async ({ page }) => {
  await rows(page).first().waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.keyboard.press("/");
  await page.keyboard.type("web");
  assert.equal(await page.getByRole("searchbox").inputValue(), "web");
  await page.keyboard.press("Escape");
  await page.locator("a.policy-link").first().focus();
  const seen = new Set();
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press("ArrowDown");
    seen.add(await page.evaluate(() => document.activeElement.closest("tr")?.getAttribute("aria-rowindex")));
  }
  assert.equal(seen.size, 40, "each press goes one row down, past what was drawn at first");
  const name = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1 }).filter({ hasText: name.split("/").pop() }).waitFor();
  await page.waitForFunction(() => document.activeElement?.tagName === "H1");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Policies" }).waitFor();
});
