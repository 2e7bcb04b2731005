// SPDX-License-Identifier: Apache-2.0
//
// RehearsalDriver: a StackDriver without Terraform behind it, for `run --rehearsal`: policies, metrics, decisions and
// the journal are real, the stacks are counts in memory.
//
// Every stack that is asked for exists and starts with one instance; a scale takes two seconds of the given clock. It
// asks for a permit and journals like the real one, so that cooldowns and history behave alike. What it is not: a
// simulation of failures. Nothing survives the process. Threads: the loop's.
#pragma once

#include <map>
#include <set>
#include <string>

#include "async/clock.hpp"
#include "base/random.hpp"
#include "ports/stack_driver.hpp"

namespace stackscaler::terraform {

class RehearsalDriver final : public ports::StackDriver {
 public:
  RehearsalDriver(Clock& clock, Random& random, ports::Journal& journal)
      : clock_(clock), random_(random), journal_(journal) {}

  [[nodiscard]] boost::asio::awaitable<Result<ports::StackView>> observe(policy::StackRef stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<ports::PlanReport>> plan(policy::StackRef stack, int to) override;
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> scale(const ports::WritePermit& permit,
                                                                         ports::ScaleOrder order,
                                                                         ports::ProgressSink progress) override;
  // There is nothing that could have survived: the operation is closed as abandoned.
  [[nodiscard]] boost::asio::awaitable<Result<ports::OperationRecord>> recover(const ports::WritePermit& permit,
                                                                               ports::OperationRecord open,
                                                                               ports::ProgressSink progress) override;
  [[nodiscard]] boost::asio::awaitable<std::vector<std::string>> changed_stacks() override;
  void stop() override { stopping_ = true; }
  void interrupt() override {}

 private:
  [[nodiscard]] int& count_of(const std::string& name);

  Clock& clock_;
  Random& random_;
  ports::Journal& journal_;
  std::map<std::string, int> counts_;
  std::set<std::string> busy_;
  bool stopping_ = false;
};

}  // namespace stackscaler::terraform
