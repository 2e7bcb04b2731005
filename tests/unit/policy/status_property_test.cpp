// SPDX-License-Identifier: Apache-2.0
//
// Thousands of generated files: whatever a person writes around `status`, replacing it costs none of their bytes.
// The generator knows where it put the status block; that knowledge, not the code under test, is the oracle.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "policy/detail/tree.hpp"
#include "policy/status_yaml.hpp"

namespace stackscaler::policy {
namespace {

constexpr std::string_view kBlock =
    "status:\n  observedGeneration: 7\n  specDigest: \"0a\"\n  conditions:\n    - type: Ready\n      status: "
    "\"True\"\n";

class Generator {
 public:
  explicit Generator(unsigned seed) : engine_(seed) {}

  struct File {
    std::string text;
    std::size_t index = 0;             // of the document to edit
    std::optional<std::size_t> begin;  // of its status block, when it has one
    std::size_t end = 0;
    std::string head = "status:";  // the new block's first line
  };

  File make() {
    File file;
    const std::size_t documents = 1 + pick(3);
    file.index = pick(documents);
    if (chance(10)) file.text = "\xEF\xBB\xBF";
    if (chance(30)) file.text += "# Policies of the shop\n\n";
    for (std::size_t i = 0; i < documents; ++i) {
      if (i > 0 || chance(40)) file.text += separator(i > 0);
      document(file, i == file.index);
    }
    if (chance(20)) file.text += "...\n";
    if (chance(20)) file.text += "# the end\n";
    if (chance(25)) file.text.pop_back();
    if (chance(25)) to_dos(file);
    file.end = std::min(file.end, file.text.size());
    return file;
  }

 private:
  std::size_t pick(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_); }
  bool chance(int percent) { return pick(100) < static_cast<std::size_t>(percent); }
  template <std::size_t N>
  std::string one_of(const char* const (&choices)[N]) {
    return choices[pick(N)];
  }

  std::string separator(bool needed) {
    if (!needed) return one_of({"---\n", "--- # first\n", "%YAML 1.2\n---\n"});
    return one_of({"---\n", "...\n---\n", "--- # next\n", "---\n# about this one\n", "...\n# between\n---\n"});
  }

  // The lines of one root key that is not `status`; N in them is a number of its own.
  std::string other_key() {
    std::string text = one_of({
        "kN: 1\n",
        "kN: \"a: b # no comment\"\n",
        "'kN': 'it''s' # yes, a comment\n",
        "\"kN\": {status: 1, a: [x, y]}\n",
        "kN:\n  status: nested\n  b: 2\n",
        "kN:\n- status: 1\n- b\n",
        "kN:\n    # deep\n    a:\n        - 1\n\n        - 2\n",
        "kN: |\n  status:\n    x: 1\n\n  # status: 2\n",
        "kN: |+\n  text\n\n\n",
        "kN: >-\n  folded\n  status: 3\n",
        "kN: |2\n    indented\n  status: 1\n",
        "kN: \"over\n  status: 1\n  lines\"\n",
        "kN: plain\n  status is here\n",
        "kN: &aN {x: 1}\nuN: *aN\n",
        "kN: &aN\n  - 1\nuN: [*aN, *aN]\n",
        "kN: [1,\n  # inside\n  2]\n",
        "kN:\n",
        "kN:\t1\t# tabs\n",
        "kN: [1,\t2]\t\n",
        "kN: {a:\t1}\n",
        "kN: !!str 5\n",
        "statusN: 1\n",
        "kN: \xC3\xA9\xE2\x82\xAC # \xC3\xBC\n",
    });
    const std::string number = std::to_string(++counter_);
    for (std::size_t at = text.find('N'); at != std::string::npos; at = text.find('N', at)) {
      text.replace(at, 1, number);
    }
    return text;
  }

  std::string filler() {
    return one_of({"\n", "# status:\n", "#status: 1\n", "  # shifted\n", "\n# two\n\n", "# ---\n"});
  }

