// SPDX-License-Identifier: Apache-2.0
#include "policy/status_yaml.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "policy/detail/tree.hpp"
#include "policy/parse.hpp"

namespace stackscaler::policy {
namespace {

using detail::Document;
using detail::Node;
using detail::Stream;

constexpr std::string_view kStatus = "status";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorKind::conflict, "the status can't be written into the document: " + std::move(why));
}

// A line's bytes, its end included.
struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view text;  // without the line's end and, on the first line, without the byte order mark
};

std::vector<Line> split(std::string_view text) {
  std::vector<Line> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = text.find('\n', at);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (at == 0 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
    out.push_back({at, end, line});
    at = end;
  }
  return out;
}

bool is_blank_or_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t\r");
  return first == std::string_view::npos || line[first] == '#';
}

// One way to edit: [begin, end) of the text is replaced by the block, the block's first line by `head`.
struct Edit {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string head;
};

// Where the document's lines are: from its first key to the marker or the end of the text.
struct Extent {
  std::size_t first = 0;  // line of the first key
  std::size_t end = 0;    // line after the last
};

Extent extent_of(const std::vector<Line>& lines, std::size_t first) {
  Extent out{first, first + 1};
  while (out.end < lines.size() && !detail::is_marker(lines[out.end].text, "---") &&
         !detail::is_marker(lines[out.end].text, "...")) {
    ++out.end;
  }
  return out;
}

// The line after the last that is neither blank nor a comment, looking back from `end`, not before `from`.
std::size_t after_content(const std::vector<Line>& lines, std::size_t from, std::size_t end) {
  while (end > from && is_blank_or_comment(lines[end - 1].text)) --end;
  return end;
}

