// SPDX-License-Identifier: Apache-2.0
#include "terraform/tool.hpp"

#include <signal.h>
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

constexpr std::size_t kMaxOutput = 256U << 20U;
constexpr std::size_t kStderrTail = 4096;

bool allowed(std::string_view name) {
  constexpr std::array<std::string_view, 20> kNames{"PATH",
                                                    "HOME",
                                                    "USER",
                                                    "LANG",
                                                    "TMPDIR",
                                                    "http_proxy",
                                                    "HTTP_PROXY",
                                                    "https_proxy",
                                                    "HTTPS_PROXY",
                                                    "no_proxy",
                                                    "NO_PROXY",
                                                    "SSL_CERT_FILE",
                                                    "SSL_CERT_DIR",
                                                    "TF_PLUGIN_CACHE_DIR",
                                                    "TF_CLI_CONFIG_FILE",
                                                    "KUBECONFIG",
                                                    "LC_ALL",
                                                    "TZ",
                                                    "SSH_AUTH_SOCK",
                                                    "GIT_SSL_CAINFO"};
  constexpr std::array<std::string_view, 4> kPrefixes{"AWS_", "GOOGLE_", "ARM_", "TF_TOKEN_"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](auto prefix) { return name.starts_with(prefix); });
}

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

std::string tail(std::string text) {
  if (text.size() > kStderrTail) text.erase(0, text.size() - kStderrTail);
  return text;
}

}  // namespace

std::vector<std::string> child_environment(const std::vector<std::string>& inherited, const std::string& operation,
                                           const std::string& workspace) {
  std::vector<std::string> environment;
  for (const std::string& entry : inherited) {
    if (allowed(std::string_view(entry).substr(0, entry.find('=')))) environment.push_back(entry);
  }
  environment.emplace_back("TF_IN_AUTOMATION=1");
  environment.emplace_back("TF_INPUT=0");
  environment.emplace_back("CHECKPOINT_DISABLE=1");
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

Tool::Tool(asio::any_io_executor executor, BlockingPool& pool, Clock& clock, std::string binary)
    : executor_(std::move(executor)),
      pool_(pool),
      clock_(clock),
      name_(std::move(binary)),
      inherited_(own_environment()) {}

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
  spec.deadline = std::chrono::seconds(30);
  auto result = co_await run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
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
  child_spec.environment = environment(spec.operation, spec.workspace);
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
  bool ended = co_await child.wait_for(clock_, spec.deadline);
  if (!ended) {
    result.timed_out = true;
    child.signal(SIGINT);
    ended = co_await child.wait_for(clock_, spec.kill_after);
    if (!ended) {
      child.signal(SIGKILL);
      ended = co_await child.wait_for(clock_, spec.kill_after);
    }
  }
  if (spec.running != nullptr) std::erase(*spec.running, &child);
  result.exit = child.status();
  auto read = [run, file = spec.stdout_file] {
    auto again = file.empty() ? Result<Descriptor>(Descriptor())
                              : Result<Descriptor>(Descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC)));
    return std::pair(read_all(file.empty() ? run->out.get() : again->get(), kMaxOutput),
                     read_all(run->err.get(), kMaxOutput));
  };
  auto output = co_await offload(pool_, std::move(read));
  if (!output.first) co_return fail(std::move(output.first).error());
  result.out = std::move(*output.first);
  if (output.second) result.err = tail(std::move(*output.second));
  co_return result;
}

std::string stderr_text(const std::string& err) {
  std::string plain;
  for (std::size_t i = 0; i < err.size(); ++i) {
    // U+2500 to U+257F draw Terraform's frames.
    if (i + 2 < err.size() && err[i] == '\xE2' && (err[i + 1] == '\x94' || err[i + 1] == '\x95')) {
      i += 2;
      continue;
    }
    plain.push_back(err[i]);
  }
  const std::size_t error = plain.find("Error: ");
  if (error != std::string::npos) plain.erase(0, error);
  return one_line(plain, 400);
}

}  // namespace stackscaler::terraform
