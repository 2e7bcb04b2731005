// SPDX-License-Identifier: Apache-2.0
//
// Two pages, / and /docs, that run under `default-src 'self'`: no inline script or style, no data: URL, no outside request.
import { resolve } from "node:path";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Data URLs in style sheets become files of their own, so that the pages need no `img-src data:`.
function extractDataUrls(): Plugin {
  const dataUrl = /url\(\s*(?:"(data:(?:[^"\\]|\\.)*)"|'(data:(?:[^'\\]|\\.)*)'|(data:[^)'"]*))\s*\)/g;
  const types: Record<string, string> = { "image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg" };
  return {
    name: "extract-data-urls",
    enforce: "post",
    generateBundle(_options, bundle) {
      for (const sheet of Object.values(bundle)) {
        if (sheet.type !== "asset" || !sheet.fileName.endsWith(".css")) continue;
        sheet.source = String(sheet.source).replace(dataUrl, (_all, a?: string, b?: string, c?: string) => {
          const url = (a ?? b ?? c ?? "").replace(/\\(["'])/g, "$1");
          const [head = "", body = ""] = [url.slice(5, url.indexOf(",")), url.slice(url.indexOf(",") + 1)];
          const extension = types[head.split(";")[0] ?? ""];
          if (extension === undefined) throw new Error(`a data URL of a type that is not expected: ${head}`);
          const source = head.endsWith(";base64") ? Buffer.from(body, "base64") : decodeURIComponent(body);
          const reference = this.emitFile({ type: "asset", name: `image.${extension}`, source });
          return `url(/${this.getFileName(reference)})`;
        });
      }
    },
  };
}

export default defineConfig({
  plugins: [extractDataUrls()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2023",
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1600,
    rolldownOptions: {
      input: [resolve(import.meta.dirname, "index.html"), resolve(import.meta.dirname, "docs.html")],
      checks: { pluginTimings: false },
    },
  },
  test: { include: ["test/unit/**/*.test.ts"], environment: "node" },
});
