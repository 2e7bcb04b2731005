// SPDX-License-Identifier: Apache-2.0
#include "cluster/status_writer.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "cluster/resource.hpp"
#include "kube/objects.hpp"
#include "policy/reasons.hpp"
#include "policy/status_json.hpp"

namespace stackscaler::cluster {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

policy::Condition condition(std::string type, policy::ConditionStatus status, std::string_view why,
                            std::string message) {
  policy::Condition c;
  c.type = std::move(type);
  c.status = status;
  c.reason = why;
  c.message = std::move(message);
  return c;
}

std::string apply_body(const policy::PolicyKey& key, const policy::Status& status) {
  const nlohmann::ordered_json body{{"apiVersion", kApiVersion},
                                    {"kind", kKind},
                                    {"metadata", {{"name", key.name}, {"namespace", key.namespace_}}},
                                    {"status", nlohmann::ordered_json::parse(policy::status_json(status))}};
  return body.dump();
}

}  // namespace

policy::Status refused_status(const policy::ClusterFacts& facts, const std::string& why, const std::string& problem,
                              WallTime now) {
  using policy::ConditionStatus;
  policy::Status status = facts.status.value_or(policy::Status());
  status.observed_generation = facts.generation;
  policy::set_condition(status, condition("Ready", ConditionStatus::false_, why, problem), now);
  policy::set_condition(
      status, condition("Reconciling", ConditionStatus::false_, reason::kSettled, "no operation is running"), now);
  // A Secret may come by itself; what a person has to change is stalled.
  const bool stalled = why != reason::kSecretUnavailable;
  policy::set_condition(
      status,
      stalled ? condition("Stalled", ConditionStatus::true_, why, problem)
              : condition("Stalled", ConditionStatus::false_, reason::kSettled, "nothing waits for a person"),
      now);
  return status;
}

asio::awaitable<Result<void>> ClusterStatusWriter::write(policy::PolicyKey key, policy::Status status) {
  if (!leading_()) co_return Result<void>{};
  std::string body = apply_body(key, status);
  kube::ObjectPath path(policies(), key.namespace_, key.name, "status");
  std::string manager(kFieldManager);
  auto applied = co_await kube::apply(client_, std::move(path), std::move(body), std::move(manager), true);
  if (!applied && applied.error().kind() != ErrorKind::not_found) co_return fail(std::move(applied).error());
  co_return Result<void>{};
}

asio::awaitable<Result<void>> ClusterStatusWriter::refuse(policy::PolicyKey key, policy::ClusterFacts facts,
                                                          std::string why, std::string problem) {
  policy::Status next = refused_status(facts, why, problem, clock_.wall_now());
  if (facts.status && !policy::worth_writing(*facts.status, next)) co_return Result<void>{};
  co_return co_await write(std::move(key), std::move(next));
}

}  // namespace stackscaler::cluster
