// SPDX-License-Identifier: Apache-2.0
//
// What `explain` says in the cases that people ask about: tests/golden/decisions/<case>/{policy.yaml,history.txt} gives
// exactly want.txt. UPDATE_GOLDEN=1 rewrites it.
//
// A line of history.txt: time of the day, instances, instances that report, metrics ("?": missing), and "applied" when
// what was decided there was carried out at once.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "advisor/rules.hpp"
#include "controller/decision_json.hpp"
#include "controller/history.hpp"
#include "policy/parse.hpp"

namespace stackscaler::controller {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Story {
 public:
  explicit Story(policy::ScalingPolicy policy) : policy_(std::move(policy)) {}

  // The explanation of one line.
  std::string tell(const std::string& line) {
    std::istringstream words(line);
    std::string time;
    decision::Observation observation;
    int reporting = 0;
    words >> time >> observation.current >> reporting;
    observation.reporting = reporting;
    bool applied = false;
    for (std::string word; words >> word;) {
      if (word == "applied") {
        applied = true;
      } else {
        observation.metrics.push_back(reading(word));
      }
    }
    const WallTime now = *parse_rfc3339("2026-11-24T" + time + "Z");
    const auto& spec = policy_.spec;
    if (history_.recommendations.empty()) {
      decision::remember(history_.recommendations, spec.behavior, observation.current, now);
    }
    const auto signals = decision::read_signals(spec, observation, history_, now);
    const auto decided =
        decision::decide(spec, observation, advisor::rules_advice(observation, signals), history_, now);
    if (decided.recommended) {
      decision::remember(history_.recommendations, spec.behavior, *decided.recommended, now);
    }
    if (applied) {
      decision::note_scaled(history_, spec.behavior, spec.behavior.warmup_or(std::nullopt), decided.from, decided.to,
                            now);
    }
    return explain(decided, now);
  }

 private:
  static decision::MetricReading reading(const std::string& word) {
    decision::MetricReading out;
    const std::size_t equals = word.find('=');
    out.name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (value == "?") {
      out.missing = "no data";
    } else {
      out.value = std::stod(value);
    }
    return out;
  }
  [[nodiscard]] std::string explain(const decision::Decision& decided, WallTime now) const {
    ports::DecisionRecord record = record_of(decided);
    record.time = record.seen = now;
    record.policy = policy_.key.str();
    record.stack = policy_.stack_label();
    record.detail = decision_detail_json(decided);
    return render_explanation(record, std::nullopt);
  }

  policy::ScalingPolicy policy_;
  decision::History history_;
};

std::vector<std::string> cases() {
  std::vector<std::string> out;
  for (const auto& entry : fs::directory_iterator(STK_GOLDEN_DECISIONS)) {
    if (entry.is_directory()) out.push_back(entry.path().filename().string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

class GoldenTrace : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTrace, SaysExactlyThis) {
  const fs::path folder = fs::path(STK_GOLDEN_DECISIONS) / GetParam();
  auto parsed = policy::parse_policies(slurp(folder / "policy.yaml"), "policy.yaml", folder.string(), {});
  ASSERT_EQ(parsed.policies.size(), 1U);
  Story story(std::move(parsed.policies[0].policy));

  std::string said;
  std::istringstream lines(slurp(folder / "history.txt"));
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    said += "> " + line + "\n" + story.tell(line) + "\n";
  }

  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(folder / "want.txt", std::ios::binary) << said;
  EXPECT_EQ(said, slurp(folder / "want.txt"));
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTrace, testing::ValuesIn(cases()), [](const auto& param) { return param.param; });

}  // namespace
}  // namespace stackscaler::controller
