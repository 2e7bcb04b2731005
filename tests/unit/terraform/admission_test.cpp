// SPDX-License-Identifier: Apache-2.0
#include "terraform/admission.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <list>

#include "async/task_group.hpp"
#include "policy/reasons.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::terraform {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1U << 20U;

asio::awaitable<std::optional<std::uint64_t>> say(const std::optional<std::uint64_t>* free) {
  co_return *free;
}

class AdmissionTest : public ::testing::Test {
 protected:
  // One who asks: it holds what it got until the test lets go of it.
  struct Guest {
    std::optional<Result<Admission::Ticket>> got;
    std::vector<std::string> told;
    [[nodiscard]] bool inside() const { return got && got->has_value(); }
    void leave() { (*got)->release(); }
  };

  void open(int most, std::uint64_t memory_per_run) {
    AdmissionLimits limits;
    limits.max_concurrent = most;
    limits.memory_per_run = memory_per_run;
    admission_.emplace(io_.get_executor(), clock_, limits, [this] { return say(&free_); });
  }
  static asio::awaitable<void> ask(Admission& admission, Guest& guest) {
    auto told = [&guest](const std::string& place) { guest.told.push_back(place); };
    guest.got.emplace(co_await admission.enter(std::move(told)));
  }
  Guest& guest() { return guests_.emplace_back(); }
  void come(Guest& guest) {
    group_.spawn("guest", ask(*admission_, guest));
    settle();
  }
  void settle() { clock_.advance(0ms); }
  // Ends every wait, so that nothing outlives the test.
  void TearDown() override {
    if (admission_) admission_->close();
    settle();
    test::run(io_, group_.join());
  }

  asio::io_context io_;
  test::FakeClock clock_{io_};
  test::MemoryLog log_;
  std::optional<std::uint64_t> free_ = 10'000 * kMiB;
  std::optional<Admission> admission_;
  std::list<Guest> guests_;
  TaskGroup group_{io_.get_executor(), log_};
};

TEST_F(AdmissionTest, LetsInSoManyAndTheOthersInTheOrderOfTheirAsking) {
  open(2, 0);
  Guest& a = guest();
  Guest& b = guest();
  Guest& c = guest();
  Guest& d = guest();
  for (Guest* guest : {&a, &b, &c, &d}) come(*guest);

  EXPECT_TRUE(a.inside());
  EXPECT_TRUE(b.inside());
  EXPECT_FALSE(c.inside());
  EXPECT_FALSE(d.inside());
  EXPECT_TRUE(a.told.empty());

  b.leave();
  settle();
  EXPECT_TRUE(c.inside());
  EXPECT_FALSE(d.inside());
  a.leave();
  settle();
  EXPECT_TRUE(d.inside());
  EXPECT_EQ(admission_->running(), 2U);
  EXPECT_EQ(admission_->waiting(), 0U);
}

TEST_F(AdmissionTest, TellsThePlaceWhenItChangesAndOnlyThen) {
  open(1, 0);
  Guest& a = guest();
  Guest& b = guest();
  Guest& c = guest();
  for (Guest* guest : {&a, &b, &c}) come(*guest);
  clock_.advance(1min);

  EXPECT_EQ(b.told, (std::vector<std::string>{"1st in the queue"}));
  EXPECT_EQ(c.told, (std::vector<std::string>{"2nd in the queue"}));
  a.leave();
  settle();
  EXPECT_EQ(c.told, (std::vector<std::string>{"2nd in the queue", "1st in the queue"}));
}

TEST_F(AdmissionTest, OneMayAlwaysRunHoweverLittleMemoryThereIs) {
  open(2, 700 * kMiB);
  free_ = 0;
  Guest& a = guest();
  Guest& b = guest();
  come(a);
  come(b);

  EXPECT_TRUE(a.inside());
  EXPECT_FALSE(b.inside());
  EXPECT_EQ(b.told, (std::vector<std::string>{"1st in the queue, waiting for memory"}));
  a.leave();
  settle();
  EXPECT_TRUE(b.inside());
}

TEST_F(AdmissionTest, MemoryIsLookedAtAgainEveryFewSeconds) {
  open(2, 700 * kMiB);
  Guest& a = guest();
  Guest& b = guest();
  come(a);
  clock_.advance(1min);  // grown to its size
  free_ = 699 * kMiB;
  come(b);
  EXPECT_FALSE(b.inside());

  free_ = 700 * kMiB;
  clock_.advance(2s);
  EXPECT_FALSE(b.inside());
  clock_.advance(1s);
  EXPECT_TRUE(b.inside());
}

