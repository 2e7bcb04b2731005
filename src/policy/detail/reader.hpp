// SPDX-License-Identifier: Apache-2.0
//
// Reads fields out of a node tree and collects every problem with its path and position.
//
// A read_… function returns where the value stands, or nothing when the field is absent or wrong; what is wrong has
// been said by then, and `out` keeps its default. A field that is present without a value is wrong, not absent.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "policy/detail/tree.hpp"
#include "policy/types.hpp"

namespace stackscaler::policy::detail {

class Problems {
 public:
  void add(Place at, std::string message, Rule rule = Rule::current()) { say(all_, at, std::move(message), rule); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] std::vector<Diagnostic> take() { return std::move(all_); }

 private:
  std::vector<Diagnostic> all_;
};

// One mapping being read. `node` and `problems` must outlive it.
class Fields {
 public:
  Fields(const Node& node, std::string path, Problems& problems)
      : node_(node), path_(std::move(path)), problems_(problems) {}

  // The field's value, or nullptr when absent; the name is known from now on.
  [[nodiscard]] const Node* get(std::string_view name);
  // Says every field that nobody asked for. Call it last.
  void finish(Rule rule = Rule::current()) const;

  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] Place at() const { return node_.at; }
  [[nodiscard]] bool has(std::string_view name) const { return find(node_, name) != nullptr; }
  // "spec.bounds.min" + " " + `rest`.
  void problem(Place at, std::string_view name, std::string_view rest, Rule rule = Rule::current()) const;
  // The same for a field that is absent.
  void missing(std::string_view name, std::string_view rest, Rule rule = Rule::current()) const;
  [[nodiscard]] Problems& problems() const { return problems_; }

 private:
  const Node& node_;
  std::string path_;
  Problems& problems_;
  std::vector<std::string_view> known_;
};

using Found = std::optional<Place>;

// What the node is, in words: "a list", "the number 5", "'yes'".
[[nodiscard]] std::string describe(const Node& node);

[[nodiscard]] std::optional<Fields> read_mapping(Fields& fields, std::string_view name, Rule rule = Rule::current());
[[nodiscard]] const Node* read_list(Fields& fields, std::string_view name, Rule rule = Rule::current());
// Calls `each` for the mappings of a list of at most `limit` entries; the name of the entry is part of its path.
void read_mappings(Fields& fields, std::string_view name, std::size_t limit,
                   const std::function<void(Fields& entry)>& each, Rule rule = Rule::current());
// A list of at most 64 different strings that pass `accepts`.
void read_strings(Fields& fields, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                  std::vector<std::string>& out, Rule rule = Rule::current());
// A scalar of a list or a field as a string; `path` names it.
[[nodiscard]] bool string_value(const Node& node, std::string_view path, std::string_view want, Problems& problems,
                                Rule rule = Rule::current());
Found read_string(Fields& fields, std::string_view name, std::string_view want, std::string& out,
                  Rule rule = Rule::current());
// A string that must also pass `accepts`; `want` says what would be right.
Found read_checked(Fields& fields, std::string_view name, std::string_view want, bool (*accepts)(std::string_view),
                   std::string& out, Rule rule = Rule::current());
// One of a few words, in their exact spelling.
[[nodiscard]] std::optional<std::size_t> read_choice(Fields& fields, std::string_view name,
                                                     std::span<const std::string_view> words,
                                                     Rule rule = Rule::current());
template <class T, std::size_t N>
void read_word(Fields& fields, std::string_view name, const std::array<std::pair<std::string_view, T>, N>& words,
               T& out, Rule rule = Rule::current()) {
  std::array<std::string_view, N> names;
  for (std::size_t i = 0; i < N; ++i) names[i] = words[i].first;
  if (const auto chosen = read_choice(fields, name, names, rule)) out = words[*chosen].second;
}
// A number, or the same in quotes as Kubernetes writes quantities: 200, "200", "0.5". No suffixes.
Found read_quantity(Fields& fields, std::string_view name, double& out, Rule rule = Rule::current());
// `secrets_go`: where what must not stand in a URL goes, in words.
void read_url(Fields& fields, std::string_view name, std::string_view secrets_go, std::string& out,
              Rule rule = Rule::current());
Found read_bool(Fields& fields, std::string_view name, bool& out, Rule rule = Rule::current());
Found read_int(Fields& fields, std::string_view name, int min, int max, int& out, Rule rule = Rule::current());
Found read_number(Fields& fields, std::string_view name, double& out, Rule rule = Rule::current());
Found read_duration(Fields& fields, std::string_view name, Duration min, Duration max, Duration& out,
                    Rule rule = Rule::current());
Found read_step(Fields& fields, std::string_view name, Step& out, Rule rule = Rule::current());

}  // namespace stackscaler::policy::detail
