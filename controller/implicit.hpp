// SPDX-License-Identifier: Apache-2.0
//
// ImplicitPolicies: a policy of defaults for each adopted stack that no policy names.
//
// It stands between a source and the loop: what the source tells goes through, and the implicit policies are added and
// taken back as stacks and policies come and go. A stack that a written policy managed (the journal knows) is not taken
// over lightly: its document may just be broken, or a checkout half done. It is left alone while a policy file has a
// problem, and for one default interval after that.
// Threads: the loop's; the registry is read on the pool. Everything in Parts must outlive it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "async/wake.hpp"
#include "base/log.hpp"
#include "policy/types.hpp"
#include "ports/journal.hpp"
#include "ports/policy_source.hpp"
#include "source/policy_index.hpp"
#include "stack/registry.hpp"

namespace stackscaler::controller {

class ImplicitPolicies final : public ports::PolicySink {
 public:
  struct Parts {
    boost::asio::any_io_executor executor;
    BlockingPool& pool;
    Clock& clock;
    Logger& logger;
    const stack::Registry& registry;
    ports::Journal& journal;
    source::PolicyIndex& index;
    ports::PolicySink& next;
    policy::Defaults defaults;
    std::function<bool()> sound;  // no policy file has a problem
  };
  explicit ImplicitPolicies(Parts parts) : parts_(std::move(parts)), wake_(parts_.executor) {}

  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override;
  void remove(const policy::PolicyKey& key) override;

  // One look at the registry. Fails only when it can't be read at all.
  [[nodiscard]] boost::asio::awaitable<Result<void>> refresh();
  // Looks again when policies change, and every minute, until cancelled.
  [[nodiscard]] boost::asio::awaitable<void> watch();

  // Stacks that are left alone for now, each with the written policy that managed it last.
  [[nodiscard]] const std::map<std::string, std::string>& waiting() const { return waiting_; }
  [[nodiscard]] std::size_t size() const { return current_.size(); }

 private:
  struct Candidate {
    std::string id;
    std::string workspace;
  };
  // The adopted stacks that none of `named` names.
  [[nodiscard]] static Result<std::vector<Candidate>> unnamed(const stack::Registry& registry,
                                                              const std::vector<policy::StackRef>& named);
  [[nodiscard]] boost::asio::awaitable<bool> may_take(std::string id);
  void note_change();

  Parts parts_;
  Wake wake_;
  bool changed_ = false;  // since the last refresh began
  std::map<policy::PolicyKey, policy::StackRef> named_;
  std::map<policy::PolicyKey, std::string> current_;  // key -> digest
  std::map<std::string, std::string> waiting_;
  std::map<std::string, SteadyTime> free_since_;  // of the stacks that wait
};

}  // namespace stackscaler::controller
