// SPDX-License-Identifier: Apache-2.0
#include "terraform/lost.hpp"

#include <algorithm>

#include "terraform/folder.hpp"
#include "terraform/process.hpp"

namespace stackscaler::terraform {

namespace fs = std::filesystem;
using ports::OperationRecord;
using ports::Phase;

namespace {

std::vector<OperationRecord> in_folders(const fs::path& data) {
  std::vector<OperationRecord> found;
  std::error_code ec;
  fs::directory_iterator folders(data / "operations", ec);
  for (const fs::directory_iterator end; !ec && folders != end; folders.increment(ec)) {
    const OperationFolder folder(data, folders->path().filename().string());
    std::error_code ignored;
    const bool planned = fs::exists(folder.plan_file(), ignored);
    const bool begun = fs::exists(folder.count_file(), ignored) || fs::exists(folder.environment_file(), ignored);
    if (!planned && !begun) continue;
    auto facts = folder.read_facts();
    if (!facts || !stack::valid_stack_id(facts->record.stack)) continue;
    OperationRecord record = std::move(facts->record);
    record.stream = folder.apply_stream().string();
    record.phase = fs::exists(folder.apply_stream(), ignored) ? Phase::applying : Phase::intended;
    found.push_back(std::move(record));
  }
  return found;
}

std::optional<OperationRecord> of_process(const FoundProcess& process, const stack::Registry& registry) {
  auto stacks = registry.list();
  if (!stacks) return std::nullopt;
  std::error_code ec;
  const fs::path folder = fs::weakly_canonical(process.folder, ec);
  for (const auto& listed : *stacks) {
    if (!listed.entry || fs::weakly_canonical(listed.entry->folder, ec) != folder) continue;
    OperationRecord record;
    record.id = process.operation;
    record.stack = listed.id;
    record.folder = folder.string();
    if (listed.entry->metadata.terraform) record.workspace = listed.entry->metadata.terraform->workspace;
    record.from = listed.entry->metadata.instance_count.value_or(0);
    record.to = record.from;
    if (listed.entry->metadata.terraform) {
      record.to = read_count(folder, listed.entry->metadata.terraform->variable).value_or(record.from);
    }
    record.phase = Phase::applying;
    record.pid = process.id.pid;
    record.pid_start = process.id.start;
    record.boot_id = process.id.boot_id;
    return record;
  }
  return std::nullopt;
}

}  // namespace

std::vector<OperationRecord> operations_not_over(const fs::path& data, const stack::Registry& registry) {
  std::vector<OperationRecord> found = in_folders(data);
  for (const FoundProcess& process : find_operations()) {
    const bool known = std::any_of(found.begin(), found.end(),
                                   [&](const OperationRecord& record) { return record.id == process.operation; });
    if (known || process.command != "apply") continue;
    if (auto record = of_process(process, registry)) found.push_back(std::move(*record));
  }
  return found;
}

}  // namespace stackscaler::terraform
