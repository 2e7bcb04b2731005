// SPDX-License-Identifier: Apache-2.0
//
// What /proc knows of processes that may not be our children (proc(5)).
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "terraform/process.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxProcBytes = 1U << 20U;

// /proc files have no size; a process that ends meanwhile gives an empty text.
std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 8192> buffer{};
  while (file && text.size() < kMaxProcBytes) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  return text;
}

struct Stat {
  char state = '?';
  std::uint64_t start = 0;
};

// Fields count from behind the last ')': the command in brackets may hold anything.
std::optional<Stat> read_stat(int pid) {
  const std::string text = slurp("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t close = text.rfind(')');
  if (close == std::string::npos || close + 2 >= text.size()) return std::nullopt;
  std::vector<std::string_view> fields;
  std::string_view rest = std::string_view(text).substr(close + 2);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    fields.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  constexpr std::size_t kStartTime = 22 - 3;  // the state is field 3
  if (fields.size() <= kStartTime || fields[0].empty()) return std::nullopt;
  Stat stat;
  stat.state = fields[0][0];
  const std::string_view start = fields[kStartTime];
  std::from_chars(start.data(), start.data() + start.size(), stat.start);
  return stat;
}

// The operation of whose environment this is, "" for any other program's.
std::string operation_in(std::string_view list) {
  constexpr std::string_view kName = "STACKSCALER_OPERATION_ID=";
  while (!list.empty()) {
    const std::size_t end = std::min(list.find('\0'), list.size());
    const std::string_view entry = list.substr(0, end);
    if (entry.starts_with(kName)) return std::string(entry.substr(kName.size()));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return {};
}

// The first argument of terraform itself that is no -chdir, "" for any other program.
std::string sub_command(int pid) {
  const std::string text = slurp("/proc/" + std::to_string(pid) + "/cmdline");
  const std::size_t first = text.find('\0');
  if (first == std::string::npos) return {};
  std::string command(text.c_str() + first + 1);
  if (command.starts_with("-chdir=")) {
    const std::size_t next = text.find('\0', first + 1);
    command = next == std::string::npos ? std::string() : std::string(text.c_str() + next + 1);
  }
  constexpr std::array kKnown{"apply", "plan", "init", "state", "version"};
  const bool known = std::any_of(kKnown.begin(), kKnown.end(), [&](const char* name) { return command == name; });
  return known ? command : std::string();
}

}  // namespace

std::string boot_id() {
  std::string text = slurp("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::optional<std::uint64_t> start_time(int pid) {
  const auto stat = read_stat(pid);
  if (!stat) return std::nullopt;
  return stat->start;
}

bool alive(const ProcessId& id) {
  if (id.pid <= 0 || id.boot_id != boot_id()) return false;
  const auto stat = read_stat(id.pid);
  return stat && stat->start == id.start && stat->state != 'Z' && stat->state != 'X';
}

std::vector<FoundProcess> find_operation(const std::string& operation) {
  std::vector<FoundProcess> found = find_operations();
  std::erase_if(found, [&](const FoundProcess& process) { return process.operation != operation; });
  return found;
}

std::vector<FoundProcess> find_operations() {
  std::vector<FoundProcess> found;
  const std::string boot = boot_id();
  std::error_code ec;
  fs::directory_iterator processes("/proc", ec);
  for (const fs::directory_iterator end; !ec && processes != end; processes.increment(ec)) {
    const std::string name = processes->path().filename().string();
    int pid = 0;
    const auto [stop, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc{} || stop != name.data() + name.size()) continue;
    std::string operation = operation_in(slurp(processes->path() / "environ"));
    if (operation.empty()) continue;
    FoundProcess process;
    process.operation = std::move(operation);
    std::error_code ignored;
    process.folder = fs::read_symlink(processes->path() / "cwd", ignored);
    process.id = ProcessId{pid, start_time(pid).value_or(0), boot};
    process.command = sub_command(pid);
    if (!process.command.empty() && alive(process.id)) found.push_back(std::move(process));
  }
  return found;
}

}  // namespace stackscaler::terraform
