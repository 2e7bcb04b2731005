// SPDX-License-Identifier: Apache-2.0
#include "terraform/tool.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

constexpr std::size_t kMaxErrors = 16U << 20U;
constexpr std::size_t kMaxVersion = 1U << 20U;
constexpr std::size_t kErrorsRead = 65536;
constexpr std::size_t kStderrTail = 4096;
constexpr Duration kLook = std::chrono::milliseconds(200);  // at how much a child has printed

// What comes back from the pool after a spawn.
struct Started {
  Result<ChildProcess> child;
  Descriptor out;
  Descriptor err;
};

Result<Descriptor> open_output(const fs::path& file) {
  return file.empty() ? memory_file("terraform-out") : create_private(file);
}

using StartResult = Result<std::shared_ptr<Started>>;

StartResult start(const asio::any_io_executor& executor, ChildSpec spec, const fs::path& stdout_file) {
  auto out = open_output(stdout_file);
  if (!out) return fail(std::move(out).error());
  auto err = memory_file("terraform-err");
  if (!err) return fail(std::move(err).error());
  spec.stdout_fd = out->get();
  spec.stderr_fd = err->get();
  auto child = ChildProcess::spawn(executor, spec);
  return std::make_shared<Started>(Started{std::move(child), std::move(*out), std::move(*err)});
}

// The end of what was printed. A part is never cut out of a value that must be found: redaction comes in between.
std::string tail(const std::string& text, const Redactor& redactor) {
  std::string out = redactor(text);
  if (out.size() > kStderrTail) out.erase(0, out.size() - kStderrTail);
  return out;
}

std::size_t size_of(int fd) {
  struct stat info{};
  return ::fstat(fd, &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

std::string_view name_of(std::string_view entry) {
  return entry.substr(0, entry.find('='));
}

// The last `room` bytes of the file.
std::string read_end(int fd, std::size_t room) {
  const std::size_t size = size_of(fd);
  std::size_t at = size > room ? size - room : 0;
  std::string out;
  std::vector<char> buffer(65536);
  while (out.size() < room) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (n <= 0) break;
    out.append(buffer.data(), static_cast<std::size_t>(n));
    at += static_cast<std::size_t>(n);
  }
  return out;
}

// What it printed, in memory. An overlong output is not read: no part of it is of use.
std::pair<Result<std::string>, std::string> outputs(const Started& run, const RunSpec& spec, bool flooded) {
  std::string err = tail(read_end(run.err.get(), kErrorsRead), spec.redactor);
  if (flooded) return {std::string(), std::move(err)};
  if (spec.stdout_file.empty()) return {read_all(run.out.get(), spec.max_output), std::move(err)};
  const Descriptor again(::open(spec.stdout_file.c_str(), O_RDONLY | O_CLOEXEC));
  return {read_all(again.get(), spec.max_output), std::move(err)};
}

}  // namespace

std::vector<std::string> child_environment(const std::vector<std::string>& own, const std::string& operation,
                                           const std::string& workspace, const std::vector<std::string>& variables,
                                           const ToolOptions& options) {
  std::vector<std::string> environment;
  const bool cache = !options.plugin_cache.empty();
  for (const std::string& entry : own) {
    const std::string_view name = name_of(entry);
    const bool replaced = (cache && name == "TF_PLUGIN_CACHE_DIR") ||
                          std::any_of(variables.begin(), variables.end(),
                                      [&](const std::string& variable) { return name_of(variable) == name; });
    if (!replaced && inherited(name, options.allow_env)) environment.push_back(entry);
  }
  environment.insert(environment.end(), variables.begin(), variables.end());
  if (cache) environment.push_back("TF_PLUGIN_CACHE_DIR=" + options.plugin_cache.string());
  environment.emplace_back("TF_IN_AUTOMATION=1");
  environment.emplace_back("TF_INPUT=0");
  environment.emplace_back("CHECKPOINT_DISABLE=1");
  // Terraform and its providers are short-lived Go programs that read large schemas: half the collections save an
  // eighth of their CPU and cost no memory at the peak (docs/explanation/performance.md).
  const bool tuned = std::any_of(environment.begin(), environment.end(),
                                 [](const std::string& entry) { return name_of(entry) == "GOGC"; });
  if (!tuned) environment.emplace_back("GOGC=200");
  if (!operation.empty()) environment.push_back("STACKSCALER_OPERATION_ID=" + operation);
  if (!workspace.empty()) environment.push_back("TF_WORKSPACE=" + workspace);
  return environment;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

Result<std::string> find_binary(const std::string& name) {
  const auto executable = [](const fs::path& path) {
    std::error_code ec;
    return fs::is_regular_file(path, ec) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    if (executable(name)) return fs::absolute(name).string();
    return fail(ErrorKind::not_found, reason::kTerraformMissing, name + " is no program that can be run");
  }
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const fs::path candidate = fs::path(rest.substr(0, end)) / name;
    if (candidate.is_absolute() && executable(candidate)) return candidate.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return fail(ErrorKind::not_found, reason::kTerraformMissing,
              "'" + name + "' is not on the PATH; install Terraform or OpenTofu, or name the program (--terraform)");
}

Result<Version> parse_version(const std::string& json, const std::string& binary) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  Version version;
  if (parsed.is_object() && parsed.contains("terraform_version") && parsed["terraform_version"].is_string()) {
    version.text = parsed["terraform_version"].get<std::string>();
  }
  const char* const end = version.text.data() + version.text.size();
  const auto [dot, bad] = std::from_chars(version.text.data(), end, version.major);
  const bool ok =
      bad == std::errc{} && dot != end && *dot == '.' && std::from_chars(dot + 1, end, version.minor).ec == std::errc{};
  if (!ok) return fail(ErrorKind::unavailable, reason::kTerraformVersion, binary + " does not tell its version");
  version.tofu = fs::path(binary).filename().string().find("tofu") != std::string::npos;
  return version;
}

