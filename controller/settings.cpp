// SPDX-License-Identifier: Apache-2.0
#include "controller/settings.hpp"

#include "controller/cluster_settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "controller/options.hpp"
#include "terraform/environment.hpp"

namespace stackscaler::controller {
namespace {

Result<void> bad(const std::string& text, std::string_view wanted) {
  return fail(ErrorKind::invalid_input, "'" + text + "' is not " + std::string(wanted));
}

Result<void> set_bool(bool& out, const std::string& text) {
  if (text == "true" || text == "1" || text == "True" || text == "TRUE") return out = true, Result<void>{};
  if (text == "false" || text == "0" || text == "False" || text == "FALSE") return out = false, Result<void>{};
  return bad(text, "true or false");
}

template <class T>
Result<void> set_number(T& out, const std::string& text, T low, T high, std::string_view wanted) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || !(value >= low && value <= high))
    return bad(text, wanted);
  out = value;
  return {};
}

Result<void> set_path(std::filesystem::path& out, const std::string& text) {
  if (text.empty()) return bad(text, "a path");
  out = text;
  return {};
}

// A file is absolute from here on: it is read later.
Result<void> set_file(std::string& out, const std::string& text) {
  if (text.empty()) return bad(text, "a path");
  out = std::filesystem::absolute(text).lexically_normal().string();
  return {};
}

Result<void> set_tenant(Options& o, const std::string& text) {
  if (text.empty() || text.size() > 1024) return bad(text, "a tenant");
  for (const char c : text) {
    if (c <= 0x20 || c >= 0x7f) return bad(text, "a tenant: printable characters without spaces");
  }
  o.prometheus.tenant = text;
  return {};
}

Result<void> set_user(Options& o, const std::string& text) {
  if (text.empty() || text.find(':') != std::string::npos) return bad(text, "a user name (without ':')");
  o.prometheus.basic_user = text;
  return {};
}

Result<void> set_log_format(Options& o, const std::string& text) {
  if (text == "text") return o.log_format = LogFormat::text, Result<void>{};
  if (text == "logfmt") return o.log_format = LogFormat::logfmt, Result<void>{};
  if (text == "json") return o.log_format = LogFormat::json, Result<void>{};
  return bad(text, "text, logfmt or json");
}

Result<void> set_log_level(Options& o, const std::string& text) {
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warn, LogLevel::error}) {
    if (text == to_string(level)) return o.log_level = level, Result<void>{};
  }
  return bad(text, "debug, info, warn or error");
}

Result<void> set_status(Options& o, const std::string& text) {
  if (text == "auto") return o.status = StatusTarget::auto_, Result<void>{};
  if (text == "inline") return o.status = StatusTarget::inline_, Result<void>{};
  if (text == "sidecar") return o.status = StatusTarget::sidecar, Result<void>{};
  if (text == "none") return o.status = StatusTarget::none, Result<void>{};
  return bad(text, "auto, inline, sidecar or none");
}

Result<void> set_url(Options& o, const std::string& text) {
  // Not repeated: it may hold a password, which is refused later.
  if (!text.starts_with("http://") && !text.starts_with("https://")) {
    return fail(ErrorKind::invalid_input, "the URL does not start with http:// or https://");
  }
  o.prometheus_url = text;
  return {};
}

Result<void> set_allow_env(Options& o, const std::string& text) {
  o.allow_env.clear();
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string pattern(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (auto good = terraform::check_pattern(pattern); !good) return good;
    o.allow_env.push_back(std::move(pattern));
  }
  return {};
}

Result<void> set_allow_hosts(Options& o, const std::string& text) {
  o.allow_hosts.clear();
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string host(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    for (char& c : host) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
      if (!good) return bad(host, "a host's name (without scheme, port or wildcard)");
    }
    if (host.empty()) return bad(text, "a list of host names");
    o.allow_hosts.push_back(std::move(host));
  }
  return {};
}

Result<void> set_ceiling(Options& o, const std::string& text) {
  int value = 0;
  auto set = set_number(value, text, 1, policy::kMaxInstances, "a count from 1 to 100000");
  if (set) o.ceiling = value;
  return set;
}

Result<void> set_interval(Options& o, const std::string& text) {
  int minutes = 5;
  auto set = set_number(minutes, text, 1, 1440, "a number of minutes from 1 to 1440");
  if (set) o.defaults.interval = std::chrono::minutes(minutes);
  return set;
}

Result<void> set_confidence(Options& o, const std::string& text) {
  double& out = o.defaults.confidence_threshold;
  return set_number(out, text, 0.0, 1.0, "a number from 0 to 1");
}

