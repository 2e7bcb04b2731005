// SPDX-License-Identifier: Apache-2.0
//
// The reading half of a look: what changed since the last one.
#include <chrono>
#include <ctime>
#include <thread>

#include "base/files.hpp"
#include "source/detail/scan.hpp"

namespace stackscaler::source::detail {
namespace {

namespace fs = std::filesystem;

constexpr int kLooks = 5;                             // while things move
constexpr std::chrono::milliseconds kSteadyPause{5};  // after the first, doubled each time
constexpr std::int64_t kSettledAfterNs = 50'000'000;  // above the kernel's time stamp granularity (a tick)

// The kernel's own coarse clock, by which it stamps files; the program's Clock is another and may be a test's.
std::int64_t file_system_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Reads what is not known yet; nothing when a file went meanwhile.
std::optional<Look> read_all(Scan found, const Stamps& known, const policy::Defaults& defaults, bool accept_less) {
  Look out;
  out.watch = std::move(found.watch);
  out.odd = std::move(found.odd);
  out.files.reserve(found.files.size());
  for (FoundFile& file : found.files) {
    LookedFile looked{std::move(file.path), file.stamp, true, std::nullopt, ""};
    const auto before = known.find(looked.path);
    if (before == known.end() || before->second != looked.stamp) {
      looked.settled = file_system_now() - looked.stamp.modified_ns > kSettledAfterNs;
      auto parsed = read_policies(file.real, looked.path, defaults);
      if (parsed) {
        looked.parsed = std::move(*parsed);
      } else if (parsed.error().kind() == ErrorKind::not_found) {
        if (!accept_less) return std::nullopt;
        continue;
      } else {
        looked.unreadable = parsed.error().message();
      }
    }
    out.files.push_back(std::move(looked));
  }
  return out;
}

}  // namespace

WatchList way_to(const fs::path& root) {
  WatchList out;
  out.add_way_to(root);
  return out;
}

Result<policy::ParsedFile> read_policies(const fs::path& real, const fs::path& path, const policy::Defaults& defaults) {
  auto text = read_file(real, policy::kMaxPolicyFileBytes);
  if (!text) return fail(std::move(text).error());
  std::error_code ec;
  const fs::path absolute = fs::absolute(path, ec).lexically_normal();
  return policy::parse_policies(*text, path.string(), absolute.parent_path(), defaults);
}

Result<Look> look(const fs::path& root, const Stamps& known, const policy::Defaults& defaults) {
  for (int attempt = 1;; ++attempt) {
    const bool last = attempt == kLooks;
    auto found = scan(root);
    if (!found) return fail(std::move(found).error());
    if (!found->unsteady || last) {
      if (auto out = read_all(std::move(*found), known, defaults, last)) {
        out->from_afar = is_changed_from_afar(root);
        return std::move(*out);
      }
    }
    std::this_thread::sleep_for(kSteadyPause * (1 << (attempt - 1)));
  }
}

}  // namespace stackscaler::source::detail
