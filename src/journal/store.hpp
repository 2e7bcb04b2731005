// SPDX-License-Identifier: Apache-2.0
//
// Store: the journal's tables, blocking. SqliteJournal (journal/sqlite_journal.hpp) is what the loop uses.
//
// Operations are committed with synchronous=FULL: when put_operation() returns, the record survives a power cut.
// Decisions and generations are committed with synchronous=NORMAL: they survive a crash of the program, and the last
// few may be lost with the machine. Size is bounded: finished operations beyond kKeptOperations and decisions beyond
// kKeptDecisions are dropped, oldest first. One thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "journal/database.hpp"
#include "ports/journal.hpp"

namespace stackscaler::journal {

inline constexpr std::int64_t kKeptOperations = 10'000;
inline constexpr std::int64_t kKeptDecisions = 100'000;
inline constexpr std::int64_t kKeptBootTimes = 5;  // of each stack

class Store {
 public:
  // Opens <folder>/journal.db, creating folder (0700) and tables. A damaged file is set aside as
  // journal.db.damaged-<n> and a new one begun; `set_aside` then names it.
  [[nodiscard]] static Result<Store> open(const std::filesystem::path& folder, std::string& set_aside);

  [[nodiscard]] Result<void> put_operation(const ports::OperationRecord& record);
  [[nodiscard]] Result<std::vector<ports::OperationRecord>> unfinished_operations();
  [[nodiscard]] Result<std::optional<ports::OperationRecord>> last_applied(const std::string& stack);
  [[nodiscard]] Result<std::optional<ports::OperationRecord>> possible_orphans(const std::string& stack);
  [[nodiscard]] Result<std::optional<ports::OperationRecord>> operation(const std::string& id);
  [[nodiscard]] Result<std::vector<ports::Scaling>> scalings(const std::string& stack, WallTime since);
  [[nodiscard]] Result<void> put_decision(const ports::DecisionRecord& record);
  // The newest of that policy, or with "" of all, newest first.
  [[nodiscard]] Result<std::vector<ports::DecisionRecord>> decisions(const std::string& policy, int limit);
  // The newest operations on that stack, or with "" on all, newest first.
  [[nodiscard]] Result<std::vector<ports::OperationRecord>> operations(const std::string& stack, int limit);
  // A page of them, for readers that go through all: newest first, those with a number below `before` (0: from the
  // newest), within [since, until).
  struct PageQuery {
    std::string name;  // of the policy, or of the stack; "": all
    std::optional<WallTime> since;
    std::optional<WallTime> until;
    std::int64_t before = 0;
    int limit = 100;
  };
  template <class Record>
  struct Page {
    std::vector<Record> records;
    std::int64_t next = 0;  // `before` of the next page; 0: there is none
  };
  [[nodiscard]] Result<Page<ports::DecisionRecord>> decision_page(const PageQuery& query);
  [[nodiscard]] Result<Page<ports::OperationRecord>> operation_page(const PageQuery& query);
  // Policies by that name alone, in any namespace, that the journal has decisions of.
  [[nodiscard]] Result<std::vector<std::string>> policies_named(const std::string& name);
  [[nodiscard]] Result<std::vector<decision::Recommendation>> recommendations(const std::string& policy,
                                                                              WallTime since);
  [[nodiscard]] Result<void> put_recommendation(const std::string& policy, const decision::Recommendation& next);
  [[nodiscard]] Result<std::vector<Duration>> boot_times(const std::string& stack);
  [[nodiscard]] Result<void> put_boot_time(const std::string& stack, WallTime time, Duration took);
  [[nodiscard]] Result<std::optional<std::string>> manager_of(const std::string& stack);
  [[nodiscard]] Result<std::int64_t> generation(const std::string& policy, const std::string& digest);

 private:
  explicit Store(Database db) : db_(std::move(db)) {}
  [[nodiscard]] Result<void> create_tables();
  [[nodiscard]] Result<void> add_column(std::string_view table, std::string_view column, std::string_view type);
  [[nodiscard]] Result<void> prune();
  [[nodiscard]] Result<void> relax();
  [[nodiscard]] static ports::DecisionRecord read_decision(const Statement& row);
  [[nodiscard]] Result<std::vector<ports::OperationRecord>> select_operations(std::string_view where,
                                                                              const std::string& argument);

  Database db_;
  int decisions_since_prune_ = 0;
  int operations_since_prune_ = 0;
  bool durable_ = false;
};

}  // namespace stackscaler::journal
