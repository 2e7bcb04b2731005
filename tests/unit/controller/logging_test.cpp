// SPDX-License-Identifier: Apache-2.0
#include "controller/logging.hpp"

#include <gtest/gtest.h>

namespace stackscaler::controller {
namespace {

const WallTime kTime = WallTime(std::chrono::milliseconds(1'764'000'000'123));

std::vector<LogField> reconciled() {
  return {kv("policy", "default/web"),
          kv("stack", "web"),
          kv("action", "scale_up"),
          kv("current", 1),
          kv("target", 2),
          LogField{"confidence", "0.85", true},
          kv("reason", "High"),
          kv("message", "cpu 81.3 is above 75")};
}

TEST(LoggingTest, TextHasTheAuditTrailsSentences) {
  EXPECT_EQ(format_line(LogFormat::text, kTime, LogLevel::info, "reconciled", reconciled()),
            "2025-11-24T16:00:00Z info  Stack web: Action=scale_up, Current=1, Target=2, Confidence=0.85 (High: cpu "
            "81.3 is above 75)");
  const std::vector<LogField> found{kv("stacks", 2)};
  EXPECT_EQ(format_line(LogFormat::text, kTime, LogLevel::info, "found", found),
            "2025-11-24T16:00:00Z info  Found 2 active stack(s)");
}

TEST(LoggingTest, LogfmtQuotesWhatNeedsIt) {
  const std::vector<LogField> fields{kv("a", "plain"), kv("b", "two words"), kv("c", "say \"hi\""), kv("d", "")};

  EXPECT_EQ(format_line(LogFormat::logfmt, kTime, LogLevel::warn, "a message", fields),
            "time=2025-11-24T16:00:00.123Z level=warn msg=\"a message\" a=plain b=\"two words\" c=\"say \\\"hi\\\"\" "
            "d=\"\"");
}

TEST(LoggingTest, JsonKeepsNumbersNumbers) {
  EXPECT_EQ(format_line(LogFormat::json, kTime, LogLevel::info, "reconciled", reconciled()),
            R"({"time":"2025-11-24T16:00:00.123Z","level":"info","msg":"reconciled","policy":"default/web",)"
            R"("stack":"web","action":"scale_up","current":1,"target":2,"confidence":0.85,"reason":"High",)"
            R"("message":"cpu 81.3 is above 75"})");
}

TEST(LoggingTest, NoOutsideTextCanForgeALine) {
  const std::vector<LogField> fields{kv("err", "bad\nlevel=info msg=\"all is well\""), kv("raw", "\xff\x1b[2J")};

  for (const LogFormat format : {LogFormat::text, LogFormat::logfmt, LogFormat::json}) {
    const std::string line = format_line(format, kTime, LogLevel::error, "x", fields);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x1b'), std::string::npos);
  }
}

}  // namespace
}  // namespace stackscaler::controller
