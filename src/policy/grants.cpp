// SPDX-License-Identifier: Apache-2.0
#include "policy/grants.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "policy/detail/names.hpp"
#include "policy/detail/reader.hpp"

namespace stackscaler::policy {
namespace {

using detail::Fields;

bool is_pattern(std::string_view text) {
  const std::size_t star = text.find('*');
  return !text.empty() && text.size() <= 253 && (star == std::string_view::npos || star + 1 == text.size()) &&
         detail::is_path(text) && text.find(' ') == std::string_view::npos;
}
bool is_granted_file(std::string_view text) {
  return detail::is_path(text) && text.starts_with('/') && text.find("/../") == std::string_view::npos &&
         !text.ends_with("/..");
}
bool is_model_type(std::string_view text) {
  return text == "gemini" || text == "openai";
}

Grant decode_grant(Fields& f) {
  Grant out;
  constexpr std::string_view kPattern = "a name, or a prefix that ends in '*'";
  read_strings(f, "namespaces", kPattern, is_pattern, out.namespaces);
  if (!f.has("namespaces")) f.missing("namespaces", "is missing; \"*\" is all of them");
  read_strings(f, "stacks", kPattern, is_pattern, out.stacks);
  read_strings(f, "env", kPattern, is_pattern, out.env);
  read_strings(f, "secrets", kPattern, is_pattern, out.secrets);
  read_strings(f, "tenants", kPattern, is_pattern, out.tenants);
  read_strings(f, "urls", "an http:// or https:// URL", detail::is_http_url, out.urls);
  read_strings(f, "files", "an absolute path; that of a folder ends in '/'", is_granted_file, out.files);
  read_strings(f, "advisors", "gemini or openai", is_model_type, out.advisors);
  read_bool(f, "commands", out.commands);
  read_bool(f, "backendConfig", out.backend_config);
  read_bool(f, "allowDataLoss", out.data_loss);
  f.finish();
  return out;
}

bool matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}
bool any_matches(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return matches(pattern, name); });
}

// A granted URL ends where a part of the path does: https://a/b grants https://a/b/c and not https://a/bc.
bool within_url(std::string_view granted, std::string_view url) {
  if (!url.starts_with(granted) || url.find("/../") != std::string_view::npos || url.ends_with("/..")) return false;
  if (url.size() == granted.size() || granted.ends_with('/')) return true;
  const char next = url[granted.size()];
  return next == '/' || next == '?';
}
bool within_file(std::string_view granted, std::string_view file) {
  if (file.find("/../") != std::string_view::npos || file.ends_with("/..")) return false;
  return granted.ends_with('/') ? file.starts_with(granted) : file == granted;
}

// The grants of one policy's namespace and stack, and what they lack.
class Check {
 public:
  Check(const ScalingPolicy& policy, const std::string& stack_id, const Grants& grants) : policy_(policy) {
    for (const Grant& grant : grants) {
      if (any_matches(grant.namespaces, policy.key.namespace_) && any_matches(grant.stacks, stack_id)) {
        mine_.push_back(&grant);
      }
    }
    if (mine_.empty()) lack("spec.stack.id: the stack " + stack_id);
  }

  std::vector<std::string> run() {
    check_stack();
    for (const Metric& metric : policy_.spec.metrics) {
      if (metric.source) check_source(fmt::format("spec.metrics[{}].source", metric.name), *metric.source);
    }
    check_advisor();
    return std::move(lacks_);
  }

 private:
  void lack(const std::string& what) {
    lacks_.push_back(what + " is not granted to namespace " + policy_.key.namespace_);
  }
  template <class Allowed>
  void need(Allowed allowed, const std::string& what) {
    if (!std::any_of(mine_.begin(), mine_.end(), [&](const Grant* grant) { return allowed(*grant); })) lack(what);
  }
  void need_file(const std::string& where, const std::string& file) {
    if (file.empty()) return;
    need(
        [&](const Grant& g) {
          return std::any_of(g.files.begin(), g.files.end(),
                             [&](const auto& granted) { return within_file(granted, file); });
        },
        where + ": the file " + file);
  }
  // A file of the stack's own folder needs no grant.
  void need_stack_file(const std::string& where, const std::string& file) {
    const bool climbs =
        file == ".." || file.starts_with("../") || file.find("/../") != std::string::npos || file.ends_with("/..");
    if (file.starts_with('/') || climbs) need_file(where, file);
  }
  void need_url(const std::string& where, const std::string& url) {
    if (url.empty()) return;
    need(
        [&](const Grant& g) {
          return std::any_of(g.urls.begin(), g.urls.end(),
                             [&](const auto& granted) { return within_url(granted, url); });
        },
        where + ": the URL " + url);
  }
  void need_secret(const std::string& where, const SecretRef& secret) {
    if (secret.empty()) return;
    need([&](const Grant& g) { return any_matches(g.secrets, secret.name); }, where + ": the Secret " + secret.name);
  }
  void need_hook(const std::string& where, const std::optional<Hook>& hook) {
    if (!hook) return;
    if (!hook->command.empty()) need([](const Grant& g) { return g.commands; }, where + ".command: a command");
    need_url(where + ".webhook", hook->webhook);
  }

