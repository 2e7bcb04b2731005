// SPDX-License-Identifier: Apache-2.0
//
// How much memory is free, from /proc and the cgroups above this process.
#include <algorithm>
#include <charconv>

#include "base/files.hpp"
#include "terraform/admission.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxText = 256U << 10U;
constexpr int kMaxDepth = 32;

std::optional<std::uint64_t> number_at(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  std::uint64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> number_in(const fs::path& file) {
  const auto text = read_file(file, kMaxText);
  return text ? number_at(*text) : std::nullopt;
}

// The number behind `name` at the start of a line.
std::optional<std::uint64_t> field_in(const fs::path& file, const std::string& name) {
  const auto text = read_file(file, kMaxText);
  if (!text) return std::nullopt;
  std::size_t at = text->starts_with(name) ? 0 : text->find("\n" + name);
  if (at == std::string::npos) return std::nullopt;
  at += ((*text)[at] == '\n' ? 1 : 0) + name.size();
  return number_at(std::string_view(*text).substr(at));
}

// Absent for a group without a limit.
std::optional<std::uint64_t> left_in(const fs::path& group) {
  const auto limit = number_in(group / "memory.max");
  const auto used = number_in(group / "memory.current");
  if (!limit || !used) return std::nullopt;
  const std::uint64_t cache = field_in(group / "memory.stat", "inactive_file ").value_or(0);
  const std::uint64_t working = *used - std::min(*used, cache);
  return *limit - std::min(*limit, working);
}

// This process's group as a path under the cgroup root: the line "0::/system.slice/…".
std::optional<fs::path> own_group(const fs::path& proc) {
  const auto text = read_file(proc / "self" / "cgroup", kMaxText);
  if (!text) return std::nullopt;
  const std::size_t at = text->starts_with("0::/") ? 0 : text->find("\n0::/");
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = text->find('/', at) + 1;
  return fs::path(text->substr(begin, text->find('\n', begin) - begin)).lexically_normal();
}

}  // namespace

std::optional<std::uint64_t> available_memory(const fs::path& proc, const fs::path& cgroup) {
  std::optional<std::uint64_t> least;
  const auto take = [&](std::optional<std::uint64_t> value) {
    if (value && (!least || *value < *least)) least = value;
  };
  if (const auto kib = field_in(proc / "meminfo", "MemAvailable:")) take(*kib * 1024);
  auto group = own_group(proc);
  for (int depth = 0; group && depth < kMaxDepth; ++depth) {
    take(left_in(cgroup / *group));
    if (group->empty() || *group == ".") break;
    group = group->parent_path();
  }
  return least;
}

}  // namespace stackscaler::terraform
