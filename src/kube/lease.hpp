// SPDX-License-Identifier: Apache-2.0
//
// LeaderElection: at most one of several replicas leads, by a coordination.k8s.io/v1 Lease, with client-go's semantics.
//
// A candidate takes the lease when its record has not changed for the record's duration as this process measured it;
// clocks of other machines are never compared. The leader renews every retry period; when it could not for the renew
// deadline it leads no more. is_leader() compares with the clock at the moment of asking, counted from before the last
// renewal was sent: a leader that was paused (SIGSTOP, a frozen host) knows on waking that its time is over, before it
// has sent or received anything.
// What it is not: a fence. A request that is already on its way when leadership ends still arrives; whatever must not
// happen twice needs a lock of its own (the state lock). Time is the Clock port's steady time, which on Linux stands
// still while the whole machine is suspended.
// Threads: the executor's one thread. Lifetime: must outlive run(); all that it is given must outlive it. Errors:
// failed requests are retried and logged when they begin. Source: client-go tools/leaderelection.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "async/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "kube/client.hpp"

namespace stackscaler::kube {

struct LeaseTimes {
  Duration lease = std::chrono::seconds(15);  // whole seconds
  Duration renew = std::chrono::seconds(10);
  Duration retry = std::chrono::seconds(2);
};

// lease > renew > 1.2 × retry > 0, lease in whole seconds; invalid_input says which does not hold.
[[nodiscard]] Result<void> check(const LeaseTimes& times);

struct LeaseName {
  std::string namespace_;
  std::string name;
  std::string identity;  // of this replica: unlike any other's, also after a restart
};

class ElectionObserver {
 public:
  virtual ~ElectionObserver() = default;
  virtual void on_leading() = 0;
  virtual void on_lost() = 0;  // never without on_leading() before
  // Whoever holds the lease now, ourselves included; "" when it was given back.
  virtual void on_holder(const std::string& /*identity*/) {}
};

class LeaderElection {
 public:
  // The times must have passed check(): what has not aborts the program.
  LeaderElection(Client& client, Clock& clock, Random& random, Logger& logger, LeaseName name, LeaseTimes times,
                 ElectionObserver& observer);
  ~LeaderElection();
  LeaderElection(const LeaderElection&) = delete;
  LeaderElection& operator=(const LeaderElection&) = delete;

  // Acquires, renews, and after a loss acquires again, until it is cancelled. Then release() should be awaited.
  [[nodiscard]] boost::asio::awaitable<void> run();
  // After run() has ended: gives the lease back, so that the next need not wait for its duration. Nothing if not held.
  [[nodiscard]] boost::asio::awaitable<Result<void>> release();

  [[nodiscard]] bool is_leader() const;
  // As last seen; "" when nobody is known to hold it.
  [[nodiscard]] const std::string& holder() const;

 private:
  struct Record;
  struct Seen;
  // Whether it is ours now.
  [[nodiscard]] boost::asio::awaitable<Result<bool>> try_acquire_or_renew();
  [[nodiscard]] boost::asio::awaitable<Result<void>> read();
  [[nodiscard]] boost::asio::awaitable<Result<void>> write(Record record);
  void see(const std::string& json);
  [[nodiscard]] bool ours() const;
  void lead(SteadyTime since);
  void lose(const std::string& why);
  void note(const Error& error);

  Client& client_;
  Clock& clock_;
  Random& random_;
  Logger& logger_;
  LeaseName name_;
  LeaseTimes times_;
  ElectionObserver& observer_;
  std::unique_ptr<Seen> seen_;
  bool leading_ = false;
  SteadyTime renewed_at_{};  // just before the last successful renewal was sent
  std::string trouble_;
};

}  // namespace stackscaler::kube
