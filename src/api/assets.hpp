// SPDX-License-Identifier: Apache-2.0
//
// Assets: the pages and their parts that are in the program itself: web/dist as it was at build time.
//
// Where it was not built, a plain page stands for each. Texts are kept compressed (gzip) and sent so; every browser
// takes that. Read-only data; any thread.
#pragma once

#include <optional>
#include <string_view>

namespace stackscaler::api {

struct Asset {
  std::string_view path;  // "/assets/index-1f3b.js"
  std::string_view type;
  std::string_view bytes;
  std::string_view tag;  // an ETag, with its quotes
  bool gzip = false;
  bool immutable = false;  // its name changes with its content
};

[[nodiscard]] const Asset* find_asset(std::string_view path);
// The document that openapi.json in the sources is.
[[nodiscard]] std::string_view openapi_text();

}  // namespace stackscaler::api
