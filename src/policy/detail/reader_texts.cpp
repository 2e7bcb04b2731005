// SPDX-License-Identifier: Apache-2.0
//
// Texts with a rule of their own, and lists.
#include <fmt/core.h>

#include <map>

#include "policy/detail/names.hpp"
#include "policy/detail/reader.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

constexpr std::size_t kMaxListed = 64;  // entries of a plain list

}  // namespace

Found read_checked(Fields& f, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                   std::string& out, Rule rule) {
  const RuleScope scope(rule);
  std::string text;
  const Found at = read_string(f, name, want, text);
  if (!at) return at;
  if (!accepts(text)) {
    f.problem(*at, name, fmt::format("must be {}, got \"{}\"", want, shorten(text, 60)));
    return std::nullopt;
  }
  out = std::move(text);
  return at;
}

void read_strings(Fields& f, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                  std::vector<std::string>& out, Rule rule) {
  const RuleScope scope(rule);
  const Node* list = read_list(f, name);
  if (list == nullptr) return;
  if (list->items.size() > kMaxListed) {
    f.problem(list->at, name, fmt::format("has {} entries; at most {} are allowed", list->items.size(), kMaxListed));
    return;
  }
  std::map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = *list->items[i];
    const std::string path = fmt::format("{}[{}]", f.path(name), i);
    if (!string_value(item, path, want, f.problems())) continue;
    if (!accepts(item.text)) {
      f.problems().add(item.at, fmt::format("{} must be {}, got \"{}\"", path, want, shorten(item.text, 60)));
    } else if (const auto [first, fresh] = seen.emplace(item.text, i); !fresh) {
      f.problems().add(item.at, fmt::format("{} is the same as {}[{}]", path, f.path(name), first->second));
    } else {
      out.push_back(item.text);
    }
  }
}

void read_mappings(Fields& f, std::string_view name, std::size_t limit, const std::function<void(Fields& entry)>& each,
                   Rule rule) {
  const RuleScope scope(rule);
  const Node* list = read_list(f, name);
  if (list == nullptr) return;
  if (list->items.size() > limit) {
    f.problem(list->at, name, fmt::format("has {} entries; at most {} are allowed", list->items.size(), limit));
    return;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& item = *list->items[i];
    const std::string path = fmt::format("{}[{}]", f.path(name), i);
    if (item.kind != Node::Kind::mapping) {
      f.problems().add(item.at, fmt::format("{} must be a mapping, got {}", path, describe(item)));
      continue;
    }
    Fields entry(item, path, f.problems());
    each(entry);
  }
}

std::optional<std::size_t> read_choice(Fields& f, std::string_view name, std::span<const std::string_view> words,
                                       Rule rule) {
  const RuleScope scope(rule);
  std::string listed;
  for (std::size_t i = 0; i < words.size(); ++i) {
    listed += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
  }
  std::string text;
  const Found at = read_string(f, name, listed, text);
  if (!at) return std::nullopt;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == text) return i;
  }
  f.problem(*at, name, fmt::format("must be {}, got \"{}\"", listed, shorten(text, 60)));
  return std::nullopt;
}

void read_url(Fields& f, std::string_view name, std::string_view secrets_go, std::string& out, Rule rule) {
  const RuleScope scope(rule);
  std::string url;
  const Found at = read_string(f, name, "an http:// or https:// URL", url);
  if (!at) return;
  // The text is not repeated: it may hold a secret.
  if (!is_http_url(url)) {
    f.problem(*at, name, fmt::format("must be an http:// or https:// URL without a user name ({})", secrets_go));
  } else {
    out = std::move(url);
  }
}

}  // namespace stackscaler::policy::detail
