// SPDX-License-Identifier: Apache-2.0
//
// Recover: the end of an operation that a crash of the program left open (law 5). Private to this component.
//
// A terraform that still runs is found by its pid and start time or by the operation's id in its environment, followed
// to its end and never signalled; then the state says what is. Nothing is started but reads. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "ports/stack_driver.hpp"
#include "terraform/follow.hpp"
#include "terraform/services.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

class Recover {
 public:
  Recover(Services& services, const ports::WritePermit& permit, ports::OperationRecord open, ports::ProgressSink sink);
  ~Recover();
  Recover(const Recover&) = delete;
  Recover& operator=(const Recover&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<ports::OperationRecord>> run();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<void>> claim();
  [[nodiscard]] boost::asio::awaitable<Result<void>> see_it_through();
  // The record as it is under the lock: whoever held that may have ended the operation meanwhile.
  [[nodiscard]] boost::asio::awaitable<Result<bool>> ended_by_another();
  [[nodiscard]] boost::asio::awaitable<Result<void>> take_lock();
  [[nodiscard]] boost::asio::awaitable<Result<ports::OperationRecord>> settle();
  void judge_apply(const State& state);
  [[nodiscard]] boost::asio::awaitable<Result<ports::OperationRecord>> close(ports::Phase phase, std::string reason,
                                                                             std::string outcome);

  Services& s_;
  const ports::WritePermit& permit_;
  ports::OperationRecord record_;
  ports::ProgressSink sink_;
  OperationFolder folder_;
  Target target_;
  Descriptor lock_;
  PlanStream stream_;
  bool claimed_ = false;
  bool closed_ = false;    // in the journal
  bool followed_ = false;  // a live apply was seen to its end
  ports::Phase phase_ = ports::Phase::failed;
  std::string reason_;
  std::string outcome_;
};

}  // namespace stackscaler::terraform
