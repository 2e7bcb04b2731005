// SPDX-License-Identifier: Apache-2.0
//
// Each place that says a problem is switched off in turn, and some case of the corpus must then read differently: no
// rule is there that no case shows. This program compiles the component's sources with STK_POLICY_RULES (rule.hpp); the
// places are counted in the sources, so that one that no case reaches fails the test too.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "policy/detail/rule.hpp"
#include "policy/parse.hpp"
#include "unit/policy/corpus.hpp"

namespace stackscaler::policy::detail {
namespace {

// The file's name and the line, and the column for two on one line.
struct Place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  auto operator<=>(const Place&) const = default;
  [[nodiscard]] std::string str() const { return file + ":" + std::to_string(line); }
};

Place place_of(const Rule& rule) {
  const std::string file = rule.file_name();
  return {file.substr(file.rfind('/') + 1), rule.line(), rule.column()};
}

std::vector<Place> scopes;
std::optional<Place> off;
std::set<Place> seen;

}  // namespace

bool is_on(const Rule& rule) {
  std::vector<Place> all = scopes;
  all.push_back(place_of(rule));
  seen.insert(all.begin(), all.end());
  return !off || std::find(all.begin(), all.end(), *off) == all.end();
}

RuleScope::RuleScope(const Rule& rule) {
  scopes.push_back(place_of(rule));
}
RuleScope::~RuleScope() {
  scopes.pop_back();
}

namespace {

std::string reading_of(const std::string& name, const std::string& text) {
  const ParsedFile parsed = parse_policies(text, "in.yaml", "/policies", Defaults{}, corpus::home_of(name));
  std::string out;
  for (const Diagnostic& problem : parsed.problems) out += problem.str("in.yaml") + "\n";
  for (const ParsedDocument& document : parsed.policies) out += document.policy.spec_digest + "\n";
  return out;
}

struct Site {
  std::string file;
  unsigned first = 0;
  unsigned last = 0;
  std::string text;
};

// The line on which the parenthesis closes that opens at `at`.
unsigned end_of_call(const std::string& source, std::size_t at, unsigned line) {
  int depth = 0;
  bool quoted = false;
  for (; at < source.size(); ++at) {
    const char c = source[at];
    if (c == '\\') {
      ++at;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == '\n') {
      ++line;
    } else if (!quoted && c == '(') {
      ++depth;
    } else if (!quoted && c == ')' && --depth == 0) {
      return line;
    }
  }
  return line;
}

// Calls of what takes a Rule and is not handed one.
std::vector<Site> sites_in(const std::filesystem::path& path) {
  static const std::regex kCall(
      R"((^|[^\w:])(say|problem|missing|finish|give_up|failed|check_tag|string_value|problems(?:_|\(\))?\.add)"
      R"(|read_(?:mapping|list|mappings|strings|string|checked|bool|int|number|duration|step|word|quantity|url))\()");
  static const std::regex kDefinition(
      R"(^\s*(void|bool|Found|const Node\*|std::optional<Fields>|const auto) \w+( = \[&\])?\(.*)");
  const std::string source = corpus::slurp(path);
  std::vector<Site> out;
  std::size_t start = 0;
  for (unsigned line = 1; start < source.size(); ++line) {
    const std::size_t end = std::min(source.find('\n', start), source.size());
    const std::string text = source.substr(start, end - start);
    if (!std::regex_match(text, kDefinition)) {
      for (std::sregex_iterator call(text.begin(), text.end(), kCall), last; call != last; ++call) {
        const auto open = start + static_cast<std::size_t>(call->position() + call->length() - 1);
        const unsigned to = end_of_call(source, open, line);
        const std::string whole = source.substr(open, source.find(';', open) - open);
        if (whole.find(", rule)") == std::string::npos) out.push_back({path.filename().string(), line, to, text});
      }
    }
    start = end + 1;
  }
  return out;
}

std::vector<Site> all_sites() {
  std::vector<Site> out;
  const std::filesystem::path root = STK_POLICY_SOURCES;
  std::vector<std::filesystem::path> files{root / "parse.cpp"};
  for (const auto& entry : std::filesystem::directory_iterator(root / "detail")) {
    if (entry.path().extension() == ".cpp") files.push_back(entry.path());
  }
  for (const std::filesystem::path& file : files) {
    const auto more = sites_in(file);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

TEST(PolicyRules, EveryRuleIsShownByACaseThatDiffersWithoutIt) {
  std::map<std::string, std::string> expected;
  std::map<Place, std::vector<std::string>> shown_by;
  const auto cases = corpus::all();
  for (const auto& [name, text] : cases) {
    seen.clear();
    expected[name] = reading_of(name, text);
    for (const Place& place : seen) shown_by[place].push_back(name);
  }

  for (const auto& [place, names] : shown_by) {
    off = place;
    const bool differs = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return reading_of(name, cases.at(name)) != expected[name];
    });
    EXPECT_TRUE(differs) << place.str() << " can be switched off and no case notices";
  }
  off.reset();

  const auto sites = all_sites();
  EXPECT_GT(sites.size(), 100U);
  // What yaml-cpp might let through of the standard library's exceptions: no text is known that makes it.
  constexpr std::string_view kNoCase = "e.what()";
  for (const Site& site : sites) {
    if (site.text.find(kNoCase) != std::string::npos) continue;
    const bool shown = std::any_of(shown_by.begin(), shown_by.end(), [&](const auto& entry) {
      return entry.first.file == site.file && entry.first.line >= site.first && entry.first.line <= site.last;
    });
    EXPECT_TRUE(shown) << site.file << ":" << site.first << " is shown by no case:" << site.text;
  }
  RecordProperty("sites", static_cast<int>(sites.size()));
  RecordProperty("rules", static_cast<int>(shown_by.size()));
}

}  // namespace
}  // namespace stackscaler::policy::detail
