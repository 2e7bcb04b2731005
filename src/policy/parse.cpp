// SPDX-License-Identifier: Apache-2.0
#include "policy/parse.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "policy/detail/decode.hpp"
#include "policy/detail/text.hpp"
#include "policy/detail/tree.hpp"

namespace stackscaler::policy {
namespace {

constexpr std::size_t kMaxProblems = 200;  // in one file; the rest is counted

// yaml-cpp counts columns in bytes; people and editors count characters.
void count_characters(std::string_view text, std::vector<Diagnostic>& sorted) {
  std::size_t line = 1;
  std::size_t start = text.starts_with("\xEF\xBB\xBF") ? 3 : 0;  // yaml-cpp counts from after a byte order mark
  for (Diagnostic& problem : sorted) {
    while (line < problem.line) {
      const std::size_t end = text.find('\n', start);
      if (end == std::string_view::npos) return;
      start = end + 1;
      ++line;
    }
    std::size_t characters = 0;
    const std::string_view before = text.substr(start, problem.column - 1);
    for (std::size_t i = 0; i < before.size(); ++characters) {
      i += std::max<std::size_t>(1, detail::utf8_length(before.substr(i)));
    }
    if (before.size() == problem.column - 1) problem.column = characters + 1;
  }
}

void order(std::string_view text, std::vector<Diagnostic>& problems) {
  std::sort(problems.begin(), problems.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.line, a.column, a.message) < std::tie(b.line, b.column, b.message);
  });
  if (problems.size() > kMaxProblems) {
    const std::size_t more = problems.size() - kMaxProblems;
    problems.resize(kMaxProblems);
    const Diagnostic& last = problems.back();
    detail::say(problems, {last.line, last.column}, fmt::format("and {} more problems", more));
  }
  count_characters(text, problems);
}

void append(std::vector<Diagnostic>& to, std::vector<Diagnostic> from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

std::size_t first_line_of(const detail::Node& root) {
  return root.entries.empty() ? root.at.line : root.entries.front().key->at.line;
}

}  // namespace

std::string Diagnostic::str(std::string_view file) const {
  return fmt::format("{}:{}:{}: {}", file, line, column, message);
}

ParsedFile parse_policies(std::string_view text, std::string_view file, const std::filesystem::path& folder,
                          const Defaults& defaults, Home home) {
  ParsedFile out;
  detail::Stream stream = detail::read_stream(text);
  out.problems = std::move(stream.problems);
  const detail::Where where{folder, home};
  std::map<PolicyKey, std::size_t> lines;
  for (detail::Document& document : stream.documents) {
    if (!document.root) {
      append(out.problems, std::move(document.problems));
      continue;
    }
    detail::Problems problems;
    const detail::DocumentKind kind = detail::classify(*document.root, problems);
    if (kind == detail::DocumentKind::empty || kind == detail::DocumentKind::foreign) continue;
    ParsedDocument parsed;
    if (kind == detail::DocumentKind::policy) {
      parsed.policy = detail::decode_policy(*document.root, where, defaults, problems);
      parsed.index = document.index;
      parsed.first_line = first_line_of(*document.root);
      parsed.policy.origin = document.index == 0 ? std::string(file) : fmt::format("{}#{}", file, document.index + 1);
    }
    const bool good = problems.size() == 0 && document.problems.empty() && kind == detail::DocumentKind::policy;
    append(out.problems, std::move(document.problems));
    append(out.problems, problems.take());
    if (!good) continue;
    const auto [first, fresh] = lines.emplace(parsed.policy.key, parsed.first_line);
    if (!fresh) {
      detail::say(out.problems, {parsed.first_line, 1},
                  fmt::format("the policy {} is already defined on line {}", parsed.policy.key.str(), first->second));
      continue;
    }
    out.policies.push_back(std::move(parsed));
  }
  order(text, out.problems);
  return out;
}

}  // namespace stackscaler::policy
