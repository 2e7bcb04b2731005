// SPDX-License-Identifier: Apache-2.0
#include "api/assets.hpp"

#include <algorithm>
#include <array>

#include "api/detail/embedded.hpp"

namespace stackscaler::api {
namespace {

constexpr std::string_view kNoDashboard =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Stackscaler</title></head><body>"
    "<h1>Stackscaler</h1><p>The dashboard was not built into this program: npm was not there at build time "
    "(scripts/build-web makes it). What it would show is in the API:</p><ul>"
    "<li><a href=\"/api/v1/policies\">/api/v1/policies</a></li>"
    "<li><a href=\"/api/v1/operations\">/api/v1/operations</a></li>"
    "<li><a href=\"/api/v1/controller\">/api/v1/controller</a></li>"
    "<li><a href=\"/metrics\">/metrics</a></li>"
    "<li><a href=\"/docs\">/docs</a></li></ul></body></html>\n";
constexpr std::string_view kNoDocs =
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Stackscaler API</title></head><body>"
    "<h1>Stackscaler API</h1><p>The interactive page was not built into this program: npm was not there at build time "
    "(scripts/build-web makes it). The API is described in <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI "
    "3.1).</p>"
    "</body></html>\n";

constexpr std::array kPlain{Asset{"/", "text/html; charset=utf-8", kNoDashboard, "\"plain-1\"", false, false},
                            Asset{"/docs", "text/html; charset=utf-8", kNoDocs, "\"plain-1\"", false, false}};

const Asset* find_in(std::span<const Asset> assets, std::string_view path) {
  const auto found = std::find_if(assets.begin(), assets.end(), [&](const Asset& one) { return one.path == path; });
  return found == assets.end() ? nullptr : &*found;
}

}  // namespace

const Asset* find_asset(std::string_view path) {
  const Asset* const built = find_in(detail::embedded_assets(), path);
  return built != nullptr ? built : find_in(kPlain, path);
}

std::string_view openapi_text() {
  return detail::embedded_openapi();
}

}  // namespace stackscaler::api
