// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.hpp"

namespace stackscaler {
namespace {

TEST(FilesTest, ReplacesAtomicallyAndKeepsTheAskedMode) {
  const test::TempDir dir;
  const auto path = dir / "a.json";

  ASSERT_TRUE(write_file_atomic(path, "one", 0600));
  ASSERT_TRUE(write_file_atomic(path, "two", 0600));

  EXPECT_EQ(read_file(path, 100).value(), "two");
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(path).permissions()), 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(FilesTest, SaysWhatIsWrong) {
  const test::TempDir dir;
  ASSERT_TRUE(write_file_atomic(dir / "big", std::string(50, 'x'), 0600));
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);

  EXPECT_EQ(read_file(dir / "none", 10).error().kind(), ErrorKind::not_found);
  EXPECT_EQ(read_file(dir / "big", 10).error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(read_file(dir / "fifo", 10).error().kind(), ErrorKind::invalid_input);
  EXPECT_FALSE(write_file_atomic(dir / "no" / "such", "x", 0600));
}

}  // namespace
}  // namespace stackscaler
