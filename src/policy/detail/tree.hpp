// SPDX-License-Identifier: Apache-2.0
//
// A small YAML node tree that keeps what yaml-cpp's own nodes lose: positions of keys, order, duplicates, quoting.
//
// Built from yaml-cpp's events. Bounded: depth, nodes and bytes are counted with aliases expanded, so that an alias
// bomb costs nothing; aliases share their anchor's children. Never throws. Each part of the text between `---` lines is
// read by itself, so that a syntax error costs its own document only. Lines and columns count from 1, columns in bytes.
// Source of the grammar: YAML 1.2.2 (yaml.org/spec/1.2.2). `---` and `...` at the start of a line end every kind of
// scalar (production c-forbidden), which is what this rests on.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policy/detail/rule.hpp"
#include "policy/parse.hpp"

namespace stackscaler::policy::detail {

inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 50'000;           // in one text
inline constexpr std::size_t kMaxExpandedBytes = 4 << 20;  // of scalars, in one text

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

// Every problem of a document goes through here.
void say(std::vector<Diagnostic>& problems, Place at, std::string message, Rule rule = Rule::current());

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  NodePtr key;  // a scalar
  NodePtr value;
};

struct Node {
  enum class Kind { null, scalar, sequence, mapping };
  Kind kind = Kind::null;
  Place at;          // of an alias: where the alias stands
  std::string tag;   // as yaml-cpp gives it: "?" plain, "!" quoted or block, or a full tag
  std::string text;  // a scalar's
  bool plain = false;
  bool flow = false;
  std::vector<NodePtr> items;
  std::vector<Entry> entries;  // in order, without duplicates

  // With aliases expanded, this node included.
  std::size_t nodes = 1;
  std::size_t bytes = 0;
  std::size_t height = 1;
};

struct Document {
  NodePtr root;  // null when a limit was met: then `problems` says which
  std::size_t index = 0;
  Place start;
  std::vector<Diagnostic> problems;  // of YAML, not of the schema: duplicates, limits, tags
};

struct Stream {
  std::vector<Document> documents;
  std::vector<Diagnostic> problems;  // syntax errors; the document they are in is not among `documents`
};

[[nodiscard]] Stream read_stream(std::string_view text);

// Equal in kind, tag, text and order; positions and block or flow style don't count.
[[nodiscard]] bool same(const Node& a, const Node& b);

// The value of a mapping's key, or nullptr.
[[nodiscard]] const Node* find(const Node& mapping, std::string_view key);

// A line that starts with the marker ("---" or "...") and goes on with white space or ends.
[[nodiscard]] bool is_marker(std::string_view line, std::string_view marker);

}  // namespace stackscaler::policy::detail