Result<void> set_outside_hold(Options& o, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration < Duration(0) || *duration > std::chrono::hours(24)) {
    return bad(text, "a duration from 0s to 24h");
  }
  o.outside_hold = *duration;
  return {};
}

// "700MiB", "1GiB", "0"; without a unit bytes. Powers of 1024, as Kubernetes' quantities also without the B.
Result<void> set_memory(Options& o, const std::string& text) {
  constexpr std::string_view kWanted = "a size such as 700MiB or 1GiB (0: memory is not looked at)";
  constexpr std::array<std::pair<std::string_view, unsigned>, 7> kUnits{
      {{"", 0}, {"KiB", 10}, {"Ki", 10}, {"MiB", 20}, {"Mi", 20}, {"GiB", 30}, {"Gi", 30}}};
  constexpr std::uint64_t kLargest = 1ULL << 40U;
  std::uint64_t value = 0;
  const char* const last = text.data() + text.size();
  const auto [end, ec] = std::from_chars(text.data(), last, value);
  if (ec != std::errc{} || value > kLargest) return bad(text, kWanted);
  for (const auto& [unit, shift] : kUnits) {
    if (unit != std::string_view(end, last)) continue;
    if (value > kLargest >> shift) return bad(text, kWanted);
    o.terraform_memory = value << shift;
    return {};
  }
  return bad(text, kWanted);
}

constexpr int kMost = policy::kMaxInstances;

