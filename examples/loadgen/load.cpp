// SPDX-License-Identifier: Apache-2.0
#include "load.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/files.hpp"

namespace stackscaler::loadgen {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kStateLimit = std::size_t{64} << 20U;

std::string text(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string address(const Json& resource) {
  const std::string module = text(resource, "module");
  return (module.empty() ? "" : module + ".") + text(resource, "type") + "." + text(resource, "name");
}

std::string label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    c == '\n' ? out += "\\n" : out += c;
  }
  return out;
}

}  // namespace

double load_at(const Wave& wave, Duration elapsed) {
  const double turn = static_cast<double>(elapsed.count()) / static_cast<double>(wave.period.count());
  return wave.low + (wave.high - wave.low) * (1 - std::cos(2 * std::numbers::pi * turn)) / 2;
}

double cpu_percent(double load, int count) {
  return std::min(100.0, 100.0 * load / count);
}

Result<int> count_instances(std::string_view state, std::string_view resource) {
  const Json document = Json::parse(state, nullptr, /*allow_exceptions=*/false);
  const auto bad = [] { return fail(ErrorKind::invalid_input, "not a Terraform state of format 4"); };
  if (!document.is_object()) return bad();
  const auto version = document.find("version");
  const auto resources = document.find("resources");
  if (version == document.end() || *version != 4 || resources == document.end() || !resources->is_array()) return bad();
  int count = 0;
  for (const Json& one : *resources) {
    if (!one.is_object() || text(one, "mode") != "managed" || address(one) != resource) continue;
    const auto instances = one.find("instances");
    if (instances == one.end() || !instances->is_array()) return bad();
    for (const Json& instance : *instances) {
      if (instance.is_object() && !instance.contains("deposed")) ++count;
    }
  }
  return count;
}

Result<int> read_count(const std::filesystem::path& state, std::string_view resource) {
  const auto content = read_file(state, kStateLimit);
  if (!content) return fail(content.error());
  auto count = count_instances(*content, resource);
  if (!count) return fail(std::move(count).error().with_context(state.string()));
  return count;
}

std::string exposition(std::string_view stack, double load, std::optional<int> count) {
  const std::string name = label(stack);
  std::string out = "# HELP demo_load Load on the stack, in instance capacities.\n# TYPE demo_load gauge\n";
  out += fmt::format("demo_load{{stack=\"{}\"}} {}\n", name, load);
  if (!count) return out;
  out += "# HELP demo_instances Instances in the stack's Terraform state.\n# TYPE demo_instances gauge\n";
  out += fmt::format("demo_instances{{stack=\"{}\"}} {}\n", name, *count);
  if (*count == 0) return out;
  out += "# HELP demo_cpu_percent Processor use of one instance.\n# TYPE demo_cpu_percent gauge\n";
  const double cpu = cpu_percent(load, *count);
  for (int i = 0; i < *count; ++i) {
    out += fmt::format("demo_cpu_percent{{stack=\"{}\",index=\"{}\"}} {}\n", name, i, cpu);
  }
  return out;
}

}  // namespace stackscaler::loadgen
