// SPDX-License-Identifier: Apache-2.0
#include "terraform/admission.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <utility>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;

namespace {

constexpr Duration kGrowing = std::chrono::seconds(30);  // until a run has taken the memory that it needs

}  // namespace

// In the queue for as long as it lives.
struct Admission::Waiter {
  Waiter(Admission& owner_, Told told_) : owner(owner_), told(std::move(told_)), wake(owner_.executor_) {
    owner.queue_.push_back(this);
  }
  ~Waiter() {
    owner.queue_.remove(this);
    owner.wake_all();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  Admission& owner;
  Told told;
  Wake wake;
  std::string place;  // as last told
};

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  release();
  owner_ = std::exchange(other.owner_, nullptr);
  run_ = other.run_;
  return *this;
}

void Admission::Ticket::release() {
  Admission* const owner = std::exchange(owner_, nullptr);
  if (owner == nullptr) return;
  owner->running_.erase(run_);
  owner->wake_all();
}

Admission::Admission(asio::any_io_executor executor, Clock& clock, AdmissionLimits limits, FreeMemory free_memory)
    : executor_(std::move(executor)), clock_(clock), limits_(limits), free_memory_(std::move(free_memory)) {
  limits_.max_concurrent = std::max(1, limits_.max_concurrent);
}

asio::awaitable<Result<Admission::Ticket>> Admission::enter(Told told) {
  using asio::experimental::awaitable_operators::operator||;
  Waiter me(*this, std::move(told));
  while (!closed_) {
    bool for_memory = false;
    if (queue_.front() == &me && place_free()) {
      const bool enough = co_await memory_allows();
      if (closed_) break;
      // Only the first of the queue enters, so the place is still free; all others may have left meanwhile.
      if (enough || running_.empty()) {
        co_return Ticket(this, running_.insert(running_.end(), clock_.steady_now()));
      }
      for_memory = true;
    }
    tell(me, for_memory);
    if (!for_memory) {
      (void)co_await me.wake.wait();
      continue;
    }
    auto woken = me.wake.wait();
    auto timer = clock_.sleep_for(limits_.look_again);
    (void)co_await (std::move(woken) || std::move(timer));
  }
  co_return fail(ErrorKind::cancelled, policy::reason::kStopping, "the program is stopping");
}

void Admission::close() {
  closed_ = true;
  wake_all();
}

asio::awaitable<bool> Admission::memory_allows() {
  if (limits_.memory_per_run == 0 || running_.empty()) co_return true;
  auto task = free_memory_();
  const std::optional<std::uint64_t> free = co_await std::move(task);
  if (!free) co_return true;
  const SteadyTime now = clock_.steady_now();
  const auto growing = static_cast<std::uint64_t>(
      std::count_if(running_.begin(), running_.end(), [&](SteadyTime since) { return now - since < kGrowing; }));
  co_return *free / limits_.memory_per_run >= 1 + growing;
}

bool Admission::place_free() const {
  return running_.size() < static_cast<std::size_t>(limits_.max_concurrent);
}

void Admission::tell(Waiter& waiter, bool for_memory) {
  const auto at = std::find(queue_.begin(), queue_.end(), &waiter);
  std::string place = ordinal(static_cast<std::size_t>(std::distance(queue_.begin(), at)) + 1) + " in the queue";
  if (for_memory) place += ", waiting for memory";
  if (place == waiter.place) return;
  waiter.place = std::move(place);
  if (waiter.told) waiter.told(waiter.place);
}

void Admission::wake_all() {
  for (Waiter* waiter : queue_) waiter->wake.notify();
}

std::string ordinal(std::size_t number) {
  const std::size_t last = number % 10;
  const bool teen = number / 10 % 10 == 1;
  const char* const ending = teen || last == 0 || last > 3 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : "rd";
  return std::to_string(number) + ending;
}

}  // namespace stackscaler::terraform
