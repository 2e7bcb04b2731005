// SPDX-License-Identifier: Apache-2.0
#include "controller/config_file.hpp"

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "controller/settings.hpp"

namespace stackscaler::controller {
namespace {

std::string at(std::string_view name, const YAML::Mark& mark, std::string_view message) {
  return fmt::format("{}:{}:{}: {}", name, mark.line + 1, mark.column + 1, message);
}

bool known(std::string_view key) {
  const auto all = settings();
  return std::any_of(all.begin(), all.end(), [&](const Setting& s) { return s.name == key; });
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

std::map<std::string, std::string> parse_config_file(std::string_view text, std::string_view name,
                                                     std::vector<std::string>& problems) {
  std::map<std::string, std::string> out;
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull()) return out;
    if (!root.IsMap()) {
      problems.push_back(at(name, root.Mark(), "the configuration is a mapping of setting names, e.g. 'enable: true'"));
      return out;
    }
    for (const auto& entry : root) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (!known(key)) {
        problems.push_back(at(name, entry.first.Mark(), "unknown setting '" + key + "'; see stackscaler run --help"));
      } else if (!entry.second.IsScalar()) {
        problems.push_back(at(name, entry.second.Mark(), key + " takes one value"));
      } else if (!out.emplace(key, entry.second.Scalar()).second) {
        problems.push_back(at(name, entry.first.Mark(), key + " is set twice"));
      }
    }
  } catch (const YAML::Exception& e) {
    problems.push_back(at(name, e.mark, e.msg));
  }
  return out;
}

std::map<std::string, std::string> parse_env_file(std::string_view text, std::string_view name,
                                                  std::vector<std::string>& problems) {
  std::map<std::string, std::string> out;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const std::size_t equals = line.find('=');
    const std::string_view key = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(key)) {
      // The line itself may hold a secret: only its place is said.
      problems.push_back(fmt::format("{}:{}:1: this is not a KEY=value line", name, number));
      continue;
    }
    std::string_view value = trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    out[std::string(key)] = value;
  }
  return out;
}

}  // namespace stackscaler::controller
