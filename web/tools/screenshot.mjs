// SPDX-License-Identifier: Apache-2.0
//
// Pictures of the pages, over the mock server. web/tools/screenshot is the way to call it.
//   node tools/screenshot.mjs FOLDER            every page, in light, dark and phone size, to look at
//   node tools/screenshot.mjs --docs FILE.png   the one picture of the documentation
import { mkdirSync } from "node:fs";
import { launch } from "../test/browser/browser.mjs";
import { MockServer, kToken } from "../test/mock/server.mjs";
import { World } from "../test/mock/world.mjs";

const [first, second] = process.argv.slice(2);
if (first === undefined) throw new Error("usage: screenshot.mjs FOLDER | --docs FILE.png");

const world = new World({ count: 20 });
const server = await new MockServer(world).start();
const busy = world.beginScale("default/recommendations", world.policies.get("default/recommendations").currentInstances + 2);
for (let i = 0; i < 4; i += 1) busy.step();
for (const key of ["shop/search", "default/catalog"]) {
  const { currentInstances, bounds } = world.policies.get(key) ?? [...world.policies.values()][4];
  const done = world.beginScale(world.policies.has(key) ? key : [...world.policies.keys()][4], Math.min(bounds.max, currentInstances + 1));
  while (done.step());
}
const browser = await launch();
const context = async (options) => {
  const made = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...options });
  return made.newPage();
};
const settle = (page) => page.waitForTimeout(700);

try {
  if (first === "--docs") {
    const page = await context({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
    await page.goto(server.url);
    await page.getByText("checkout").first().waitFor();
    await settle(page);
    await page.screenshot({ path: second });
  } else {
    await all(first);
  }
} finally {
  await browser.close();
  await server.stop();
}

async function all(folder) {
  mkdirSync(folder, { recursive: true });
  const looks = { light: { viewport: { width: 1360, height: 860 } }, dark: { viewport: { width: 1360, height: 860 }, colorScheme: "dark" }, phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true } };
  const pages = { policies: "/", policy: "/#/policies/default/recommendations", stalled: "/#/policies/default/catalog", operations: "/#/operations", controller: "/#/controller", docs: "/docs" };
  for (const [look, options] of Object.entries(looks)) {
    const page = await context(options);
    await page.goto(server.url);
    await page.evaluate((token) => sessionStorage.setItem("stackscaler.token", token), kToken);
    for (const [name, path] of Object.entries(pages)) {
      await page.goto("about:blank");
      await page.goto(server.url + path);
      await settle(page);
      await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: name === "policy" });
    }
    await page.context().close();
  }
}