Tool::Tool(asio::any_io_executor executor, BlockingPool& pool, Clock& clock, std::string binary, ToolOptions options)
    : executor_(std::move(executor)),
      pool_(pool),
      clock_(clock),
      name_(std::move(binary)),
      own_(own_environment()),
      options_(std::move(options)) {}

asio::awaitable<Result<Version>> Tool::version() {
  auto find = [name = name_] {
    auto path = find_binary(name);
    return std::pair(path, path ? stamp_of(*path) : FileStamp());
  };
  auto found = co_await offload(pool_, std::move(find));
  if (!found.first) co_return fail(std::move(found.first).error());
  if (version_ && path_ == *found.first && stamp_ == found.second) co_return *version_;
  path_ = std::move(*found.first);
  RunSpec spec;
  spec.folder = "/";  // anywhere without a configuration
  spec.arguments = {"version", "-json"};
  spec.deadline = options_.version_deadline;
  spec.kill_after = std::chrono::seconds(5);
  spec.max_output = kMaxVersion;
  auto result = co_await run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (result->timed_out || result->flooded) {
    co_return fail(ErrorKind::unavailable, reason::kTerraformVersion,
                   path_ + " does not tell its version" +
                       (result->timed_out ? " within " + format_duration(options_.version_deadline)
                                          : std::string(": it printed more than a megabyte")));
  }
  auto version = parse_version(result->out, path_);
  if (!version) co_return fail(std::move(version).error());
  version_ = std::move(*version);
  stamp_ = found.second;
  co_return *version_;
}

asio::awaitable<Result<RunResult>> Tool::run(RunSpec spec) {
  ChildSpec child_spec;
  child_spec.program = path_;
  child_spec.arguments = spec.arguments;
  child_spec.environment = environment(spec.operation, spec.workspace, spec.variables);
  child_spec.folder = spec.folder;
  auto begin = [executor = executor_, child_spec = std::move(child_spec), file = spec.stdout_file] {
    return start(executor, child_spec, file);
  };
  auto started = co_await offload(pool_, std::move(begin));
  if (!started) co_return fail(std::move(started).error());
  const std::shared_ptr<Started> run = std::move(*started);
  if (!run->child) co_return fail(run->child.error());
  ChildProcess& child = *run->child;
  if (spec.running != nullptr) spec.running->push_back(&child);
  if (spec.stopping != nullptr && *spec.stopping) child.signal(SIGINT);
  RunResult result;
  co_await wait_for_end(child, spec, run->out.get(), run->err.get(), result);
  if (spec.running != nullptr) std::erase(*spec.running, &child);
  result.exit = child.status();
  auto read = [run, spec, flooded = result.flooded] { return outputs(*run, spec, flooded); };
  auto output = co_await offload(pool_, std::move(read));
  if (!output.first) co_return fail(std::move(output.first).error());
  result.out = std::move(*output.first);
  result.err = std::move(output.second);
  co_return result;
}

asio::awaitable<void> Tool::wait_for_end(ChildProcess& child, const RunSpec& spec, int out, int err,
                                         RunResult& result) {
  const SteadyTime end = clock_.steady_now() + spec.deadline;
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(end - clock_.steady_now());
    if (left <= Duration::zero()) {
      result.timed_out = true;
      break;
    }
    const bool ended = co_await child.wait_for(clock_, std::min(left, kLook));
    result.flooded = size_of(out) > spec.max_output || size_of(err) > kMaxErrors;
    if (ended) co_return;
    if (result.flooded) break;
  }
  child.signal(SIGINT);
  if (co_await child.wait_for(clock_, spec.kill_after)) co_return;
  child.signal(SIGKILL);
  (void)co_await child.wait_for(clock_, spec.kill_after);
}

std::string without_frames(const std::string& err) {
  std::string plain;
  for (std::size_t i = 0; i < err.size(); ++i) {
    // U+2500 to U+257F draw Terraform's frames.
    if (i + 2 < err.size() && err[i] == '\xE2' && (err[i + 1] == '\x94' || err[i + 1] == '\x95')) {
      i += 2;
      continue;
    }
    plain.push_back(err[i]);
  }
  return plain;
}

std::string stderr_text(const std::string& err) {
  std::string plain = without_frames(err);
  const std::size_t error = plain.find("Error: ");
  if (error != std::string::npos) plain.erase(0, error);
  return one_line(plain, 400);
}

}  // namespace stackscaler::terraform
