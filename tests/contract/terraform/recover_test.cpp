// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"
#include "terraform/process.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Host;
using namespace std::chrono_literals;

std::string slow(const std::string& seconds) {
  return "  provisioner \"local-exec\" {\n    command = \"sleep ${count.index == 0 ? 0 : " + seconds + "}\"\n  }\n";
}

// A stack whose controller is killed at a chosen moment of a scale, as by SIGKILL or a power cut of the program alone.
class RecoverContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }

  void adopt(const test::TerraformStack& stack) {
    Host host(home_ / "data", home_ / "stacks");
    terraform::AdoptRequest request;
    request.folder = stack.folder();
    request.id = "web";
    auto adopted = host.adopt(std::move(request));
    ASSERT_TRUE(adopted) << adopted.error().message();
  }

  // Runs a scale in a process of its own and kills that process when its progress says `phase`. Gives the last record
  // that was journalled by then.
  ports::OperationRecord crash(int to, const std::string& phase) {
    const std::string note = (home_ / "note").string();
    const pid_t child = ::fork();
    if (child == 0) {
      Host host(home_ / "data", home_ / "stacks");
      ports::ScaleOrder order;
      order.stack = Host::ref("web");
      order.to = to;
      order.reason = "AboveThreshold";
      auto die = [&](const ports::OperationProgress& progress) {
        if (progress.phase != phase) return;
        const ports::OperationRecord record =
            host.journal.writes.empty() ? ports::OperationRecord() : host.journal.writes.back();
        std::ofstream(note) << record.id << ' ' << record.pid << ' ' << record.pid_start << ' ' << record.from;
        ::kill(::getpid(), SIGKILL);
      };
      (void)test::run(host.io, host.driver.scale(host.permit, std::move(order), die));
      ::_exit(7);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status));
    ports::OperationRecord record;
    std::ifstream(note) >> record.id >> record.pid >> record.pid_start >> record.from;
    record.stack = "web";
    record.workspace = "default";
    record.to = to;
    record.reason = "AboveThreshold";
    record.phase = record.pid == 0 ? ports::Phase::intended : ports::Phase::applying;
    record.boot_id = terraform::boot_id();
    record.stream = (home_ / "data" / "operations" / record.id / "apply.jsonl").string();
    return record;
  }

  // Until the apply's stream says that instance 1 is being created.
  static void await_creation(const ports::OperationRecord& open) {
    while (terraform::alive(terraform::ProcessId{open.pid, open.pid_start, open.boot_id})) {
      std::ifstream stream(open.stream);
      for (std::string line; std::getline(stream, line);) {
        const bool starts = line.find("\"apply_start\"") != std::string::npos;
        if (starts && line.find("terraform_data.app[1]") != std::string::npos) return;
      }
      std::this_thread::sleep_for(10ms);
    }
  }

  Result<ports::OperationRecord> recover(Host& host, ports::OperationRecord open) {
    return test::run(host.io, host.driver.recover(host.recovery, std::move(open), [&](const auto& progress) {
      host.progress.push_back(progress.phase + ": " + progress.progress);
    }));
  }

  test::TempDir home_;
};

TEST_F(RecoverContract, Law5ALiveApplyIsFollowedToItsEndAndItsOutcomeTaken) {
  const test::TerraformStack stack(1, counted_stack(slow("2")));
  adopt(stack);
  const auto open = crash(3, "Applying");
  Host host(home_ / "data", home_ / "stacks");

  const auto busy = host.scale(2);
  const auto record = recover(host, open);

  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().reason(), reason::kStackBusy) << "the orphan holds the stack's lock";
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(record->count_after, 3);
  EXPECT_EQ(stack.ids().size(), 3U);
  EXPECT_EQ(stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 3\n}\n");
  EXPECT_EQ(host.registry.load("web")->metadata.instance_count, 3);
  EXPECT_EQ(host.progress.back(), "Applying: 2 of 2 created");
  EXPECT_TRUE(host.scale(3)) << "the stack is free again";
}

TEST_F(RecoverContract, Law5AnApplyWhosePidWasNeverJournalledIsFoundByItsEnvironment) {
  const test::TerraformStack stack(1, counted_stack(slow("2")));
  adopt(stack);
  auto open = crash(2, "Applying");
  open.phase = ports::Phase::planned;
  open.pid = 0;
  open.pid_start = 0;
  open.boot_id.clear();
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(record->count_after, 2);
  EXPECT_TRUE(host.log.contains("following a terraform of an earlier run"));
}

TEST_F(RecoverContract, Law5AnApplyThatTheJournalLostIsFoundByItsFolderAndNothingStartsOnTopOfIt) {
  const test::TerraformStack stack(1, counted_stack(slow("2")));
  adopt(stack);
  const auto open = crash(3, "Applying");
  Host host(home_ / "data", home_ / "stacks");  // with a journal that knows nothing

  const auto lost = test::run(host.io, host.driver.lost_operations());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].id, open.id);
  EXPECT_EQ(lost[0].from, 1);
  EXPECT_EQ(lost[0].to, 3);
  EXPECT_EQ(lost[0].phase, ports::Phase::applying);
  const auto busy = host.scale(2);
  const auto record = recover(host, lost[0]);

  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().reason(), reason::kStackBusy);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(record->count_after, 3);
  EXPECT_EQ(record->reason, "AboveThreshold");
  EXPECT_EQ(host.registry.load("web")->metadata.instance_count, 3);
  EXPECT_EQ(stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 3\n}\n");
  EXPECT_TRUE(test::run(host.io, host.driver.lost_operations()).empty()) << "it is over";
}

