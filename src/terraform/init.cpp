// SPDX-License-Identifier: Apache-2.0
#include "terraform/init.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/failure.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

constexpr const char* kLockFile = ".stackscaler-init.lock";
constexpr std::size_t kMaxInitOutput = 16U << 20U;

std::unexpected<Error> stopped() {
  return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
}

fs::path cache_in(const std::vector<std::string>& environment) {
  constexpr std::string_view kName = "TF_PLUGIN_CACHE_DIR=";
  for (const std::string& entry : environment) {
    if (entry.starts_with(kName)) return entry.substr(kName.size());
  }
  return {};
}

// The cache's lock file, open; the program's own where the cache is none or can't be written to.
Result<Descriptor> open_lock(const fs::path& cache, bool make_cache, const fs::path& data) {
  std::error_code ec;
  if (make_cache && !fs::is_directory(cache, ec)) {
    fs::create_directories(cache.parent_path(), ec);
    if (::mkdir(cache.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(ErrorKind::unavailable, "cannot create the plugin cache " + cache.string() + ": " +
                                              std::strerror(errno) + "; name another folder (--plugin-cache)");
    }
  }
  constexpr int kFlags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
  if (!cache.empty()) {
    Descriptor lock(::open((cache / kLockFile).c_str(), kFlags, 0600));
    if (lock.ok()) return lock;
  }
  fs::create_directories(data, ec);
  Descriptor lock(::open((data / kLockFile).c_str(), kFlags, 0600));
  if (lock.ok()) return lock;
  return fail(ErrorKind::unavailable, "cannot create " + (data / kLockFile).string() + ": " + std::strerror(errno));
}

// Waits for its turn among the processes of this machine.
asio::awaitable<Result<Descriptor>> take_turn(Services& services, const Target& target) {
  const fs::path cache = cache_in(services.tool.environment("", "", target.environment));
  const bool ours = !services.options.plugin_cache.empty();
  auto open = [cache, ours, data = services.options.data] { return open_lock(cache, ours, data); };
  auto lock = co_await offload(services.pool, std::move(open));
  if (!lock) co_return lock;
  const SteadyTime until = services.clock.steady_now() + services.options.init_deadline;
  // Never waits in the call, so the loop may make it.
  while (::flock(lock->get(), LOCK_EX | LOCK_NB) != 0) {
    if (services.stopping) co_return stopped();
    if (services.clock.steady_now() >= until) {
      co_return fail(ErrorKind::conflict, reason::kInitFailed,
                     "stack " + target.entry.id + ": another process has been at terraform init for longer than " +
                         format_duration(services.options.init_deadline));
    }
    (void)co_await services.clock.sleep_for(std::chrono::milliseconds(200));
  }
  co_return lock;
}

// The settings as arguments; KEY=VALUE ones in files under `folder`, which it makes when there are any.
Result<std::vector<std::string>> backend_arguments(const fs::path& folder, const std::vector<std::string>& settings) {
  std::vector<std::string> arguments;
  for (const std::string& setting : settings) {
    if (setting.find('=') == std::string::npos) {
      arguments.push_back("-backend-config=" + setting);
      continue;
    }
    auto line = backend_line(setting);
    if (!line) return fail(std::move(line).error());
    std::error_code ec;
    fs::create_directories(folder.parent_path(), ec);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return fail(ErrorKind::unavailable, "cannot create " + folder.string() + ": " + std::strerror(errno));
    }
    const fs::path file = folder / (std::to_string(arguments.size()) + ".tfbackend");
    auto written = write_file_atomic(file, *line, 0600);
    if (!written) return fail(std::move(written).error());
    arguments.push_back("-backend-config=" + file.string());
  }
  return arguments;
}

