// SPDX-License-Identifier: Apache-2.0
//
// FakeJournal: a journal in memory that keeps every write in order, and fails on request. Threads: the loop's.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ports/journal.hpp"

namespace stackscaler::test {

class FakeJournal : public ports::Journal {
 public:
  boost::asio::awaitable<Result<void>> put_operation(ports::OperationRecord record) override {
    if (failures_ > 0) {
      --failures_;
      co_return fail(ErrorKind::unavailable, "the fake journal fails");
    }
    writes.push_back(record);
    if (record.phase == ports::Phase::applying || record.phase == ports::Phase::succeeded ||
        record.phase == ports::Phase::failed) {
      applied_.insert(record.id);
    }
    latest_[record.id] = std::move(record);
    co_return Result<void>{};
  }
  boost::asio::awaitable<Result<std::vector<ports::OperationRecord>>> unfinished_operations() override {
    std::vector<ports::OperationRecord> open;
    for (const auto& [id, record] : latest_) {
      if (!ports::finished(record.phase)) open.push_back(record);
    }
    co_return open;
  }
  boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> operation(std::string id) override {
    const auto found = latest_.find(id);
    if (found == latest_.end()) co_return std::optional<ports::OperationRecord>{};
    co_return std::optional<ports::OperationRecord>(found->second);
  }
  boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> last_applied(std::string stack) override {
    if (fail_reads) co_return fail(ErrorKind::unavailable, "the fake journal fails");
    std::optional<ports::OperationRecord> last;
    for (const auto& [id, record] : latest_) {
      if (record.stack != stack || !applied_.contains(id)) continue;
      if (!last || record.started > last->started) last = record;
    }
    co_return last;
  }
  boost::asio::awaitable<Result<std::optional<ports::OperationRecord>>> possible_orphans(std::string stack) override {
    std::optional<ports::OperationRecord> last;
    for (const ports::OperationRecord& r : writes) {
      if (r.stack != stack) continue;
      if (r.outcome_reason == "PossibleOrphans") last = r;
      if (r.phase == ports::Phase::succeeded) last.reset();
    }
    co_return last;
  }
  boost::asio::awaitable<Result<std::vector<ports::Scaling>>> scalings(std::string stack, WallTime since) override {
    std::vector<ports::Scaling> out;
    for (const auto& [id, r] : latest_) {
      if (r.pid == 0 || !r.ended || *r.ended < since || r.count_after.value_or(r.from) == r.from) continue;
      if (stack.empty() || stack == r.stack) out.push_back({r.stack, *r.ended, r.from, *r.count_after});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.ended < b.ended; });
    co_return out;
  }
  boost::asio::awaitable<Result<void>> put_decision(ports::DecisionRecord record) override {
    record.seen = std::max(record.seen, record.time);
    if (record.again) {
      for (auto known = decisions.rbegin(); known != decisions.rend(); ++known) {
        if (known->policy != record.policy) continue;
        known->seen = record.seen;
        known->message = record.message;
        known->detail = record.detail;
        break;
      }
      co_return Result<void>{};
    }
    decisions.push_back(std::move(record));
    co_return Result<void>{};
  }
  std::map<std::string, std::map<int, WallTime>> recommended;  // by policy and count
  boost::asio::awaitable<Result<std::vector<decision::Recommendation>>> recommendations(std::string policy,
                                                                                        WallTime since) override {
    std::vector<decision::Recommendation> out;
    for (const auto& [count, time] : recommended[policy]) {
      if (time >= since) out.push_back({time, count});
    }
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    co_return out;
  }
  boost::asio::awaitable<Result<void>> put_recommendation(std::string policy,
                                                          decision::Recommendation recommendation) override {
    recommended[policy][recommendation.count] = recommendation.time;
    co_return Result<void>{};
  }
  boost::asio::awaitable<Result<std::vector<Duration>>> boot_times(std::string stack) override {
    std::vector<Duration> out;
    for (auto entry = booted[stack].rbegin(); entry != booted[stack].rend() && out.size() < 5; ++entry) {
      out.push_back(entry->second);
    }
    co_return out;
  }
  std::map<std::string, std::map<WallTime, Duration>> booted;  // by stack
  boost::asio::awaitable<Result<void>> put_boot_time(std::string stack, WallTime time, Duration took) override {
    booted[stack][time] = took;
    co_return Result<void>{};
  }
  boost::asio::awaitable<Result<std::optional<std::string>>> manager_of(std::string stack) override {
    for (auto decision = decisions.rbegin(); decision != decisions.rend(); ++decision) {
      if (decision->stack == stack) co_return std::optional<std::string>(decision->policy);
    }
    const ports::OperationRecord* last = nullptr;
    for (const auto& [id, record] : latest_) {
      if (record.stack != stack || !record.requested_by.starts_with("policy ")) continue;
      if (last == nullptr || record.started > last->started) last = &record;
    }
    if (last == nullptr) co_return std::optional<std::string>();
    co_return std::optional<std::string>(last->requested_by.substr(7));
  }
  boost::asio::awaitable<Result<std::int64_t>> generation(std::string policy, std::string digest) override {
    auto& [known, number] = generations_[policy];
    if (number == 0 || known != digest) {
      known = std::move(digest);
      ++number;
    }
    co_return number;
  }

  // The next `count` writes of operations fail.
  void fail_next(int count) { failures_ = count; }
  // "intended planned applying succeeded"
  [[nodiscard]] std::string phases() const {
    std::string text;
    for (const auto& record : writes) text += (text.empty() ? "" : " ") + std::string(ports::to_string(record.phase));
    return text;
  }

  bool fail_reads = false;
  std::vector<ports::OperationRecord> writes;
  std::vector<ports::DecisionRecord> decisions;

 private:
  std::map<std::string, ports::OperationRecord> latest_;
  std::set<std::string> applied_;  // reached an apply, as the real one has it
  std::map<std::string, std::pair<std::string, std::int64_t>> generations_;
  int failures_ = 0;
};

}  // namespace stackscaler::test