// What follows `status` and its colon on the key's line; nothing if the line is not of that shape.
std::optional<std::string_view> rest_of_key_line(std::string_view line) {
  for (const std::string_view key : {"status", "\"status\"", "'status'"}) {
    if (!line.starts_with(key)) continue;
    std::string_view rest = line.substr(key.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    if (!rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    if (rest.empty() || rest.front() == ' ' || rest.front() == '\t') return rest;
  }
  return std::nullopt;
}

// The first line of the new block, so that a comment on the old one stays.
std::string head_line(std::string_view line, const Node& value, bool single_line) {
  const std::string_view rest = *rest_of_key_line(line);
  if (is_blank_or_comment(rest)) return std::string(line);
  if (!single_line) return std::string(kStatus) + ":";
  for (std::size_t at = line.find(" #"); at != std::string_view::npos; at = line.find(" #", at + 1)) {
    const Stream cut = detail::read_stream(line.substr(0, at));
    if (!cut.problems.empty() || cut.documents.size() != 1 || !cut.documents[0].root) continue;
    const Node* same_value = detail::find(*cut.documents[0].root, kStatus);
    if (same_value != nullptr && detail::same(*same_value, value)) {
      return std::string(kStatus) + ":" + std::string(line.substr(at));
    }
  }
  return std::string(kStatus) + ":";
}

Result<std::vector<Edit>> plan_edits(std::string_view text, const std::vector<Line>& lines, const Node& root) {
  for (const detail::Entry& entry : root.entries) {
    if (entry.key->at.column != 1 || entry.key->at.line > lines.size()) {
      return refuse("its keys don't start at the beginning of a line");
    }
  }
  const Extent extent = extent_of(lines, root.entries.front().key->at.line - 1);
  const auto offset = [&](std::size_t line) { return line < lines.size() ? lines[line].begin : text.size(); };
  const auto is_status = [](const detail::Entry& entry) { return entry.key->text == kStatus; };
  const auto found = std::find_if(root.entries.begin(), root.entries.end(), is_status);
  std::vector<Edit> out;
  if (found == root.entries.end()) {
    const std::string head = std::string(kStatus) + ":";
    out.push_back({offset(after_content(lines, extent.first, extent.end)), 0, head});
    out.push_back({offset(extent.end), 0, head});  // a block scalar may own what looks like a comment
    for (Edit& edit : out) edit.end = edit.begin;
    return out;
  }
  const std::size_t key_line = found->key->at.line - 1;
  if (!rest_of_key_line(lines[key_line].text)) return refuse("its status key is written in an unusual way");
  const auto next = std::next(found);
  const std::size_t limit = next == root.entries.end() ? extent.end : next->key->at.line - 1;
  const std::size_t end = after_content(lines, key_line + 1, limit);
  const std::string head = head_line(lines[key_line].text, *found->value, end == key_line + 1);
  const std::size_t begin =
      key_line == 0 && text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : lines[key_line].begin;
  out.push_back({begin, offset(end), head});
  return out;
}

// The block with the file's line ends and the edit's first line, fitted to what is before and after.
std::string apply(std::string_view text, const Edit& edit, std::string_view block, std::string_view line_end) {
  const std::string_view before = text.substr(0, edit.begin);
  const std::string_view after = text.substr(edit.end);
  const std::string_view replaced = text.substr(edit.begin, edit.end - edit.begin);
  std::string out(before);
  if (!out.empty() && !out.ends_with('\n') && before != kByteOrderMark) out += line_end;
  out += edit.head;
  const std::vector<Line> block_lines = split(block);
  for (std::size_t i = 1; i < block_lines.size(); ++i) out.append(line_end).append(block_lines[i].text);
  while (out.ends_with('\n') || out.ends_with('\r')) out.pop_back();
  // A file without a final newline keeps that.
  const bool last = after.empty();
  const std::string_view final_source = replaced.empty() ? before : replaced;
  if (!last || final_source.empty() || final_source.ends_with('\n')) out += line_end;
  return out.append(after);
}

// Documents but for the one edited are equal; that one is equal but for `status`, which is `wanted`.
bool only_status_changed(const Stream& before, const Stream& after, std::size_t index, const Node& wanted) {
  if (before.documents.size() != after.documents.size() || before.problems.size() != after.problems.size())
    return false;
  for (std::size_t i = 0; i < before.problems.size(); ++i) {
    if (before.problems[i].message != after.problems[i].message) return false;
  }
  for (std::size_t i = 0; i < before.documents.size(); ++i) {
    const Document& a = before.documents[i];
    const Document& b = after.documents[i];
    if (a.index != b.index || !a.root != !b.root || a.problems.size() != b.problems.size()) return false;
    if (!a.root) continue;
    if (a.index != index) {
      if (!detail::same(*a.root, *b.root)) return false;
      continue;
    }
    Node left = *a.root;
    Node right = *b.root;
    const Node* written = detail::find(right, kStatus);
    if (written == nullptr || !detail::same(*written, wanted)) return false;
    const auto is_status = [](const detail::Entry& entry) { return entry.key->text == kStatus; };
    std::erase_if(left.entries, is_status);
    std::erase_if(right.entries, is_status);
    if (!detail::same(left, right)) return false;
  }
  return true;
}

}  // namespace

Result<std::string> replace_status(std::string_view text, std::size_t index, std::string_view status_block) {
  const Stream block = detail::read_stream(status_block);
  const bool one = block.problems.empty() && block.documents.size() == 1 && block.documents[0].root;
  const Node* wanted = one ? detail::find(*block.documents[0].root, kStatus) : nullptr;
  if (wanted == nullptr || block.documents[0].root->entries.size() != 1 || !status_block.starts_with("status:\n")) {
    return fail(ErrorKind::internal, "a status block must be one 'status:' mapping in block style");
  }
  const Stream before = detail::read_stream(text);
  const auto numbered = [&](const Document& document) { return document.index == index; };
  const auto document = std::find_if(before.documents.begin(), before.documents.end(), numbered);
  if (document == before.documents.end()) return refuse(fmt::format("there is no readable document {}", index + 1));
  if (!document->problems.empty() || !document->root) return refuse("the document has problems");
  const Node& root = *document->root;
  if (root.kind != Node::Kind::mapping || root.entries.empty()) return refuse("it is not a mapping");
  if (root.flow) return refuse("it is written in flow style: { … }");
  for (std::size_t at = text.find('\r'); at != std::string_view::npos; at = text.find('\r', at + 1)) {
    if (at + 1 >= text.size() || text[at + 1] != '\n') return refuse("the file has carriage returns that end no line");
  }

  const std::vector<Line> lines = split(text);
  const auto edits = plan_edits(text, lines, root);
  if (!edits) return fail(edits.error());
  const std::size_t first_newline = text.find('\n');
  const bool dos = first_newline != std::string_view::npos && first_newline > 0 && text[first_newline - 1] == '\r';
  for (const Edit& edit : *edits) {
    std::string edited = apply(text, edit, status_block, dos ? "\r\n" : "\n");
    if (edited.size() > kMaxPolicyFileBytes) return refuse("the file would be larger than what is read");
    if (only_status_changed(before, detail::read_stream(edited), index, *wanted)) return edited;
  }
  return refuse("the rest of the file would not read the same afterwards");
}

}  // namespace stackscaler::policy
