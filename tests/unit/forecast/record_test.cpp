// SPDX-License-Identifier: Apache-2.0
#include "forecast/record.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/digest.hpp"

namespace stackscaler::forecast {
namespace {

using namespace std::chrono_literals;

Record sample() {
  return Record{"abc123", {90s, 4min}, Past{29'000'000, {1.5F, NAN, 0.0F, 7.25F}}};
}

std::string with_digest(const std::string& body) {
  return "stackscaler-forecast 1\nsha256 " + sha256_hex(body) + "\n" + body;
}

TEST(RecordTest, ReadsBackWhatWasWritten) {
  const auto back = decode(encode(sample()));

  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(back->basis, "abc123");
  EXPECT_EQ(back->boots, (std::vector<Duration>{90s, 4min}));
  EXPECT_EQ(back->past.first, 29'000'000);
  ASSERT_EQ(back->past.needs.size(), 4U);
  EXPECT_EQ(back->past.needs[0], 1.5F);
  EXPECT_TRUE(std::isnan(back->past.needs[1]));
  EXPECT_EQ(back->past.needs[3], 7.25F);
}

// The format is what files on disk hold: another one needs another version.
TEST(RecordTest, TheFormatIsAsDescribed) {
  const std::string body = std::string("basis b\nboots 1000\nfirst 7\nminutes 1\n") + std::string("\0\0\xc0\x3f", 4);

  EXPECT_EQ(encode(Record{"b", {1s}, Past{7, {1.5F}}}), with_digest(body));
}

TEST(RecordTest, AnEmptyRecordIsOne) {
  const auto back = decode(encode(Record{}));

  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(back->past.needs.empty());
  EXPECT_TRUE(back->boots.empty());
}

TEST(RecordTest, AnyCutAndAnyChangedByteIsFound) {
  const std::string bytes = encode(sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    EXPECT_FALSE(decode(std::string_view(bytes).substr(0, i))) << i;
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    EXPECT_FALSE(decode(changed)) << i;
  }
  EXPECT_FALSE(decode(bytes + "x"));
}

TEST(RecordTest, SaysWhatIsWrong) {
  const auto message = [](const std::string& bytes) {
    const auto out = decode(bytes);
    return out ? std::string("none") : out.error().message();
  };
  const std::string nan = std::string("\0\0\xc0\xbf", 4);  // -1.5

  EXPECT_EQ(message("hello"), "not the record of a forecast");
  EXPECT_EQ(message("stackscaler-forecast 9\n"), "of version 9, and this program knows 1");
  EXPECT_EQ(message("stackscaler-forecast 1\nsha256 00\n"), "damaged: its checksum is another one");
  EXPECT_EQ(message(with_digest("basis b\n")), "damaged: its head is not complete");
  EXPECT_EQ(message(with_digest("basis b\nboots x\nfirst 7\nminutes 0\n")), "damaged: its boot times are none");
  EXPECT_EQ(message(with_digest("basis b\nboots \nfirst -7\nminutes 0\n")), "damaged: its first minute is none");
  EXPECT_EQ(message(with_digest("basis b\nboots \nfirst 9000000000000000000\nminutes 0\n")),
            "damaged: its first minute is none");
  EXPECT_EQ(message(with_digest("basis b\nboots \nfirst 7\nminutes 200000\n")),
            "damaged: its number of minutes is none");
  EXPECT_EQ(message(with_digest("basis b\nboots \nfirst 7\nminutes 2\nabcd")),
            "damaged: its length is not what its head says");
  EXPECT_EQ(message(with_digest("basis b\nboots \nfirst 7\nminutes 1\n" + nan)),
            "damaged: a need in it is not a number of instances");
  EXPECT_EQ(message(std::string(kMaxRecordBytes + 1, 'x')), "too large for the record of a forecast");
}

TEST(RecordTest, AllMinutesOfNinetyDaysFit) {
  Record record = sample();
  record.past.needs.assign(90 * 1440 + 30, 3.0F);

  EXPECT_LE(encode(record).size(), kMaxRecordBytes);
  EXPECT_TRUE(decode(encode(record)));
}

}  // namespace
}  // namespace stackscaler::forecast