// clang-format off
constexpr std::array kSettings{
    Setting{"policies", "", "DIR", "", "folder of ScalingPolicy files, read recursively; without it every adopted stack is looked at, with the defaults",
            [](Options& o, const std::string& t) { return set_path(o.policies, t); }},
    Setting{"implicit", "", "", "false", "look also at adopted stacks that no policy names, with the defaults; always so without --policies",
            [](Options& o, const std::string& t) { return set_bool(o.implicit, t); }},
    Setting{"stacks", "", "DIR", ".infra/work", "folder of the adopted stacks",
            [](Options& o, const std::string& t) { return set_path(o.stacks, t); }},
    Setting{"data", "", "DIR", ".infra/data", "folder of the journal and of running operations",
            [](Options& o, const std::string& t) { return set_path(o.data, t); }},
    Setting{"prometheus-url", "PROMETHEUS_URL", "URL", "http://127.0.0.1:9090", "Prometheus' (or a compatible server's) base URL",
            set_url},
    Setting{"prometheus-tenant", "", "TENANT", "", "X-Scope-OrgID for Mimir; several are joined by |",
            set_tenant},
    Setting{"prometheus-bearer-file", "", "FILE", "", "file of the token that the server wants; read for every query",
            [](Options& o, const std::string& t) { return set_file(o.prometheus.bearer_file, t); }},
    Setting{"prometheus-basic-user", "", "NAME", "", "user name that the server wants, with --prometheus-password-file",
            set_user},
    Setting{"prometheus-password-file", "", "FILE", "", "file of that user's password; read for every query",
            [](Options& o, const std::string& t) { return set_file(o.prometheus.basic_password_file, t); }},
    Setting{"prometheus-ca", "", "FILE", "", "authorities (PEM) trusted instead of the system's, for https",
            [](Options& o, const std::string& t) { return set_file(o.prometheus.ca_file, t); }},
    Setting{"prometheus-cert", "", "FILE", "", "client certificate (PEM), with --prometheus-key",
            [](Options& o, const std::string& t) { return set_file(o.prometheus.certificate_file, t); }},
    Setting{"prometheus-key", "", "FILE", "", "the client certificate's key (PEM, not encrypted)",
            [](Options& o, const std::string& t) { return set_file(o.prometheus.key_file, t); }},
    Setting{"enable", "AUTO_SCALING_ENABLED", "", "false", "let the loop change stacks; off, it observes and reports",
            [](Options& o, const std::string& t) { return set_bool(o.enabled, t); }},
    Setting{"dry-run", "", "", "false", "change nothing, whatever asks for it",
            [](Options& o, const std::string& t) { return set_bool(o.dry_run, t); }},
    Setting{"default-interval-minutes", "AUTO_SCALING_INTERVAL_MINUTES", "N", "5", "interval of policies that name none",
            set_interval},
    Setting{"default-confidence-threshold", "AUTO_SCALING_CONFIDENCE_THRESHOLD", "X", "0.7", "confidence that an action needs, where a policy names none",
            set_confidence},
    Setting{"default-max-instances", "SCALE_UP_MAX_INSTANCES", "N", "20", "bounds.max of policies that name none",
            [](Options& o, const std::string& t) { return set_number(o.defaults.bounds.max, t, 1, kMost, "a count from 1 to 100000"); }},
    Setting{"default-min-instances", "SCALE_DOWN_MIN_INSTANCES", "N", "1", "bounds.min of policies that name none",
            [](Options& o, const std::string& t) { return set_number(o.defaults.bounds.min, t, 0, kMost, "a count from 0 to 100000"); }},
    Setting{"terraform", "", "PATH", "", "the terraform or tofu to run; without it the first of both on PATH",
            [](Options& o, const std::string& t) { o.terraform = t; return Result<void>{}; }},
    Setting{"plugin-cache", "", "DIR", "", "Terraform's plugin cache, created if need be; without it as TF_PLUGIN_CACHE_DIR says",
            [](Options& o, const std::string& t) { return set_path(o.plugin_cache, t); }},
    Setting{"allow-env", "", "NAMES", "", "more variables that Terraform inherits and spec.stack.env may set: names or prefixes ending in *, with commas",
            set_allow_env},
    Setting{"allow-terraform-version", "", "", "false", "apply also with a Terraform newer than those tested",
            [](Options& o, const std::string& t) { return set_bool(o.allow_terraform_version, t); }},
    Setting{"max-concurrent", "", "N", "2", "Terraform plans and applies at a time",
            [](Options& o, const std::string& t) { return set_number(o.max_concurrent, t, 1, 1000, "a number from 1 to 1000"); }},
    Setting{"terraform-memory", "", "SIZE", "700MiB", "memory that must be free for another one to start beside those that run; 0: don't look",
            set_memory},
    Setting{"max-destroyed-per-hour", "", "N", "0", "at most so many instances destroyed within an hour over all stacks; 0: no limit",
            [](Options& o, const std::string& t) { return set_number(o.fleet.max_destroyed_per_hour, t, 0, kMost, "a number from 0 to 100000"); }},
    Setting{"shrink-breaker", "", "PERCENT", "50", "hold all scale-downs when more than this share of the policies begins to want one at once; 0: never",
            [](Options& o, const std::string& t) { return set_number(o.fleet.shrink_breaker_percent, t, 0, 100, "a percentage from 0 to 100"); }},
    Setting{"outside-change-hold", "", "DURATION", "5m", "leave a stack alone for so long after another hand changed its count",
            set_outside_hold},
    Setting{"status", "", "WHERE", "auto", "where statuses go: inline (the policy's own document), sidecar (a file under --data), auto (inline, but a sidecar where git tracks the file or it can't be written) or none",
            set_status},
    Setting{"max-instances-ceiling", "", "N", "", "no count above this, whatever a policy or a person asks for",
            set_ceiling},
    Setting{"listen", "", "ADDR:PORT", "127.0.0.1:8008", "where the API and the dashboard are served; off: nowhere. Beyond this machine only with a token",
            [](Options& o, const std::string& t) { o.listen = t; return Result<void>{}; }},
    Setting{"token-file", "", "FILE", "", "file of the token that changing calls need, at least 16 characters; or the variable STACKSCALER_TOKEN. Without one the API is read-only",
            [](Options& o, const std::string& t) { return set_path(o.token_file, t); }},
    Setting{"tls-cert", "", "FILE", "", "serve https: the certificate with its chain (PEM), read again when it changes",
            [](Options& o, const std::string& t) { return set_file(o.tls_certificate, t); }},
    Setting{"tls-key", "", "FILE", "", "the certificate's key (PEM, not encrypted)",
            [](Options& o, const std::string& t) { return set_file(o.tls_key, t); }},
    Setting{"allow-host", "", "NAMES", "", "host names under which the API may be asked beside addresses and localhost, with commas",
            set_allow_hosts},
    Setting{"api-changes-a-minute", "", "N", "60", "at most so many changing calls a minute from one client; 0: no limit",
            [](Options& o, const std::string& t) { return set_number(o.changes_per_minute, t, 0, 1'000'000, "a number from 0 to 1000000"); }},
    Setting{"log-format", "", "FORMAT", "", "text, logfmt or json; without it text on a terminal, else logfmt",
            set_log_format},
    Setting{"log-level", "", "LEVEL", "info", "debug, info, warn or error",
            set_log_level},
};
// clang-format on

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> out(kSettings.begin(), kSettings.end());
    const auto more = cluster_settings();
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }();
  return all;
}

}  // namespace stackscaler::controller
