// SPDX-License-Identifier: Apache-2.0
//
// SqliteJournal: the Journal port on a Store, with a thread of its own so that the loop never waits for a disk.
//
// Calls are served in the order in which they were made. The destructor waits for those under way.
#pragma once

#include <memory>

#include "async/offload.hpp"
#include "journal/store.hpp"
#include "ports/journal.hpp"

namespace stackscaler::journal {

class SqliteJournal final : public ports::Journal {
 public:
  explicit SqliteJournal(Store store);
  ~SqliteJournal() override;

  [[nodiscard]] boost::asio::awaitable<Result<void>> put_operation(ports::OperationRecord record) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<ports::OperationRecord>>> unfinished_operations() override;
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> operation(
      std::string id) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> last_applied(
      std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> possible_orphans(
      std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<ports::Scaling>>> scalings(std::string stack,
                                                                                     WallTime since) override;
  [[nodiscard]] boost::asio::awaitable<Result<void>> put_decision(ports::DecisionRecord record) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<decision::Recommendation>>> recommendations(
      std::string policy, WallTime since) override;
  [[nodiscard]] boost::asio::awaitable<Result<void>> put_recommendation(
      std::string policy, decision::Recommendation recommendation) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::vector<Duration>>> boot_times(std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<void>> put_boot_time(std::string stack, WallTime time,
                                                                   Duration took) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::optional<std::string>>> manager_of(std::string stack) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t>> generation(std::string policy,
                                                                        std::string digest) override;

  // Pages for readers; see Store.
  [[nodiscard]] boost::asio::awaitable<Result<Store::Page<ports::DecisionRecord>>> decision_page(
      Store::PageQuery query);
  [[nodiscard]] boost::asio::awaitable<Result<Store::Page<ports::OperationRecord>>> operation_page(
      Store::PageQuery query);

 private:
  BlockingPool thread_{1};
  Store store_;
};

}  // namespace stackscaler::journal
