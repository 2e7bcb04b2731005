// SPDX-License-Identifier: Apache-2.0
//
// A browser for a file of tests, and for each test a mock server and a watched page. At its end nothing may have broken
// the content security policy, left the machine, failed in a script or disagreed with openapi.json.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { MockServer } from "../mock/server.mjs";
import { World } from "../mock/world.mjs";
import { launch, watchedPage } from "./browser.mjs";

let browser;
export function useBrowser() {
  before(async () => void (browser = await launch()));
  after(async () => browser.close());
}

export function browse(name, options, body) {
  test(name, { timeout: 240_000 }, async (run) => {
    const world = new World({ count: options.count ?? 20 });
    options.prepare?.(world);
    const server = await new MockServer(world).start();
    const { page, context, faults } = await watchedPage(browser, server.url, options);
    try {
      await page.goto(server.url + (options.path ?? "/"));
      await body({ page, world, server, run });
      assert.deepEqual(faults, []);
      assert.deepEqual(server.violations, []);
    } finally {
      await context.close();
      await server.stop();
    }
  });
}

export async function enterToken(page, token) {
  await page.getByRole("button", { name: "Read-only" }).click();
  await page.getByLabel("Token", { exact: true }).fill(token);
  await page.getByRole("button", { name: "Use the token" }).click();
}
