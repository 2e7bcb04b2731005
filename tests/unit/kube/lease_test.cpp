// SPDX-License-Identifier: Apache-2.0
//
// Leader election with time that the test owns.
#include "kube/lease.hpp"

#include <gtest/gtest.h>

#include "unit/kube/harness.hpp"

namespace stackscaler::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::run;

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

const std::string kLease = "/apis/coordination.k8s.io/v1/namespaces/ns/leases/main";

// Time that jumps while nothing runs: a process that was paused.
class PausableClock final : public Clock {
 public:
  explicit PausableClock(Clock& inner) : inner_(inner) {}
  [[nodiscard]] WallTime wall_now() const override { return inner_.wall_now() + jump; }
  [[nodiscard]] SteadyTime steady_now() const override { return inner_.steady_now() + jump; }
  [[nodiscard]] asio::awaitable<Result<void>> sleep_until(SteadyTime until) override {
    return inner_.sleep_until(until - jump);
  }
  Duration jump{};

 private:
  Clock& inner_;
};

class Candidate final : public ElectionObserver {
 public:
  Candidate(test::Harness& harness, Clock& clock, const std::string& identity)
      : h(harness), group(h.io.get_executor(), h.log) {
    LeaseName name;
    name.namespace_ = "ns";
    name.name = "main";
    name.identity = identity;
    election.emplace(h.client, clock, h.random, h.log, name, LeaseTimes(), *this);
  }
  ~Candidate() override { h.stop(group); }
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;

  void start() { group.spawn("election", election->run()); }
  void stop() { h.stop(group); }
  void on_leading() override { ++leading; }
  void on_lost() override { ++lost; }
  void on_holder(const std::string& identity) override { holders.push_back(identity); }

  test::Harness& h;
  std::optional<LeaderElection> election;
  TaskGroup group;
  int leading = 0;
  int lost = 0;
  std::vector<std::string> holders;
};

class LeaseTest : public testing::Test {
 protected:
  Json spec() const { return h.api.objects().at(kLease)["spec"]; }
  int puts() const { return h.api.requests_of(http::Method::put, kLease); }
  // In steps shorter than a retry, with the answers of each step; false: it did not come to be so.
  Duration advance_until(const std::function<bool()>& so, Duration most) {
    Duration passed{};
    while (!so() && passed < most) {
      h.fake.advance(500ms);
      passed += 500ms;
      h.io.restart();
      h.io.run_for(2ms);
    }
    return passed;
  }

  test::Harness h{true};
};

TEST(LeaseTimesTest, MustLeaveTimeToRenewAndToNotice) {
  const auto with = [](Duration lease, Duration renew, Duration retry) {
    LeaseTimes times;
    times.lease = lease;
    times.renew = renew;
    times.retry = retry;
    return check(times);
  };

  EXPECT_TRUE(check(LeaseTimes()));
  EXPECT_SAYS(with(10s, 10s, 2s).error().message(), "longer than the renew deadline");
  EXPECT_SAYS(with(15s, 2400ms, 2s).error().message(), "longer than the retry period");
  EXPECT_SAYS(with(15s, 10s, 0s).error().message(), "more than zero");
  EXPECT_SAYS(with(15500ms, 10s, 2s).error().message(), "whole seconds");
}

TEST_F(LeaseTest, TheFirstTakesTheLeaseAndRenewsIt) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });
  const Json first = spec();

  advance_until([&] { return puts() >= 3; }, 20s);

  EXPECT_EQ(first["holderIdentity"], "a");
  EXPECT_EQ(first["leaseDurationSeconds"], 15);
  EXPECT_EQ(first["leaseTransitions"], 0);
  EXPECT_EQ(first["acquireTime"], "2026-01-05T10:00:00.000000Z");
  EXPECT_EQ(spec()["acquireTime"], first["acquireTime"]);
  EXPECT_NE(spec()["renewTime"], first["renewTime"]);
  EXPECT_GE(puts(), 3);
  EXPECT_EQ(a.leading, 1);
  EXPECT_EQ(a.lost, 0);
  EXPECT_EQ(a.holders, std::vector<std::string>(1, "a"));
}

TEST_F(LeaseTest, TheSecondWaitsWhileItIsRenewedAndTakesOverOneDurationAfterTheLastChangeItSaw) {
  Candidate a(h, h.clock, "a");
  Candidate b(h, h.clock, "b");
  a.start();
  h.until([&] { return a.election->is_leader(); });
  b.start();
  advance_until([] { return false; }, 60s);
  const int b_while_renewed = b.leading;

  a.stop();  // without giving it back
  const Duration took = advance_until([&] { return b.election->is_leader(); }, 60s);

  EXPECT_EQ(b_while_renewed, 0);
  EXPECT_EQ(b.leading, 1);
  EXPECT_GT(took, 15s - 2400ms - 500ms);
  EXPECT_LE(took, 15s + 2 * 2400ms + 1s);
  EXPECT_EQ(spec()["holderIdentity"], "b");
  EXPECT_EQ(spec()["leaseTransitions"], 1);
  EXPECT_EQ(b.holders, (std::vector<std::string>{"a", "b"}));
}

