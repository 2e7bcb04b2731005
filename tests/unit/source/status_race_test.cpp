// SPDX-License-Identifier: Apache-2.0
//
// An editor in a process of its own and status writes, for hundreds of rounds on one file: no edit is lost, whatever
// way the editor saves and however the document is written.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <sstream>
#include <thread>

#include "source/detail/exchange.hpp"
#include "source_support.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;
using test::policy_text;
using test::put;
using test::put_over;
using test::slurp;

constexpr int kRounds = 500;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The policy in the ways in which people write files; each is marked with the number of its edit.
std::string style(std::uint_fast32_t which, int number) {
  const std::string mark = "# edit " + std::to_string(number) + "\n";
  const std::string plain = policy_text("web", 1 + number % 9);
  switch (which % 7) {
    case 0: return mark + plain;
    case 1: return replaced("\xEF\xBB\xBF" + mark + plain, "\n", "\r\n");
    case 2: return mark + policy_text("api") + "---\n" + plain + "...\n# the end\n";
    case 3: return mark + plain.substr(0, plain.size() - 1);
    case 4: return mark + replaced(plain, "{max: ", "&b  {\"max\":\t") + "\n\n# after\n";
    case 5:
      return mark + "---   # first\n" + replaced(plain, "kind: ScalingPolicy", "'kind':   \"ScalingPolicy\"  # q");
    default: return mark + plain + "\n---\n# another\napiVersion: v1\nkind: ConfigMap\ndata: {status: '1'}\n";
  }
}

// The text without the block that the status writes put there, and without a line end that they had to add.
std::string without_status(const std::string& text) {
  std::string out;
  bool inside = false;
  std::istringstream lines(replaced(text, "\r\n", "\n"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("status:")) {
      inside = true;
    } else if (!inside || !line.starts_with(" ")) {
      inside = false;
      out += line + "\n";
    }
  }
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

class Editor {
 public:
  int crossed = 0;

  explicit Editor(fs::path file) : file_(std::move(file)), engine_(20261124) {}

  // 0, or the number of the edit that was lost.
  int run() {
    for (int number = 1; number <= kRounds; ++number) {
      edit(number);
      if (engine_() % 3 == 0) continue;  // the next edit comes at once
      if (!arrives()) return number;
      std::this_thread::sleep_for(std::chrono::microseconds(engine_() % 3000));
      if (engine_() % 3 == 0) await_status();
    }
    return arrives() ? 0 : kRounds;
  }

 private:
  void edit(int number) {
    const std::string text = style(engine_(), number);
    switch (engine_() % 5) {
      case 0: put(file_, text); break;
      case 1: put_over(file_, text); break;
      case 2: return append("\n# edit " + std::to_string(number) + "\n");
      case 3: put_slowly(text); break;
      default: put_like_vim(text); break;
    }
    expected_ = text;
  }

  void append(const std::string& more) {
    const int fd = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0) return;
    // What was read before the open may be another file than what is appended to; an editor that appends takes that.
    if (::write(fd, more.data(), more.size()) == static_cast<ssize_t>(more.size())) expected_ += more;
    ::close(fd);
  }

  void put_slowly(const std::string& text) {
    std::ofstream out(file_, std::ios::binary | std::ios::trunc);
    out << text.substr(0, text.size() / 2) << std::flush;
    std::this_thread::sleep_for(std::chrono::microseconds(engine_() % 1500));
    out << text.substr(text.size() / 2);
  }

  void put_like_vim(const std::string& text) {
    const fs::path backup = file_.string() + "~";
    std::error_code ignored;
    fs::rename(file_, backup, ignored);
    put_slowly(text);
    fs::remove(backup, ignored);
  }

  // However slow the machine is, some edits come on top of a status.
  void await_status() const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < end && slurp(file_).find("\nstatus:") == std::string::npos) {
      std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
  }

  // For a moment of the exchange the file is not the editor's; it becomes so. Edits that cross within that moment are
  // both kept, one of them beside the file: then every mark is in one or the other.
  [[nodiscard]] bool arrives() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < end) {
      if (without_status(slurp(file_)) == without_status(expected_)) return true;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    std::string kept = slurp(file_);
    for (const auto& entry : fs::directory_iterator(file_.parent_path())) {
      if (entry.path().filename().string().starts_with(".stackscaler-")) kept += slurp(entry.path());
    }
    std::istringstream lines(replaced(expected_, "\r\n", "\n"));
    for (std::string line; std::getline(lines, line);) {
      const auto at = line.find("# edit ");
      if (at != std::string::npos && kept.find(line.substr(at)) == std::string::npos) {
        put(file_.string() + ".lost", expected_);
        return false;
      }
    }
    ++crossed;
    put_over(file_, expected_);
    return true;
  }

  fs::path file_;
  std::mt19937 engine_;
  std::string expected_;
};

TEST(Law7UnderConcurrentEdits, EachStyleHoldsAStatusAndKeepsItsBytes) {
  const test::TempDir dir;
  const std::string block = "status:\n  observedGeneration: 1\n  specDigest: abc\n";
  for (unsigned which = 0; which < 7; ++which) {
    SCOPED_TRACE(which);
    put(dir / "web.yaml", style(which, 1));

    const auto written = write_status_inline(dir / "web.yaml", {"default", "web"}, block, {}, {});

    ASSERT_TRUE(written) << written.error().message();
    EXPECT_NE(slurp(dir / "web.yaml"), style(which, 1));
    EXPECT_EQ(without_status(slurp(dir / "web.yaml")), without_status(style(which, 1)));
  }
}

TEST(Law7UnderConcurrentEdits, NoEditOfAnotherProcessIsLostInHundredsOfRounds) {
  const test::TempDir dir;
  const fs::path file = dir / "web.yaml";
  put(file, policy_text("web"));
  const int probe = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  const int reader = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  const bool leases = ::fcntl(reader, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
  ::close(probe);
  ::close(reader);
  if (!leases) GTEST_SKIP() << "this file system has no leases; run the tests with TMPDIR on ext4, xfs, btrfs or tmpfs";

  const pid_t editor = ::fork();
  ASSERT_GE(editor, 0);
  if (editor == 0) {
    Editor human(file);
    const int lost = human.run();
    put(dir / "lost", std::to_string(lost));
    put(dir / "crossed", std::to_string(human.crossed));
    ::_exit(0);
  }
  int written = 0;
  int refused = 0;
  int status = 0;
  while (::waitpid(editor, &status, WNOHANG) == 0) {
    const std::string block = "status:\n  observedGeneration: " + std::to_string(++written) + "\n  specDigest: abc\n";
    if (!write_status_inline(file, {"default", "web"}, block, {}, {})) ++refused;
  }

  EXPECT_EQ(slurp(dir / "lost"), "0") << "edit:\n" << slurp(file.string() + ".lost") << "file:\n" << slurp(file);
  EXPECT_GT(written - refused, kRounds / 10);
  RecordProperty("written", written - refused);
  RecordProperty("refused", refused);
  RecordProperty("crossed", slurp(dir / "crossed"));
  for (const auto& entry : fs::directory_iterator(dir.path())) {
    const std::string name = entry.path().filename().string();
    const bool kept = name.starts_with(".stackscaler-");
    EXPECT_TRUE(!kept || slurp(entry.path()).find("# edit ") != std::string::npos) << name;
  }
  const std::string last = "status:\n  observedGeneration: 0\n  specDigest: last\n";
  ASSERT_TRUE(write_status_inline(file, {"default", "web"}, last, {}, {}));
}

}  // namespace
}  // namespace stackscaler::source::detail