TEST_F(AdmissionTest, ARunThatHasJustBegunKeepsItsShare) {
  open(3, 700 * kMiB);
  free_ = 1'000 * kMiB;
  Guest& a = guest();
  Guest& b = guest();
  come(a);
  come(b);
  EXPECT_FALSE(b.inside()) << "the first has not taken its memory yet";

  clock_.advance(30s);

  EXPECT_TRUE(b.inside());
}

TEST_F(AdmissionTest, NobodyOvertakesTheFirstWhoWaitsForMemory) {
  open(3, 700 * kMiB);
  free_ = 0;
  Guest& a = guest();
  Guest& b = guest();
  Guest& c = guest();
  for (Guest* guest : {&a, &b, &c}) come(*guest);

  EXPECT_EQ(c.told, (std::vector<std::string>{"2nd in the queue"}));
  free_ = 10'000 * kMiB;
  clock_.advance(3s);
  EXPECT_TRUE(b.inside());
  EXPECT_TRUE(c.inside());
}

TEST_F(AdmissionTest, UnknownMemoryHoldsNobodyBack) {
  open(2, 700 * kMiB);
  free_.reset();
  Guest& a = guest();
  Guest& b = guest();
  come(a);
  come(b);

  EXPECT_TRUE(b.inside());
}

TEST_F(AdmissionTest, CloseEndsEveryWaitAndNobodyEntersAfterIt) {
  open(1, 0);
  Guest& a = guest();
  Guest& b = guest();
  Guest& c = guest();
  come(a);
  come(b);

  admission_->close();
  settle();
  come(c);

  for (const Guest* guest : {&b, &c}) {
    ASSERT_TRUE(guest->got);
    ASSERT_FALSE(*guest->got);
    EXPECT_EQ(guest->got->error().reason(), policy::reason::kStopping);
  }
  EXPECT_TRUE(a.inside()) << "who runs is left alone";
}

TEST(OrdinalTest, IsEnglish) {
  const std::vector<std::pair<std::size_t, std::string>> all{{1, "1st"},   {2, "2nd"},     {3, "3rd"},    {4, "4th"},
                                                             {10, "10th"}, {11, "11th"},   {12, "12th"},  {13, "13th"},
                                                             {21, "21st"}, {112, "112th"}, {123, "123rd"}};
  for (const auto& [number, text] : all) EXPECT_EQ(ordinal(number), text);
}

class MemoryTest : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    const fs::path file = dir_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  [[nodiscard]] std::optional<std::uint64_t> available() const {
    return available_memory(dir_ / "proc", dir_ / "cgroup");
  }
  test::TempDir dir_;
};

TEST_F(MemoryTest, WithoutALimitIsWhatTheMachineHas) {
  write("proc/meminfo", "MemTotal:       99999 kB\nMemFree:    1 kB\nMemAvailable:   2048 kB\n");
  write("proc/self/cgroup", "0::/app.slice/web\n");
  write("cgroup/app.slice/web/memory.max", "max\n");
  write("cgroup/app.slice/web/memory.current", "123\n");

  EXPECT_EQ(available(), 2 * kMiB);
}

TEST_F(MemoryTest, TheTightestGroupAboveTheProcessCounts) {
  write("proc/meminfo", "MemAvailable:   1048576 kB\n");
  write("proc/self/cgroup", "1:name=systemd:/x\n0::/app.slice/web\n");
  write("cgroup/app.slice/web/memory.max", "900\n");
  write("cgroup/app.slice/web/memory.current", "100\n");
  write("cgroup/app.slice/memory.max", "1000\n");
  write("cgroup/app.slice/memory.current", "700\n");

  EXPECT_EQ(available(), 300U);
}

TEST_F(MemoryTest, FileCacheThatIsNotInUseIsFree) {
  write("proc/self/cgroup", "0::/\n");
  write("cgroup/memory.max", "1000\n");
  write("cgroup/memory.current", "1000\n");
  write("cgroup/memory.stat", "anon 100\nfile 800\ninactive_file 600\nactive_file 200\n");

  EXPECT_EQ(available(), 600U);
}

TEST_F(MemoryTest, AGroupOverItsLimitHasNothingLeftAndNothingReadableIsUnknown) {
  EXPECT_EQ(available(), std::nullopt);
  write("proc/self/cgroup", "0::/web\n");
  write("cgroup/web/memory.max", "1000\n");
  write("cgroup/web/memory.current", "1100\n");

  EXPECT_EQ(available(), 0U);
}

TEST_F(MemoryTest, ThisMachineTellsIt) {
  EXPECT_GT(available_memory().value_or(0), 0U);
}

}  // namespace
}  // namespace stackscaler::terraform