  void check_stack() {
    const StackRef& stack = policy_.spec.stack;
    for (const EnvVariable& variable : stack.env) {
      const std::string where = "spec.stack.env[" + variable.name + "]";
      need([&](const Grant& g) { return any_matches(g.env, variable.name); }, where + ": the variable");
      need_file(where + ".file", variable.file);
      need_secret(where + ".secretRef", variable.secret);
    }
    for (const std::string& file : stack.var_files) need_stack_file("spec.stack.varFiles", file);
    if (!stack.template_file.empty()) need_stack_file("spec.stack.template", stack.template_file);
    if (!stack.backend_config.empty()) {
      need([](const Grant& g) { return g.backend_config; }, "spec.stack.backendConfig: a backend's configuration");
    }
    if (stack.allow_data_loss) need([](const Grant& g) { return g.data_loss; }, "spec.stack.allowDataLoss: data loss");
    need_hook("spec.stack.hooks.preScaleIn", stack.pre_scale_in);
    need_hook("spec.stack.hooks.postScaleOut", stack.post_scale_out);
  }

  void check_source(const std::string& where, const Source& source) {
    need_url(where + ".url", source.url);
    if (source.url.empty() && !source.tenant.empty()) {
      need([&](const Grant& g) { return any_matches(g.tenants, source.tenant); },
           where + ".tenant: the tenant " + source.tenant);
    }
    need_file(where + ".auth.bearer.file", source.bearer_file);
    need_secret(where + ".auth.bearer.secretRef", source.bearer_secret);
    need_file(where + ".auth.basic.passwordFile", source.basic_password_file);
    need_secret(where + ".auth.basic.passwordSecretRef", source.basic_password_secret);
    need_file(where + ".tls.ca", source.ca_file);
    need_file(where + ".tls.cert", source.certificate_file);
    need_file(where + ".tls.key", source.key_file);
  }

  void check_advisor() {
    const Advisor& advisor = policy_.spec.advisor;
    if (advisor.type != AdvisorType::gemini && advisor.type != AdvisorType::openai) return;
    const std::string type(to_string(advisor.type));
    need([&](const Grant& g) { return any_matches(g.advisors, type); }, "spec.advisor.type: the model advisor " + type);
    need_url("spec.advisor.baseURL", advisor.base_url);
    need_file("spec.advisor.apiKey.file", advisor.key_file);
    need_secret("spec.advisor.apiKey.secretRef", advisor.key_secret);
  }

  const ScalingPolicy& policy_;
  std::vector<const Grant*> mine_;
  std::vector<std::string> lacks_;
};

}  // namespace

Grants default_grants() {
  Grant all;
  all.namespaces = {"*"};
  all.stacks = {"*"};
  return {all};
}

Result<Grants> parse_grants(std::string_view text, std::string_view file) {
  detail::Stream stream = detail::read_stream(text);
  std::vector<Diagnostic> found = std::move(stream.problems);
  Grants out;
  detail::Problems problems;
  for (detail::Document& document : stream.documents) {
    found.insert(found.end(), document.problems.begin(), document.problems.end());
    if (!document.root || document.root->kind == detail::Node::Kind::null) continue;
    if (document.root->kind != detail::Node::Kind::mapping) {
      problems.add(document.root->at, "must be a mapping with `grants`, got " + detail::describe(*document.root));
      continue;
    }
    Fields fields(*document.root, "", problems);
    if (!fields.has("grants")) fields.missing("grants", "is missing; it is the list of what namespaces may use");
    read_mappings(fields, "grants", 1000, [&](Fields& entry) { out.push_back(decode_grant(entry)); });
    fields.finish();
  }
  const auto more = problems.take();
  found.insert(found.end(), more.begin(), more.end());
  if (found.empty()) return out;
  std::string message;
  for (const Diagnostic& problem : found) message += (message.empty() ? "" : "\n") + problem.str(file);
  return fail(ErrorKind::invalid_input, std::move(message));
}

std::vector<std::string> not_granted(const ScalingPolicy& policy, const std::string& stack_id, const Grants& grants) {
  return Check(policy, stack_id, grants).run();
}

}  // namespace stackscaler::policy
