// SPDX-License-Identifier: Apache-2.0
//
// Fleet, Records and Actions: what the API asks of the program, and orders. The API owns the interfaces, the
// controller implements them.
//
// Everything of Fleet that is no coroutine answers from memory at once. Errors carry the kind that the answer's status
// follows from: not_found, conflict, invalid_input, unavailable … Threads: the loop's. They outlive the Api.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/views.hpp"
#include "base/error.hpp"

namespace stackscaler::api {

// What a policy would have done with its own past.
struct SimulationQuery {
  policy::PolicyKey policy;
  WallTime since;
  WallTime until;
  Duration boot_delay = std::chrono::minutes(2);
  double slo = 0.8;  // utilization that still counts as good, as a share
};

class Fleet {
 public:
  virtual ~Fleet() = default;
  [[nodiscard]] virtual std::vector<policy::PolicyKey> keys() const = 0;
  [[nodiscard]] virtual std::optional<PolicyView> policy(const policy::PolicyKey& key) const = 0;
  // The policy that names the stack, if any.
  [[nodiscard]] virtual std::optional<policy::PolicyKey> policy_of(const std::string& stack) const = 0;
  [[nodiscard]] virtual ControllerView controller() const = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<PolicyText>> text(policy::PolicyKey key) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::vector<StackView>>> stacks() = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<StackView>> stack(std::string id) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<MetricsView>> metrics(std::string stack) = 0;
  // JSON: one of the objects that `stackscaler simulate -o json` prints. unavailable: another one runs.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::string>> simulate(SimulationQuery query) = 0;
};

struct DecisionQuery {
  std::string policy;  // "": of all
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::int64_t before = 0;  // a number of a record; 0: the newest
  int limit = 100;
};
struct DecisionPage {
  std::vector<ports::DecisionRecord> records;  // newest first
  std::int64_t next = 0;                       // 0: there are no more
};
struct OperationQuery {
  std::string stack;
  std::optional<WallTime> since;
  std::optional<WallTime> until;
  std::int64_t before = 0;
  int limit = 100;
};
struct OperationPage {
  std::vector<ports::OperationRecord> records;
  std::int64_t next = 0;
};

class Records {
 public:
  virtual ~Records() = default;
  [[nodiscard]] virtual boost::asio::awaitable<Result<DecisionPage>> decisions(DecisionQuery query) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<OperationPage>> operations(OperationQuery query) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> operation(
      std::string id) = 0;
  // As `stackscaler explain` prints it.
  [[nodiscard]] virtual std::string explain(const ports::DecisionRecord& decision,
                                            const std::optional<ports::OperationRecord>& operation) const = 0;
};

// Who asks: kept in the journal and the log.
struct Asker {
  std::string peer;
  [[nodiscard]] std::string name() const { return "api " + peer; }
};

struct ScaleCommand {
  std::string stack;
  int count = 0;
  std::string reason;
  bool force = false;
  Asker by;
};

class Actions {
 public:
  virtual ~Actions() = default;
  // Returns at the end of the change, or when `wait` is over and it runs (at least until it has an operation).
  [[nodiscard]] virtual boost::asio::awaitable<Result<ChangeView>> scale(ScaleCommand command, Duration wait) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<RecommendationView>> recommend(std::string stack) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<AutoScaleView>> auto_scale(std::string stack, Asker by,
                                                                                 Duration wait) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<PauseView>> pause(Asker by, std::string reason) = 0;
  [[nodiscard]] virtual boost::asio::awaitable<Result<PauseView>> resume(Asker by) = 0;
};

}  // namespace stackscaler::api