asio::awaitable<Result<void>> run_init(Services& services, const Target& target, fs::path scratch) {
  const fs::path folder = target.entry.folder;
  auto make = [scratch, settings = target.ref.backend_config] { return backend_arguments(scratch, settings); };
  auto backend = co_await offload(services.pool, std::move(make));
  if (!backend) co_return fail(std::move(backend).error().with_context("stack " + target.entry.id));
  std::vector<std::string> arguments{"init", "-input=false", "-no-color", lock_timeout(services)};
  std::error_code ec;
  if (fs::exists(folder / ".terraform.lock.hcl", ec)) arguments.emplace_back("-lockfile=readonly");
  arguments.insert(arguments.end(), backend->begin(), backend->end());
  RunSpec spec = run_spec(services, target, std::move(arguments), services.options.init_deadline);
  spec.max_output = kMaxInitOutput;
  spec.running = &services.plans;
  spec.stopping = &services.stopping;
  auto result = co_await services.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (result->exit.success() && !result->flooded) co_return Result<void>{};
  if (services.stopping) co_return stopped();
  FailedCall failed = failed_call(services, target, "terraform init", reason::kInitFailed);
  failed.deadline = services.options.init_deadline;
  const PlanStream nothing;
  co_return fail(call_error(failed, *result, nothing));
}

}  // namespace

Result<std::string> backend_line(const std::string& setting) {
  const std::size_t equals = setting.find('=');
  const std::string key = setting.substr(0, equals);
  const bool word =
      equals != std::string::npos && !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (!word) {
    return fail(ErrorKind::invalid_input, reason::kConfigInvalid,
                "spec.stack.backendConfig: '" + one_line(key, 60) + "' is no name of a backend setting");
  }
  const std::string value = setting.substr(equals + 1);
  if (value.starts_with('{') || value.starts_with('[')) return key + " = " + value + "\n";
  std::string quoted;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    const bool opens = (c == '$' || c == '%') && i + 1 < value.size() && value[i + 1] == '{';
    if (opens) quoted.push_back(c);  // "$${" is a plain "${"
    if (c == '\\' || c == '"') quoted.push_back('\\');
    if (c == '\n') {
      quoted += "\\n";
    } else {
      quoted.push_back(c);
    }
  }
  return key + " = \"" + quoted + "\"\n";
}

asio::awaitable<Result<void>> ensure_init(Services& services, Target& target) {
  const fs::path folder = target.entry.folder;
  auto read = [folder, settings = target.ref.backend_config] { return fingerprint(folder, settings); };
  auto again = read;
  auto before = co_await offload(services.pool, std::move(read));
  if (!before) co_return fail(std::move(before).error());
  stack::TerraformRecord& record = *target.entry.metadata.terraform;
  if (*before == record.init_fingerprint) co_return Result<void>{};
  co_await services.init_slots.acquire();
  const SlotHolder holder(services.init_slots);
  if (services.stopping) co_return stopped();
  auto turn = co_await take_turn(services, target);
  if (!turn) co_return fail(std::move(turn).error());
  const fs::path scratch = services.options.data / ("init-" + services.random.id());
  auto ran = co_await run_init(services, target, scratch);
  auto clean = [scratch] {
    std::error_code ignored;
    return fs::remove_all(scratch, ignored);
  };
  (void)co_await offload(services.pool, std::move(clean));
  *turn = Descriptor();
  if (!ran) co_return ran;
  // init makes .terraform and the lock file: the fingerprint to remember is the one after it.
  auto after = co_await offload(services.pool, std::move(again));
  if (!after) co_return fail(std::move(after).error());
  record.init_fingerprint = std::move(*after);
  // A stack that is only being adopted is written once, when all of it is known.
  if (record.lineage.empty()) co_return Result<void>{};
  auto save = [&registry = services.registry, entry = target.entry]() mutable {
    // What others have written into the file since it was read stays.
    if (auto now = registry.load(entry.id)) entry.metadata.raw = std::move(now->metadata.raw);
    return registry.save(entry);
  };
  co_return co_await offload(services.pool, std::move(save));
}

}  // namespace stackscaler::terraform
