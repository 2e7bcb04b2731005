// SPDX-License-Identifier: Apache-2.0
//
// Any value in any template: the first line is the value of `x`, the rest the template. What is rendered has the same
// code outside of strings, heredocs and comments as with the harmless value "v".
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "stack/template.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stackscaler::stack;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  nlohmann::json context;
  context["x"] = text.substr(0, line);
  const std::string body = line < text.size() ? text.substr(line + 1) : std::string();
  const std::string json = context.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const auto hostile = render_template("t", body, json);
  const auto harmless = render_template("t", body, R"({"x": "v"})");
  if (!hostile) return 0;
  if (!harmless) std::abort();
  const auto a = skeleton_of(hostile->text);
  const auto b = skeleton_of(harmless->text);
  if (!a || !b || *a != *b) std::abort();
  return 0;
}