  void status(File& file) {
    struct Shape {
      const char* text;
      const char* head;
    };
    static constexpr Shape kShapes[] = {
        {"status:\n", "status:"},
        {"status: {}\n", "status:"},
        {"status:\t{}\n", "status:"},
        {"status:\t# by tab\n  a: 1\n", "status:\t# by tab"},
        {"status: ~\n", "status:"},
        {"'status': 1\n", "status:"},
        {"status: {a: '#1 #2'} # mine\n", "status: # mine"},
        {"status: # by hand\n  a: 1\n", "status: # by hand"},
        {"status:\n  a: 1\n  status:\n    status: 2\n", "status:"},
        {"status:\n- 1\n- 2\n", "status:"},
        {"status:\n\n  # inside\n  a: 1\n\n  b: |\n    text\n", "status:"},
        {"status: {a: 1,\n  b: 2}\n", "status:"},
        {"status: \"over\n\n  lines\"\n", "status:"},
        {"status:\n  observedGeneration: 6\n  specDigest: \"0b\"\n", "status:"},
    };
    const Shape& shape = kShapes[pick(std::size(kShapes))];
    file.begin = file.text.size();
    file.text += shape.text;
    file.end = file.text.size();
    file.head = shape.head;
  }

  void document(File& file, bool chosen) {
    const std::size_t keys = 1 + pick(5);
    const std::size_t place = chosen && chance(70) ? pick(keys + 1) : keys + 1;
    for (std::size_t i = 0; i <= keys; ++i) {
      if (i == place) status(file);
      if (i == place && chance(30)) file.text += filler();
      if (i == keys) break;
      file.text += other_key();
      if (chance(30)) file.text += filler();
    }
    if (!chosen && chance(30)) file.text += "status: {of: another}\n";
  }

  static void to_dos(File& file) {
    std::string out;
    const std::size_t begin = file.begin.value_or(0);
    std::size_t begin_shift = 0;
    std::size_t end_shift = 0;
    for (std::size_t i = 0; i < file.text.size(); ++i) {
      if (file.text[i] == '\n') {
        out += '\r';
        if (i < begin) ++begin_shift;
        if (i < file.end) ++end_shift;
      }
      out += file.text[i];
    }
    file.text = out;
    if (file.begin) *file.begin += begin_shift;
    file.end += end_shift;
  }

  std::mt19937 engine_;
  int counter_ = 0;
};

std::string with_line_ends(std::string_view block, bool dos) {
  std::string out;
  for (const char c : block) out += c == '\n' && dos ? "\r\n" : std::string(1, c);
  return out;
}

std::string without_last_newline(std::string text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

void expect_only_status_differs(const Generator::File& file, const std::string& edited) {
  const std::size_t newline = file.text.find('\n');
  const bool dos = newline != std::string::npos && newline > 0 && file.text[newline - 1] == '\r';
  const std::string eol = dos ? "\r\n" : "\n";
  if (file.begin) {
    std::string block = file.head + std::string(kBlock.substr(kBlock.find('\n')));
    block = with_line_ends(block, dos);
    const std::string old = file.text.substr(*file.begin, file.end - *file.begin);
    if (!old.ends_with('\n')) block = without_last_newline(block);
    EXPECT_EQ(edited, file.text.substr(0, *file.begin) + block + file.text.substr(file.end));
    return;
  }
  // Added: taking the block out again gives the file back.
  std::string rest = edited;
  const std::string block = with_line_ends(kBlock, dos);
  if (const auto at = edited.find(block); at != std::string::npos) {
    rest.erase(at, block.size());
    const bool completed = rest == file.text + eol;  // the block went behind a line that had no end
    EXPECT_TRUE(rest == file.text || completed) << edited;
  } else {
    EXPECT_EQ(edited, file.text + eol + without_last_newline(block));
  }
}

TEST(Law7TheUsersBytesAreTheUsers, ReplacingStatusCostsNoByteOfTheirs) {
  constexpr int kFiles = 6000;
  Generator generator(20261123);
  int refused = 0;

  for (int i = 0; i < kFiles; ++i) {
    const Generator::File file = generator.make();
    SCOPED_TRACE(testing::Message() << "file " << i << ", document " << file.index << ":\n" << file.text);
    const detail::Stream stream = detail::read_stream(file.text);
    ASSERT_TRUE(stream.problems.empty()) << stream.problems[0].str("generated");

    const auto edited = replace_status(file.text, file.index, kBlock);

    if (!edited) {
      ++refused;
      ASSERT_EQ(edited.error().kind(), ErrorKind::conflict);
      // The one good reason: the file's missing last newline is part of a block scalar.
      ASSERT_FALSE(file.text.ends_with('\n')) << edited.error().message();
      continue;
    }
    expect_only_status_differs(file, *edited);
    const auto again = replace_status(*edited, file.index, kBlock);
    ASSERT_TRUE(again) << again.error().message();
    ASSERT_EQ(*again, *edited);
    if (testing::Test::HasFailure()) return;
  }
  RecordProperty("refused", refused);
  EXPECT_LT(refused, kFiles / 50);
}

}  // namespace
}  // namespace stackscaler::policy
