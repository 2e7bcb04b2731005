// SPDX-License-Identifier: Apache-2.0
//
// Converge: one operation from the intent to the verified end. Private to this component.
//
// The order is law 5's: intent journalled, plan, guard, the hook of a scale-in, plan journalled, the user's variable
// file, apply with the operation's id in its environment, pid journalled, followed to its end, the state read, metadata
// written, the hook of a scale-out, journal closed.
// An object serves one run(). Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/stack_driver.hpp"
#include "terraform/failure.hpp"
#include "terraform/follow.hpp"
#include "terraform/hooks.hpp"
#include "terraform/own_lock.hpp"
#include "terraform/services.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

class Converge {
 public:
  Converge(Services& services, const ports::WritePermit& permit, ports::ScaleOrder order, ports::ProgressSink sink);
  ~Converge();
  Converge(const Converge&) = delete;
  Converge& operator=(const Converge&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> run();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<void>> wait_for_slot();
  // The gate, the stop and the policy, asked once more after every wait.
  [[nodiscard]] Result<void> go_ahead() const;
  [[nodiscard]] boost::asio::awaitable<Result<void>> claim();
  [[nodiscard]] Result<void> check_locking(const Backend& backend) const;
  [[nodiscard]] boost::asio::awaitable<Result<void>> prepare();
  [[nodiscard]] boost::asio::awaitable<Result<Verdict>> plan();
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> keep_as_it_is(std::string summary);
  [[nodiscard]] HookCall hook_call(const char* name, policy::Hook hook, std::vector<Instance> instances) const;
  // True when a hook was asked: time has passed, and what was planned before is old.
  [[nodiscard]] boost::asio::awaitable<Result<bool>> drain();
  [[nodiscard]] boost::asio::awaitable<Result<Verdict>> plan_again();
  [[nodiscard]] boost::asio::awaitable<std::string> welcome(std::vector<Instance> instances);
  [[nodiscard]] boost::asio::awaitable<Result<void>> commit_to_apply(Verdict verdict);
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> apply();
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> settle(Followed followed);
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> fall_short(Followed followed, int count);
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> settle_blind(bool applied, Error unreadable);

  // Journals the record as it is now; JournalUnavailable otherwise.
  [[nodiscard]] boost::asio::awaitable<Result<void>> journal();
  // Ends the operation in the journal. A journal that can't be written then is logged: the next start heals it.
  [[nodiscard]] boost::asio::awaitable<void> close(ports::Phase phase, std::string reason, std::string outcome);
  [[nodiscard]] boost::asio::awaitable<Result<ports::ScaleReport>> abandon(Error error);
  void tell(std::string phase, std::string text = {});

  Services& s_;
  const ports::WritePermit& permit_;
  ports::ScaleOrder order_;
  ports::ProgressSink sink_;
  Target target_;
  ports::OperationRecord record_;
  std::optional<OperationFolder> folder_;
  std::filesystem::path shadow_;  // where the plan is made, of a stack that is sized by its template
  Descriptor lock_;
  State state_;
  bool remote_ = false;              // the backend is no local file
  std::set<int> half_made_;          // what operations before this one have left tainted
  std::vector<std::string> healed_;  // what the plan replaces of that
  bool claimed_ = false;
  bool open_ = false;  // in the journal
  Admission::Ticket slot_;
};

// The error of a plan that the guard refuses: each address, action and reason, and how to look at it.
[[nodiscard]] Error refused(const Target& target, const Verdict& verdict, int from, int to);
// The sentence of an operation that did not reach its target. `died`: terraform was killed before it could say so.
[[nodiscard]] std::string shortfall(int holds, int wanted, bool died);
// "; in creation were A, B: look for them with: stackscaler stack doctor ID"; "" when no creation was under way.
[[nodiscard]] std::string orphans_text(const PlanStream& stream, const std::string& stack);
[[nodiscard]] inline std::int64_t ms_since(const Clock& clock, SteadyTime begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady_now() - begun).count();
}

}  // namespace stackscaler::terraform