TEST_F(RecoverContract, Law5ALiveApplyWhoseWholeDataFolderIsLostIsFoundByItsEnvironment) {
  const test::TerraformStack stack(1, counted_stack(slow("2")));
  adopt(stack);
  const auto open = crash(2, "Applying");
  await_creation(open);  // the plan has been read
  fs::remove_all(home_ / "data");
  Host host(home_ / "data", home_ / "stacks");

  const auto lost = test::run(host.io, host.driver.lost_operations());
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost[0].id, open.id);
  EXPECT_EQ(lost[0].stack, "web");
  EXPECT_EQ(lost[0].from, 1);
  EXPECT_EQ(lost[0].to, 2);
  const auto busy = host.scale(3);
  const auto record = recover(host, lost[0]);

  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().reason(), reason::kStackBusy);
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(host.registry.load("web")->metadata.instance_count, 2);
}

TEST_F(RecoverContract, Law6RealityWinsADeadApplyIsReportedWithWhatTheStateHolds) {
  const test::TerraformStack stack(1, counted_stack(slow("2")));
  adopt(stack);
  const auto open = crash(3, "Applying");
  await_creation(open);
  ::kill(open.pid, SIGKILL);
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::failed);
  EXPECT_EQ(record->outcome_reason, reason::kPossibleOrphans);
  EXPECT_NE(record->outcome.find("in creation were terraform_data.app[1]"), std::string::npos) << record->outcome;
  EXPECT_NE(record->outcome.find("stackscaler stack doctor web"), std::string::npos);
  const int count = static_cast<int>(stack.ids().size());
  EXPECT_EQ(record->count_after, count);
  EXPECT_NE(record->outcome.find("the state holds " + std::to_string(count) + " of 3"), std::string::npos);
  EXPECT_NE(record->outcome.find("may exist without being in the state"), std::string::npos);
  EXPECT_EQ(stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": " + std::to_string(count) + "\n}\n");
}

TEST_F(RecoverContract, AnApplyThatEndedMeanwhileIsTakenFromTheState) {
  const test::TerraformStack stack(1, counted_stack(slow("1")));
  adopt(stack);
  const auto open = crash(2, "Applying");
  while (terraform::alive(terraform::ProcessId{open.pid, open.pid_start, open.boot_id})) {
    std::this_thread::sleep_for(50ms);
  }
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(record->count_after, 2);
}

TEST_F(RecoverContract, AnIntentWithoutAnApplyIsAbandonedAndLeavesNoPlanFile) {
  const test::TerraformStack stack(1);
  adopt(stack);
  auto open = crash(2, "Planning");
  ASSERT_FALSE(open.id.empty() && fs::is_empty(home_ / "data" / "operations"));
  if (open.id.empty()) open.id = fs::directory_iterator(home_ / "data" / "operations")->path().filename();
  open.stream.clear();
  open.phase = ports::Phase::intended;
  open.from = 1;
  const auto before = stack.tree();
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::abandoned);
  EXPECT_EQ(record->count_after, 1);
  EXPECT_EQ(stack.tree(), before);
  EXPECT_FALSE(fs::exists(home_ / "data" / "operations" / open.id / "count.tfvars.json"));
}

TEST_F(RecoverContract, Law5AnOperationThatItsOwnerHasEndedMeanwhileIsNotEndedAgain) {
  const test::TerraformStack stack(1);
  adopt(stack);
  ports::OperationRecord open;
  open.id = "0123456789abcdef";
  open.stack = "web";
  open.from = 1;
  open.to = 2;
  open.phase = ports::Phase::applying;
  Host host(home_ / "data", home_ / "stacks");
  ports::OperationRecord ended = open;
  ended.phase = ports::Phase::succeeded;
  ended.outcome = "ended by its owner";
  ASSERT_TRUE(test::run(host.io, host.journal.put_operation(ended)));
  const auto before = stack.tree();

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::succeeded);
  EXPECT_EQ(record->outcome, "ended by its owner");
  EXPECT_EQ(host.journal.writes.size(), 1U);
  EXPECT_EQ(stack.tree(), before);
}

TEST_F(RecoverContract, ACrashBeforeTheApplyPutsTheRealCountBackIntoTheUsersFile) {
  const test::TerraformStack stack(1);
  adopt(stack);
  stack.write("stackscaler.auto.tfvars.json", "{\n  \"instance_count\": 5\n}\n");
  ports::OperationRecord open;
  open.id = "0123456789abcdef";
  open.stack = "web";
  open.from = 1;
  open.to = 5;
  open.phase = ports::Phase::planned;
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->phase, ports::Phase::abandoned);
  EXPECT_EQ(stack.read("stackscaler.auto.tfvars.json"), "{\n  \"instance_count\": 1\n}\n");
}

TEST_F(RecoverContract, Law12AnUnreadableStateLeavesTheOperationOpen) {
  const test::TerraformStack stack(1);
  adopt(stack);
  fs::remove(stack.folder() / "terraform.tfstate");
  ports::OperationRecord open;
  open.id = "0123456789abcdef";
  open.stack = "web";
  open.from = 1;
  open.to = 2;
  open.phase = ports::Phase::applying;
  Host host(home_ / "data", home_ / "stacks");

  const auto record = recover(host, open);

  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().reason(), reason::kStateChanged);
  EXPECT_TRUE(host.journal.writes.empty());
}

}  // namespace
}  // namespace stackscaler
