// SPDX-License-Identifier: Apache-2.0
#include "journal/sqlite_journal.hpp"

namespace stackscaler::journal {

namespace asio = boost::asio;
using ports::DecisionRecord;
using ports::OperationRecord;

SqliteJournal::SqliteJournal(Store store) : store_(std::move(store)) {}

SqliteJournal::~SqliteJournal() {
  thread_.join();
}

asio::awaitable<Result<void>> SqliteJournal::put_operation(OperationRecord record) {
  auto work = [this, record = std::move(record)] { return store_.put_operation(record); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::vector<OperationRecord>>> SqliteJournal::unfinished_operations() {
  auto work = [this] { return store_.unfinished_operations(); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::optional<OperationRecord>>> SqliteJournal::operation(std::string id) {
  auto work = [this, id = std::move(id)] { return store_.operation(id); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::optional<OperationRecord>>> SqliteJournal::last_applied(std::string stack) {
  auto work = [this, stack = std::move(stack)] { return store_.last_applied(stack); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::optional<OperationRecord>>> SqliteJournal::possible_orphans(std::string stack) {
  auto work = [this, stack = std::move(stack)] { return store_.possible_orphans(stack); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::vector<ports::Scaling>>> SqliteJournal::scalings(std::string stack, WallTime since) {
  auto work = [this, stack = std::move(stack), since] { return store_.scalings(stack, since); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<void>> SqliteJournal::put_decision(DecisionRecord record) {
  auto work = [this, record = std::move(record)] { return store_.put_decision(record); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::vector<decision::Recommendation>>> SqliteJournal::recommendations(std::string policy,
                                                                                              WallTime since) {
  auto work = [this, policy = std::move(policy), since] { return store_.recommendations(policy, since); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<void>> SqliteJournal::put_recommendation(std::string policy,
                                                                decision::Recommendation recommendation) {
  auto work = [this, policy = std::move(policy), recommendation] {
    return store_.put_recommendation(policy, recommendation);
  };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::vector<Duration>>> SqliteJournal::boot_times(std::string stack) {
  auto work = [this, stack = std::move(stack)] { return store_.boot_times(stack); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<void>> SqliteJournal::put_boot_time(std::string stack, WallTime time, Duration took) {
  auto work = [this, stack = std::move(stack), time, took] { return store_.put_boot_time(stack, time, took); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::optional<std::string>>> SqliteJournal::manager_of(std::string stack) {
  auto work = [this, stack = std::move(stack)] { return store_.manager_of(stack); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<std::int64_t>> SqliteJournal::generation(std::string policy, std::string digest) {
  auto work = [this, policy = std::move(policy), digest = std::move(digest)] {
    return store_.generation(policy, digest);
  };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<Store::Page<DecisionRecord>>> SqliteJournal::decision_page(Store::PageQuery query) {
  auto work = [this, query = std::move(query)] { return store_.decision_page(query); };
  co_return co_await offload(thread_, std::move(work));
}

asio::awaitable<Result<Store::Page<OperationRecord>>> SqliteJournal::operation_page(Store::PageQuery query) {
  auto work = [this, query = std::move(query)] { return store_.operation_page(query); };
  co_return co_await offload(thread_, std::move(work));
}

}  // namespace stackscaler::journal
