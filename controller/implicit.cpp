// SPDX-License-Identifier: Apache-2.0
#include "controller/implicit.hpp"

#include <algorithm>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>

#include "async/cancelled.hpp"
#include "policy/implicit.hpp"

namespace stackscaler::controller {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLook = 1min;

std::filesystem::path real(const std::filesystem::path& path) {
  std::error_code ec;
  const auto resolved = std::filesystem::weakly_canonical(path, ec);
  return ec ? path.lexically_normal() : resolved;
}

}  // namespace

void ImplicitPolicies::note_change() {
  changed_ = true;
  wake_.notify();
}

void ImplicitPolicies::upsert(std::shared_ptr<const policy::ScalingPolicy> policy) {
  named_[policy->key] = policy->spec.stack;
  parts_.next.upsert(std::move(policy));
  note_change();
}

void ImplicitPolicies::remove(const policy::PolicyKey& key) {
  named_.erase(key);
  parts_.next.remove(key);
  note_change();
}

Result<std::vector<ImplicitPolicies::Candidate>> ImplicitPolicies::unnamed(const stack::Registry& registry,
                                                                           const std::vector<policy::StackRef>& named) {
  auto stacks = registry.list();
  if (!stacks) return fail(std::move(stacks).error());
  std::set<std::string> ids;
  std::set<std::filesystem::path> folders;
  for (const policy::StackRef& ref : named) {
    if (!ref.id.empty()) ids.insert(ref.id);
    if (!ref.path.empty()) folders.insert(real(ref.path));
  }
  std::vector<Candidate> out;
  for (const stack::ListedStack& listed : *stacks) {
    if (!listed.entry || !listed.entry->metadata.terraform) continue;  // never adopted, or its metadata is broken
    if (ids.contains(listed.id) || folders.contains(real(listed.entry->folder))) continue;
    out.push_back({listed.id, listed.entry->metadata.terraform->workspace});
  }
  return out;
}

asio::awaitable<bool> ImplicitPolicies::may_take(std::string id) {
  auto manager = co_await parts_.journal.manager_of(id);
  if (!manager) {
    parts_.logger.warn("the journal can't be read", kv("stack", id), kv("err", manager.error().message()));
    co_return false;
  }
  const std::string implicit = std::string(policy::kImplicitNamespace) + "/";
  if (!*manager || (*manager)->starts_with(implicit)) {
    waiting_.erase(id);
    co_return true;
  }
  const SteadyTime now = parts_.clock.steady_now();
  if (!waiting_.contains(id)) {
    parts_.logger.warn("a stack is left alone for now: a policy that is not there managed it", kv("stack", id),
                       kv("policy", **manager), kv("wait", format_duration(parts_.defaults.interval)));
  }
  waiting_[id] = **manager;
  if (!parts_.sound()) free_since_.erase(id);
  if (!parts_.sound() || now - free_since_.try_emplace(id, now).first->second < parts_.defaults.interval) {
    co_return false;
  }
  waiting_.erase(id);
  free_since_.erase(id);
  co_return true;
}

asio::awaitable<Result<void>> ImplicitPolicies::refresh() {
  changed_ = false;
  std::vector<policy::StackRef> named;
  named.reserve(named_.size());
  for (const auto& [key, ref] : named_) named.push_back(ref);
  auto job = [&registry = parts_.registry, refs = std::move(named)] { return unnamed(registry, refs); };
  auto found = co_await offload(parts_.pool, std::move(job));
  if (!found) co_return fail(std::move(found).error());
  std::map<policy::PolicyKey, std::shared_ptr<const policy::ScalingPolicy>> wanted;
  std::set<std::string> ids;
  for (const Candidate& stack : *found) {
    auto policy = std::make_shared<const policy::ScalingPolicy>(
        policy::implicit_policy(stack.id, stack.workspace, parts_.defaults));
    ids.insert(stack.id);
    bool taken = current_.contains(policy->key);
    if (!taken) taken = co_await may_take(stack.id);
    if (taken) wanted.emplace(policy->key, std::move(policy));
  }
  std::erase_if(waiting_, [&](const auto& entry) { return !ids.contains(entry.first); });
  std::erase_if(free_since_, [&](const auto& entry) { return !ids.contains(entry.first); });
  std::map<policy::PolicyKey, std::string> next;
  std::set<policy::PolicyKey> keys;
  for (const auto& [key, policy] : wanted) {
    next.emplace(key, policy->spec_digest);
    keys.insert(key);
  }
  const auto before = std::exchange(current_, std::move(next));
  parts_.index.assign_implicit(std::move(keys));
  for (const auto& [key, digest] : before) {
    if (!current_.contains(key)) parts_.next.remove(key);
  }
  for (const auto& [key, policy] : wanted) {
    const auto old = before.find(key);
    if (old != before.end() && old->second == policy->spec_digest) continue;
    if (old == before.end())
      parts_.logger.info("a stack that no policy names follows the defaults", kv("stack", key.name));
    parts_.next.upsert(policy);
  }
  co_return Result<void>{};
}

asio::awaitable<void> ImplicitPolicies::watch() {
  using asio::experimental::awaitable_operators::operator||;
  co_await asio::this_coro::throw_if_cancelled(false);
  std::string last_failure;
  for (;;) {
    if (!changed_) {
      auto sleep = parts_.clock.sleep_for(kLook);
      auto woken = wake_.wait();
      co_await (std::move(sleep) || std::move(woken));
    }
    if (co_await is_cancelled()) co_return;
    auto looked = co_await refresh();
    const std::string failure = looked ? "" : looked.error().message();
    if (!failure.empty() && failure != last_failure) {
      parts_.logger.error("the stacks can't be listed", kv("err", failure));
    }
    last_failure = failure;
  }
}

}  // namespace stackscaler::controller