TEST_F(LeaseTest, AnotherMachinesWrongClockChangesNothing) {
  h.api.put(kLease, Json{{"spec",
                          {{"holderIdentity", "old"},
                           {"leaseDurationSeconds", 15},
                           {"renewTime", "1999-01-01T00:00:00.000000Z"},
                           {"leaseTransitions", 4}}}});
  Candidate a(h, h.clock, "a");
  a.start();

  const Duration took = advance_until([&] { return a.election->is_leader(); }, 60s);

  EXPECT_GE(took, 15s) << "the record has not been seen unchanged for its duration";
  EXPECT_EQ(spec()["leaseTransitions"], 5);
}

TEST_F(LeaseTest, AReleasedLeaseIsTakenAtOnce) {
  Candidate a(h, h.clock, "a");
  Candidate b(h, h.clock, "b");
  a.start();
  h.until([&] { return a.election->is_leader(); });
  b.start();
  advance_until([] { return false; }, 5s);

  a.stop();
  const auto released = run(h.io, a.election->release());
  const Json after = spec();
  const Duration took = advance_until([&] { return b.election->is_leader(); }, 60s);

  ASSERT_TRUE(released) << released.error().message();
  EXPECT_FALSE(after.contains("holderIdentity"));
  EXPECT_FALSE(a.election->is_leader());
  EXPECT_EQ(a.lost, 1);
  EXPECT_LE(took, 3s);
}

TEST_F(LeaseTest, ARenewalThatArrivesDuringTheReleaseIsNotInItsWay) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });
  a.stop();
  h.api.put(kLease, h.api.objects().at(kLease));  // another version of it

  const auto released = run(h.io, a.election->release());

  ASSERT_TRUE(released) << released.error().message();
  EXPECT_FALSE(spec().contains("holderIdentity"));
}

TEST_F(LeaseTest, WhatAnotherHasTakenMeanwhileIsNotGivenAway) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });
  a.stop();
  Json taken = h.api.objects().at(kLease);
  taken["spec"]["holderIdentity"] = "b";
  h.api.put(kLease, taken);

  const auto released = run(h.io, a.election->release());

  EXPECT_TRUE(released);
  EXPECT_EQ(spec()["holderIdentity"], "b");
}

TEST_F(LeaseTest, ALeaderThatCanNotRenewStopsAtTheRenewDeadline) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader() && h.fake.sleepers() == 1; });
  h.api.hold("/apis/coordination");

  h.fake.advance(9900ms);
  const bool before = a.election->is_leader();
  h.fake.advance(100ms);
  const bool after = a.election->is_leader();
  h.until([&] { return a.lost == 1; });
  h.api.release();
  advance_until([&] { return a.election->is_leader(); }, 30s);

  EXPECT_TRUE(before);
  EXPECT_FALSE(after);
  EXPECT_EQ(a.leading, 2) << "and takes it again when it can";
}

TEST_F(LeaseTest, APausedLeaderKnowsAtOnceOnWakingThatItMayNoLongerLead) {
  PausableClock clock(h.fake);
  Candidate a(h, clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader() && h.fake.sleepers() == 1; });
  const std::size_t asked = h.api.requests().size();

  clock.jump = 9900ms;
  const bool still = a.election->is_leader();
  clock.jump = 10s;
  const bool over = a.election->is_leader();

  EXPECT_TRUE(still);
  EXPECT_FALSE(over) << "before anything has run or been sent";
  EXPECT_EQ(h.api.requests().size(), asked);
  // Meanwhile somebody else has taken it: the woken one must not write over that.
  h.api.put(kLease, Json{{"spec", {{"holderIdentity", "b"}, {"leaseDurationSeconds", 15}, {"leaseTransitions", 1}}}});
  const int written = puts();
  advance_until([&] { return a.lost == 1 && a.election->holder() == "b"; }, 20s);
  EXPECT_EQ(a.lost, 1);
  EXPECT_EQ(puts(), written);
  EXPECT_EQ(spec()["holderIdentity"], "b");
}

TEST_F(LeaseTest, ALeaderWhoseLeaseSomebodyTookLosesWithoutWritingOverIt) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });

  h.api.put(kLease, Json{{"spec", {{"holderIdentity", "b"}, {"leaseDurationSeconds", 15}, {"leaseTransitions", 1}}}});
  advance_until([&] { return a.lost == 1; }, 9s);

  EXPECT_EQ(a.lost, 1);
  EXPECT_FALSE(a.election->is_leader());
  EXPECT_EQ(spec()["holderIdentity"], "b");
}

TEST_F(LeaseTest, ALeaseThatWasDeletedByHandIsMadeAgainAndKept) {
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });

  h.api.erase(kLease);
  advance_until([&] { return h.api.objects().contains(kLease); }, 9s);
  advance_until([] { return false; }, 20s);

  EXPECT_EQ(spec()["holderIdentity"], "a");
  EXPECT_EQ(a.lost, 0);
  EXPECT_TRUE(a.election->is_leader());
}

TEST_F(LeaseTest, LabelsAndForeignFieldsOfTheLeaseAreKept) {
  h.api.put(kLease,
            Json{{"metadata", {{"labels", {{"team", "x"}}}}}, {"spec", {{"strategy", "OldestEmulationVersion"}}}});
  Candidate a(h, h.clock, "a");
  a.start();
  h.until([&] { return a.election->is_leader(); });

  EXPECT_EQ(h.api.objects().at(kLease)["metadata"]["labels"]["team"], "x");
  EXPECT_EQ(spec()["strategy"], "OldestEmulationVersion");
}

}  // namespace
}  // namespace stackscaler::kube
