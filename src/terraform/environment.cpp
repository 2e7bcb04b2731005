// SPDX-License-Identifier: Apache-2.0
#include "terraform/environment.hpp"

#include <algorithm>
#include <array>

#include "base/files.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

constexpr std::size_t kMaxValue = 65536;
constexpr std::size_t kLeastInherited = 8;  // a shorter inherited value may be any word

constexpr std::array<std::string_view, 10> kInherited{"PATH",
                                                      "USER",
                                                      "LANG",
                                                      "TMPDIR",
                                                      "LC_ALL",
                                                      "TZ",
                                                      "KUBECONFIG",
                                                      "SSH_AUTH_SOCK",
                                                      "TF_PLUGIN_CACHE_DIR",
                                                      "TF_CLI_CONFIG_FILE"};
// A policy may set these, too.
constexpr std::array<std::string_view, 15> kCommon{
    "HOME",         "http_proxy",     "HTTP_PROXY",         "https_proxy",     "HTTPS_PROXY",
    "no_proxy",     "NO_PROXY",       "all_proxy",          "ALL_PROXY",       "SSL_CERT_FILE",
    "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CLOUDSDK_CONFIG", "GIT_SSL_CAINFO"};
constexpr std::array<std::string_view, 4> kPrefixes{"AWS_", "GOOGLE_", "ARM_", "TF_TOKEN_"};

// What the program itself sets, what decides which code runs, and what makes Terraform print everything.
constexpr std::array<std::string_view, 12> kNever{"PATH",
                                                  "TF_REATTACH_PROVIDERS",
                                                  "TF_DATA_DIR",
                                                  "TF_WORKSPACE",
                                                  "TF_IN_AUTOMATION",
                                                  "TF_INPUT",
                                                  "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
                                                  "CHECKPOINT_DISABLE",
                                                  "STACKSCALER_OPERATION_ID",
                                                  "GODEBUG",
                                                  "BASH_ENV",
                                                  "ENV"};
constexpr std::array<std::string_view, 4> kNeverPrefixes{"LD_", "TF_CLI_ARGS", "TF_LOG", "STACKSCALER_"};

template <class Names>
bool among(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Prefixes>
bool begins(std::string_view name, const Prefixes& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto prefix) { return name.starts_with(prefix); });
}

bool never(std::string_view name) {
  return among(name, kNever) || begins(name, kNeverPrefixes);
}

bool matches(std::string_view name, const EnvPatterns& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    if (!pattern.ends_with('*')) return name == pattern;
    return name.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  });
}

bool secret_name(std::string_view name) {
  constexpr std::array<std::string_view, 6> kSigns{"SECRET",     "TOKEN",       "PASSWORD",
                                                   "ACCESS_KEY", "CREDENTIALS", "PRIVATE_KEY"};
  // A file's name is none: GOOGLE_APPLICATION_CREDENTIALS, AWS_WEB_IDENTITY_TOKEN_FILE.
  if (name.ends_with("_FILE") || name == "GOOGLE_APPLICATION_CREDENTIALS") return false;
  return std::any_of(kSigns.begin(), kSigns.end(),
                     [&](auto sign) { return name.find(sign) != std::string_view::npos; });
}

Result<std::string> value_of(const policy::EnvVariable& variable) {
  if (variable.file.empty()) return variable.value;
  auto text = read_file(variable.file, kMaxValue);
  if (!text) {
    return fail(std::move(text).error().with_context("spec.stack.env " + variable.name));
  }
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->find('\0') != std::string::npos) {
    return fail(ErrorKind::invalid_input, "spec.stack.env " + variable.name + ": " + variable.file +
                                              " holds a zero byte, which no environment variable can");
  }
  return text;
}

}  // namespace

Result<void> check_pattern(const std::string& pattern) {
  const std::string name = pattern.ends_with('*') ? pattern.substr(0, pattern.size() - 1) : pattern;
  const bool word = !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (!word || (pattern.ends_with('*') && name.size() < 2)) {
    return fail(
        ErrorKind::invalid_input,
        "'" + pattern + "' is not the name of an environment variable or a prefix of two or more letters and *");
  }
  if (never(name)) {
    return fail(ErrorKind::invalid_input,
                "'" + pattern + "' is never passed to Terraform: it would change what runs, or have it print secrets");
  }
  return {};
}

bool inherited(std::string_view name, const EnvPatterns& more) {
  if (name == "PATH") return true;
  if (never(name)) return false;
  return among(name, kInherited) || among(name, kCommon) || begins(name, kPrefixes) || matches(name, more);
}

bool settable(std::string_view name, const EnvPatterns& more) {
  return !never(name) && (among(name, kCommon) || begins(name, kPrefixes) || matches(name, more));
}

Result<std::vector<std::string>> resolve_environment(const std::vector<policy::EnvVariable>& variables,
                                                     const EnvPatterns& more) {
  std::string refused;
  for (const policy::EnvVariable& variable : variables) {
    if (!settable(variable.name, more)) refused += (refused.empty() ? "" : ", ") + variable.name;
  }
  if (!refused.empty()) {
    return fail(ErrorKind::invalid_input, reason::kEnvNotAllowed,
                "spec.stack.env sets " + refused +
                    ", which the operator does not allow; nothing was run. Remove it, or start with --allow-env NAME");
  }
  std::vector<std::string> out;
  for (const policy::EnvVariable& variable : variables) {
    auto value = value_of(variable);
    if (!value) return fail(std::move(value).error());
    out.push_back(variable.name + "=" + *value);
  }
  return out;
}

Redactor redactor_for(const std::vector<std::string>& environment, const std::vector<std::string>& backend_config,
                      const std::vector<std::string>& own) {
  Redactor redactor;
  const auto add_value = [&](const std::string& entry) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) redactor.add(std::string_view(entry).substr(equals + 1));
  };
  for (const std::string& entry : environment) add_value(entry);
  for (const std::string& entry : backend_config) add_value(entry);
  for (const std::string& entry : own) {
    const std::size_t equals = std::min(entry.find('='), entry.size());
    if (entry.size() - equals > kLeastInherited && secret_name(std::string_view(entry).substr(0, equals))) {
      add_value(entry);
    }
  }
  return redactor;
}

}  // namespace stackscaler::terraform
