// SPDX-License-Identifier: Apache-2.0
//
// Our own state lock: learning its id while an apply of ours holds it, and releasing it when that apply is dead.
// Private to this component. See terraform/state_lock.hpp for the proof. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "terraform/folder.hpp"
#include "terraform/services.hpp"
#include "terraform/state_lock.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

struct Target;

// Watches one apply. Does nothing unless the policy has releaseStaleLock and the backend is a remote one: a local
// lock dies with its process.
class LockWatch {
 public:
  LockWatch(Services& services, const Target& target, OperationFolder folder, ProcessId apply, bool wanted)
      : s_(services), target_(target), folder_(std::move(folder)), apply_(std::move(apply)), done_(!wanted) {}

  // After each reading of the apply's stream while it runs. May take as long as one short call of terraform.
  [[nodiscard]] boost::asio::awaitable<void> look(const PlanStream& stream);

 private:
  [[nodiscard]] boost::asio::awaitable<void> ask();
  [[nodiscard]] boost::asio::awaitable<void> keep();

  Services& s_;
  const Target& target_;
  OperationFolder folder_;
  ProcessId apply_;
  bool done_;
  int asked_ = 0;
  std::optional<StateLock> seen_;
  std::optional<std::size_t> hooks_;  // in the first reading after the lock was seen
};

// True when `held` was proved to be of a dead apply of ours, the policy wants that, and the lock was released.
[[nodiscard]] boost::asio::awaitable<bool> release_own_lock(Services& services, const Target& target, StateLock held);

}  // namespace stackscaler::terraform
