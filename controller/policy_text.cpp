// SPDX-License-Identifier: Apache-2.0
#include "controller/policy_text.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <vector>

#include "base/files.hpp"
#include "policy/parse.hpp"

namespace stackscaler::controller {
namespace {

constexpr std::string_view kHidden = "***";

// What is to be hidden: where it begins, and the scalar's value.
struct Place {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string value;
  bool url = false;
};

void add(std::vector<Place>& places, const YAML::Node& node, bool url) {
  if (!node || !node.IsScalar() || node.Scalar().empty()) return;
  places.push_back(Place{static_cast<std::size_t>(node.Mark().line), static_cast<std::size_t>(node.Mark().column),
                         node.Scalar(), url});
}

YAML::Node at(const YAML::Node& node, const char* name) {
  return node && node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined);
}

std::vector<Place> places_of(const YAML::Node& root) {
  std::vector<Place> out;
  const YAML::Node spec = at(root, "spec");
  const YAML::Node stack = at(spec, "stack");
  if (const YAML::Node env = at(stack, "env"); env && env.IsSequence()) {
    for (const YAML::Node& one : env) add(out, at(one, "value"), false);
  }
  const YAML::Node hooks = at(stack, "hooks");
  for (const char* name : {"preScaleIn", "postScaleOut"}) add(out, at(at(hooks, name), "webhook"), true);
  std::sort(out.begin(), out.end(),
            [](const Place& a, const Place& b) { return a.line != b.line ? a.line < b.line : a.column < b.column; });
  return out;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.emplace_back(text.substr(0, end == std::string_view::npos ? end : end + 1));
    text.remove_prefix(out.back().size());
  }
  return out;
}

// Where the scalar that begins there ends on its line; npos: it goes on behind it, or is a block.
std::size_t end_of_scalar(const std::string& line, std::size_t begin) {
  const char quote = line[begin];
  if (quote == '|' || quote == '>' || quote == '&' || quote == '*' || quote == '!') return std::string::npos;
  if (quote == '"' || quote == '\'') {
    for (std::size_t i = begin + 1; i < line.size(); ++i) {
      if (quote == '"' && line[i] == '\\') {
        ++i;
      } else if (line[i] == quote) {
        if (quote == '\'' && i + 1 < line.size() && line[i + 1] == quote) {
          ++i;
          continue;
        }
        return i + 1;
      }
    }
    return std::string::npos;
  }
  std::size_t end = begin;
  while (end < line.size() && line[end] != '\n' && line[end] != '\r' && line[end] != ',' && line[end] != '}' &&
         line[end] != ']' && !(line[end] == '#' && line[end - 1] == ' ')) {
    ++end;
  }
  while (end > begin && line[end - 1] == ' ') --end;
  return end;
}

// "https://hooks.example.com/T0/B1" -> "https://hooks.example.com/***"
std::string shown_url(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return std::string(kHidden);
  std::string authority = url.substr(0, url.find_first_of("/?#", host + 3));
  if (authority.find('@') != std::string::npos) return std::string(kHidden);
  return authority + "/" + std::string(kHidden);
}

// user:password@ in any URL of the text.
void hide_credentials(std::string& text) {
  for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    const std::size_t end = text.find_first_of("/?#\"' \t\r\n", at + 3);
    const std::size_t sign = text.rfind('@', end == std::string::npos ? end : end - 1);
    if (sign != std::string::npos && sign > at) text.replace(at + 3, sign - at - 3, kHidden);
  }
}

// The number of the document that a policy came from: "web.yaml#2" is the second.
std::string document_of(const std::string& text, std::size_t index) {
  std::vector<std::string> documents(1);
  bool content = false;
  for (const std::string& line : lines_of(text)) {
    const bool mark =
        line.starts_with("---") && (line.size() == 3 || line[3] == '\n' || line[3] == '\r' || line[3] == ' ');
    if (mark && content) documents.emplace_back();
    if (mark) {
      content = true;
      continue;
    }
    const std::size_t first = line.find_first_not_of(" \t\r\n");
    content = content || (first != std::string::npos && line[first] != '#');
    documents.back() += line;
  }
  return index < documents.size() ? documents[index] : std::string();
}

}  // namespace

std::optional<std::string> redact_policy(std::string_view document) {
  std::vector<Place> places;
  try {
    places = places_of(YAML::Load(std::string(document)));
  } catch (const YAML::Exception&) {
    return std::nullopt;
  }
  std::vector<std::string> lines = lines_of(document);
  // From the last to the first, so that places before stay where they are.
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    if (place->line >= lines.size() || place->column >= lines[place->line].size()) return std::nullopt;
    std::string& line = lines[place->line];
    const std::size_t end = end_of_scalar(line, place->column);
    if (end == std::string::npos) return std::nullopt;
    line.replace(place->column, end - place->column, place->url ? shown_url(place->value) : std::string(kHidden));
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  hide_credentials(out);
  // A comment may repeat what was hidden; a short value would be found in anything.
  for (const Place& place : places) {
    if (place.value.size() >= 6 && out.find(place.value) != std::string::npos) return std::nullopt;
  }
  return out;
}

PolicyText read_policy_text(const std::filesystem::path& file, const policy::PolicyKey& key, const std::string& digest,
                            const policy::Defaults& defaults) {
  PolicyText out;
  auto text = read_file(file, policy::kMaxPolicyFileBytes);
  if (!text) return out;
  const auto parsed = policy::parse_policies(*text, file.filename().string(), file.parent_path(), defaults);
  for (const policy::ParsedDocument& document : parsed.policies) {
    if (document.policy.key != key) continue;
    out.is_loaded = document.policy.spec_digest == digest;
    out.yaml = redact_policy(document_of(*text, document.index));
    return out;
  }
  return out;
}

}  // namespace stackscaler::controller
