// SPDX-License-Identifier: Apache-2.0
//
// Admission: which terraform runs may start now. A queue in the order of asking, with two limits: how many at a time,
// and how much memory is free.
//
// What it is: for plans and applies, on one machine. One run may always go on, however little memory there is: a wrong
// guess must not stop everything. Memory is looked at again every few seconds while somebody waits for it; a run that
// has just begun has not taken its share yet, so that share is kept for it for half a minute.
// What it is not: fair beyond first come, first served; cancellable by its caller (close() ends every wait).
// Sizes in bytes. Threads: the loop's. It must outlive its waiters and its tickets.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <optional>
#include <string>

#include "async/clock.hpp"
#include "async/wake.hpp"
#include "base/error.hpp"

namespace stackscaler::terraform {

struct AdmissionLimits {
  int max_concurrent = 2;
  std::uint64_t memory_per_run = 0;  // what a run is assumed to need; 0: memory is not looked at
  Duration look_again = std::chrono::seconds(3);
};

class Admission {
 public:
  // What is free now; absent: unknown, and then memory holds nobody back.
  using FreeMemory = std::function<boost::asio::awaitable<std::optional<std::uint64_t>>()>;
  // "3rd in the queue": called when it has to wait and whenever that changes. Must not throw nor call back.
  using Told = std::function<void(const std::string& place)>;

  // The right to run, given back on every way out.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), run_(other.run_) {}
    Ticket& operator=(Ticket&& other) noexcept;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    ~Ticket() { release(); }
    void release();

   private:
    friend class Admission;
    Ticket(Admission* owner, std::list<SteadyTime>::iterator run) : owner_(owner), run_(run) {}
    Admission* owner_ = nullptr;
    std::list<SteadyTime>::iterator run_{};
  };

  Admission(boost::asio::any_io_executor executor, Clock& clock, AdmissionLimits limits, FreeMemory free_memory);

  // Waits for its turn. Stopping (cancelled) after close().
  [[nodiscard]] boost::asio::awaitable<Result<Ticket>> enter(Told told);
  // Nobody enters any more, and nobody waits.
  void close();
  [[nodiscard]] std::size_t running() const { return running_.size(); }
  [[nodiscard]] std::size_t waiting() const { return queue_.size(); }

 private:
  struct Waiter;
  [[nodiscard]] boost::asio::awaitable<bool> memory_allows();
  [[nodiscard]] bool place_free() const;
  void tell(Waiter& waiter, bool for_memory);
  void wake_all();

  boost::asio::any_io_executor executor_;
  Clock& clock_;
  AdmissionLimits limits_;
  FreeMemory free_memory_;
  std::list<SteadyTime> running_;  // since when
  std::list<Waiter*> queue_;       // in the waiters' frames
  bool closed_ = false;
};

// What this process and its children may still take: MemAvailable of /proc/meminfo, or what a cgroup (version 2) above
// the process leaves of its memory.max, whichever is less. A cgroup's inactive file cache counts as free: the kernel
// gives it up before it refuses memory. Absent when nothing can be read. Blocking.
// Source: proc(5); kernel.org/doc/html/latest/admin-guide/cgroup-v2.html, "Memory Interface Files".
[[nodiscard]] std::optional<std::uint64_t> available_memory(const std::filesystem::path& proc = "/proc",
                                                            const std::filesystem::path& cgroup = "/sys/fs/cgroup");

// "1st", "2nd", "3rd", "11th", "21st".
[[nodiscard]] std::string ordinal(std::size_t number);

}  // namespace stackscaler::terraform
