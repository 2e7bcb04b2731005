// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>

#include "policy/reasons.hpp"
#include "support/fake_journal.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/terraform_stack.hpp"
#include "terraform/driver.hpp"
#include "terraform/rehearsal.hpp"
#include "unit/controller/fakes.hpp"

namespace stackscaler {
namespace {

namespace reason = policy::reason;

// A driver over one stack `web` with one instance.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual ports::StackDriver& driver() = 0;
  boost::asio::io_context io;
};

class FakeSubject final : public Subject {
 public:
  FakeSubject() { driver_.count = 1; }
  ports::StackDriver& driver() override { return driver_; }

 private:
  test::FakeClock clock_{io};
  controller::FakeDriver driver_{clock_};
};

class RehearsalSubject final : public Subject {
 public:
  ports::StackDriver& driver() override { return driver_; }

 private:
  SystemClock clock_{io.get_executor()};
  Random random_{1};
  test::FakeJournal journal_;
  terraform::RehearsalDriver driver_{clock_, random_, journal_};
};

class TerraformSubject final : public Subject {
 public:
  TerraformSubject() {
    terraform::AdoptRequest request;
    request.folder = stack_.folder();
    request.id = "web";
    if (auto adopted = test::run(io, driver_.adopt(gate_.permit({ports::Origin::explicit_}).value(), request));
        !adopted) {
      throw std::runtime_error(adopted.error().message());
    }
  }
  ~TerraformSubject() override { pool_.join(); }
  ports::StackDriver& driver() override { return driver_; }

 private:
  terraform::DriverOptions options() {
    terraform::DriverOptions out;
    out.data = home_ / "data";
    return out;
  }
  test::TempDir home_;
  test::TerraformStack stack_{1};
  ports::Gate gate_{ports::GateSettings{}};
  BlockingPool pool_{2};
  SystemClock clock_{io.get_executor()};
  test::MemoryLog log_;
  Random random_{2};
  stack::Registry registry_{home_ / "stacks"};
  test::FakeJournal journal_;
  terraform::TerraformDriver driver_{io.get_executor(), pool_, clock_, log_, random_, registry_, journal_, options()};
};

struct Candidate {
  std::string name;
  std::function<std::unique_ptr<Subject>()> make;
  bool real = false;
};

class StackDriverContract : public testing::TestWithParam<Candidate> {
 protected:
  void SetUp() override {
    if (const std::string what = GetParam().real ? test::terraform_missing() : ""; !what.empty()) GTEST_SKIP() << what;
    subject_ = GetParam().make();
  }
  int count() { return test::run(subject_->io, subject_->driver().observe(web())).value().count; }
  Result<ports::ScaleReport> scale(ports::ScaleOrder order) {
    order.stack = web();
    return test::run(subject_->io,
                     subject_->driver().scale(permit_, std::move(order), [](const ports::OperationProgress&) {}));
  }
  static policy::StackRef web() {
    policy::StackRef ref;
    ref.id = "web";
    return ref;
  }
  static ports::ScaleOrder order(std::optional<int> from, int to) {
    ports::ScaleOrder out;
    out.from = from;
    out.to = to;
    return out;
  }

  std::unique_ptr<Subject> subject_;
  ports::Gate gate_{ports::GateSettings{.enabled = true}};
  ports::WritePermit permit_ = gate_.permit({ports::Origin::loop}).value();
};

TEST_P(StackDriverContract, AScaleIsSeenByTheNextObservation) {
  EXPECT_EQ(count(), 1);

  const auto report = scale(order(1, 2));

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->from, 1);
  EXPECT_EQ(report->count_after, 2);
  EXPECT_TRUE(report->changed);
  EXPECT_FALSE(report->operation_id.empty());
  EXPECT_EQ(count(), 2);
}

TEST_P(StackDriverContract, AnOrderForAnotherCountIsGivenBack) {
  const auto report = scale(order(5, 4));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kCountChanged);
  EXPECT_EQ(count(), 1);
}

TEST_P(StackDriverContract, AnOrderThatIsNoLongerWantedIsGivenBack) {
  ports::ScaleOrder unwanted = order(1, 2);
  unwanted.still_wanted = []() -> Result<void> { return fail(ErrorKind::conflict, reason::kPolicyChanged, "edited"); };

  const auto report = scale(std::move(unwanted));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kPolicyChanged);
  EXPECT_EQ(count(), 1);
}

TEST_P(StackDriverContract, AClosedGateChangesNothing) {
  gate_.close_for_stop();

  const auto report = scale(order(1, 2));

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStopping);
  EXPECT_EQ(count(), 1);
}

TEST_P(StackDriverContract, APlanChangesNothing) {
  const auto plan = test::run(subject_->io, subject_->driver().plan(web(), 3));

  ASSERT_TRUE(plan) << plan.error().message();
  EXPECT_EQ(plan->from, 1);
  EXPECT_EQ(plan->to, 3);
  EXPECT_TRUE(plan->refused.empty());
  EXPECT_EQ(count(), 1);
}

INSTANTIATE_TEST_SUITE_P(All, StackDriverContract,
                         testing::Values(Candidate{"fake", [] { return std::make_unique<FakeSubject>(); }},
                                         Candidate{"rehearsal", [] { return std::make_unique<RehearsalSubject>(); }},
                                         Candidate{"terraform", [] { return std::make_unique<TerraformSubject>(); },
                                                   true}),
                         [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace stackscaler
