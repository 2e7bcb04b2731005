// SPDX-License-Identifier: Apache-2.0
//
// Terraform's state lock: who holds it, and the one case in which it is taken away.
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "policy/reasons.hpp"
#include "rig.hpp"
#include "support/http_backend.hpp"
#include "terraform/folder.hpp"
#include "terraform/state.hpp"
#include "terraform/state_lock.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Host;
using test::HttpBackend;
using test::lock_info;
using test::Rig;
using namespace std::chrono_literals;

// Each instance takes a second longer than the one before, so that the apply's stream goes on for a while.
constexpr const char* kSlow =
    "  provisioner \"local-exec\" {\n    command = \"sleep ${count.index == 0 ? 0 : count.index}\"\n  }\n";

class LockContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }

  static policy::StackRef releasing() {
    policy::StackRef stack = Host::ref("web");
    stack.release_stale_lock = true;
    return stack;
  }
  static Result<ports::ScaleReport> scale(Host& host, policy::StackRef stack, int to, ports::ProgressSink sink = {}) {
    ports::ScaleOrder order;
    order.stack = std::move(stack);
    order.to = to;
    order.requested_by = "test";
    return test::run(host.io, host.driver.scale(host.permit, std::move(order), std::move(sink)));
  }
  // An apply of ours that is killed when its lock has been recorded; the lock stays in the backend.
  void leave_a_lock(Rig& rig) {
    auto kill = [&](const ports::OperationProgress& progress) {
      const fs::path record = rig.home / "data" / "operations" / progress.id / "lock.json";
      if (progress.phase == "Applying" && fs::exists(record)) ::kill(rig.host.journal.writes.back().pid, SIGKILL);
    };
    // What the provisioners have started holds the stack's own lock for some seconds longer.
    const auto killed = scale(rig.host, releasing(), 8, kill);
    ASSERT_FALSE(killed);
    ASSERT_NE(backend_.lock(), "");
    ASSERT_NE(killed.error().message().find("killed by signal 9"), std::string::npos) << killed.error().message();
    for (int i = 0; i < 100 && !terraform::lock_stack(rig.home / "stacks" / "web"); ++i) {
      std::this_thread::sleep_for(200ms);
    }
  }

  HttpBackend backend_;
};

TEST_F(LockContract, AnothersLockIsNamedWithWhatToDoAndNeverTaken) {
  Rig rig(1, backend_.block() + counted_stack());
  const WallTime then = rig.host.clock.wall_now() - 12min;
  std::string created = format_rfc3339(then);
  backend_.put_lock(lock_info("35cc64a8-1111-2222-3333-444444444444", "ann@laptop", created));

  const auto report = scale(rig.host, releasing(), 2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStateLocked) << report.error().message();
  EXPECT_EQ(report.error().kind(), ErrorKind::conflict);
  const std::string& text = report.error().message();
  // The http backend tells the holder's id only; what S3 tells is in remote_test.cpp.
  EXPECT_NE(text.find("held by somebody unknown"), std::string::npos) << text;
  EXPECT_NE(text.find("force-unlock 35cc64a8-1111-2222-3333-444444444444"), std::string::npos) << text;
  EXPECT_NE(backend_.lock().find("ann@laptop"), std::string::npos) << "it is never taken away";
  EXPECT_EQ(rig.host.journal.phases(), "intended abandoned");
}

TEST_F(LockContract, TheLockOfADeadApplyOfOursIsReleasedAndTheWorkGoesOn) {
  Rig rig(1, backend_.block() + counted_stack(kSlow));
  leave_a_lock(rig);
  if (HasFatalFailure()) return;

  const auto healed = scale(rig.host, releasing(), 2);

  ASSERT_TRUE(healed) << healed.error().message();
  EXPECT_EQ(backend_.lock(), "");
  EXPECT_TRUE(rig.host.log.contains("the state lock of a dead apply of our own was released"));
  EXPECT_EQ(terraform::parse_state(backend_.state())->indexes("terraform_data.app").size(), 2U);
}

TEST_F(LockContract, WithoutThePolicysWordTheLockStays) {
  Rig rig(1, backend_.block() + counted_stack(kSlow));
  leave_a_lock(rig);
  if (HasFatalFailure()) return;

  const auto report = scale(rig.host, Host::ref("web"), 2);

  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().reason(), reason::kStateLocked);
  EXPECT_NE(backend_.lock(), "");
}

TEST_F(LockContract, AnyDoubtLeavesTheLock) {
  Rig rig(1, backend_.block() + counted_stack(kSlow));
  leave_a_lock(rig);
  if (HasFatalFailure()) return;
  const std::string ours = backend_.lock();
  const ports::OperationRecord dead = rig.host.journal.writes.back();
  const fs::path folder = rig.home / "data" / "operations" / dead.id;
  const auto proof = terraform::read_lock_record(folder).value();
  const auto refused = [&](const char* what) {
    const auto report = scale(rig.host, releasing(), 2);
    ASSERT_FALSE(report) << what;
    EXPECT_EQ(report.error().reason(), reason::kStateLocked) << what << ": " << report.error().message();
    EXPECT_NE(backend_.lock(), "") << what;
  };

  backend_.put_lock(lock_info("another-id", proof.who, proof.created));
  refused("another lock, taken by the same person on the same machine");
  backend_.put_lock(ours);

  terraform::LockRecord changed = proof;
  changed.holder.boot_id = "another-boot";
  ASSERT_TRUE(terraform::write_lock_record(folder, changed));
  refused("a record of before a restart of the machine");

  changed = proof;
  changed.holder.pid += 1;
  ASSERT_TRUE(terraform::write_lock_record(folder, changed));
  refused("a record of another process than the journal's");

  fs::remove(folder / "lock.json");
  refused("no record");
}

TEST_F(LockContract, AnApplyThatEndsWellLeavesNoLockAndItsResultIsTheSame) {
  Rig rig(1, backend_.block() + counted_stack(kSlow));

  const auto report = scale(rig.host, releasing(), 3);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 3);
  EXPECT_EQ(backend_.lock(), "");
  EXPECT_EQ(terraform::parse_state(backend_.state())->tainted("terraform_data.app").size(), 0U);
}

TEST_F(LockContract, TheWayToOurLockAsksOnlyWherePoliciesWantIt) {
  Rig rig(1, backend_.block() + counted_stack(kSlow));
  const auto locks = [&] {
    std::size_t count = 0;
    for (const std::string& request : backend_.requests()) count += request == "LOCK web" ? 1 : 0;
    return count;
  };
  const std::size_t before = locks();

  ASSERT_TRUE(scale(rig.host, Host::ref("web"), 2));

  EXPECT_EQ(locks() - before, 2U) << "one of the plan, one of the apply";
}

}  // namespace
}  // namespace stackscaler
