// SPDX-License-Identifier: Apache-2.0
#include "terraform/classify.hpp"

#include <algorithm>

#include "policy/reasons.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

struct Phrase {
  std::string_view text;  // in lower case
  Fault fault;
};

// The first that is found decides, so the more telling come first: a provider that crashed also says "connection
// refused", a refused token also says "request failed".
constexpr Phrase kPhrases[] = {
    {"error acquiring the state lock", Fault::lock},
    {"state blob is already locked", Fault::lock},
    {"workspace is already locked", Fault::lock},

    {"initialization required", Fault::init_needed},
    {"required plugins are not installed", Fault::init_needed},
    {"module not installed", Fault::init_needed},
    {"inconsistent dependency lock file", Fault::init_needed},
    {"module source has changed", Fault::init_needed},
    {"module version requirements have changed", Fault::init_needed},
    {"backend configuration changed", Fault::init_needed},
    {"backend configuration block has changed", Fault::init_needed},
    {"missing or corrupted provider plugins", Fault::init_needed},

    {"plugin did not respond", Fault::provider_crash},
    {"plugin crashed", Fault::provider_crash},
    {"stack trace from the terraform-provider", Fault::provider_crash},
    {"provider produced invalid object", Fault::provider_crash},
    {"failed to instantiate provider", Fault::provider_crash},
    {"could not load plugin", Fault::provider_crash},
    {"failed to load plugin schemas", Fault::provider_crash},
    {"plugin process exited", Fault::provider_crash},
    {"unrecognized remote plugin message", Fault::provider_crash},
    {"(*grpcprovider)", Fault::provider_crash},

    // A throttled call is no refusal: it works a moment later.
    {"requestlimitexceeded", Fault::network},
    {"throttling", Fault::network},
    {"toomanyrequests", Fault::network},
    {"too many requests", Fault::network},
    {"ratelimitexceeded", Fault::network},
    {"slowdown", Fault::network},

    {"vcpulimitexceeded", Fault::quota},
    {"instancelimitexceeded", Fault::quota},
    {"insufficientinstancecapacity", Fault::quota},
    {"insufficientcapacity", Fault::quota},
    {"maxspotinstancecountexceeded", Fault::quota},
    {"addresslimitexceeded", Fault::quota},
    {"volumelimitexceeded", Fault::quota},
    {"limitexceeded:", Fault::quota},
    {"limitexceededexception", Fault::quota},
    {"servicequotaexceeded", Fault::quota},
    {"insufficientfreeaddressesinsubnet", Fault::quota},
    {"toomanytargets", Fault::quota},
    {"quotaexceeded", Fault::quota},
    {"quota exceeded", Fault::quota},
    {"quota_exceeded", Fault::quota},
    {"exceeded limit 'quota", Fault::quota},
    {"zone_resource_pool_exhausted", Fault::quota},
    {"does not have enough resources available", Fault::quota},
    {"resource_exhausted", Fault::quota},
    {"operationnotallowed: operation could not be completed as it results in exceeding approved", Fault::quota},
    {"exceeding approved", Fault::quota},
    {"skunotavailable", Fault::quota},
    {"allocationfailed", Fault::quota},
    {"overconstrainedallocationrequest", Fault::quota},

    {"unauthorizedoperation", Fault::credentials},
    {"expiredtoken", Fault::credentials},
    {"token has expired", Fault::credentials},
    {"invalidclienttokenid", Fault::credentials},
    {"invalidaccesskeyid", Fault::credentials},
    {"signaturedoesnotmatch", Fault::credentials},
    {"authfailure", Fault::credentials},
    {"accessdenied", Fault::credentials},
    {"access denied", Fault::credentials},
    {"optinrequired", Fault::credentials},
    {"unrecognizedclientexception", Fault::credentials},
    {"no valid credential sources", Fault::credentials},
    {"nocredentialproviders", Fault::credentials},
    {"failed to refresh cached credentials", Fault::credentials},
    {"could not find default credentials", Fault::credentials},
    {"invalid_grant", Fault::credentials},
    {"oauth2: cannot fetch token", Fault::credentials},
    {"invalid_client", Fault::credentials},
    {"authorizationfailed", Fault::credentials},
    {"invalidauthenticationtoken", Fault::credentials},
    {"unable to build authorizer", Fault::credentials},
    {"building account", Fault::credentials},
    {"required 'compute.", Fault::credentials},
    {"permission_denied", Fault::credentials},
    {"insufficientpermissions", Fault::credentials},
    {"error 401", Fault::credentials},
    {"error 403", Fault::credentials},
    {"401 unauthorized", Fault::credentials},
    {"403 forbidden", Fault::credentials},
    {"requires auth", Fault::credentials},
    {"http remote state endpoint invalid auth", Fault::credentials},

    {"no such host", Fault::network},
    {"connection refused", Fault::network},
    {"connection reset by peer", Fault::network},
    {"network is unreachable", Fault::network},
    {"no route to host", Fault::network},
    {"tls handshake timeout", Fault::network},
    {"i/o timeout", Fault::network},
    {"x509:", Fault::network},
    {"unexpected eof", Fault::network},
    {"failed to query available provider packages", Fault::network},
    {"could not connect to registry", Fault::network},
    {"failed to request discovery document", Fault::network},
    {"failed to install provider", Fault::network},
    {"serviceunavailable", Fault::network},
    {"service unavailable", Fault::network},
    {"internal server error", Fault::network},
    {"bad gateway", Fault::network},
    {"error 503", Fault::network},
    {"client.timeout exceeded", Fault::network},
    {"proxyconnect tcp", Fault::network},

    {"context deadline exceeded", Fault::timeout},
    {"timeout while waiting for state", Fault::timeout},

    {"unsupported argument", Fault::config},
    {"unsupported block type", Fault::config},
    {"unsupported attribute", Fault::config},
    {"missing required argument", Fault::config},
    {"reference to undeclared", Fault::config},
    {"invalid reference", Fault::config},
    {"no value for required variable", Fault::config},
    {"value for undeclared variable", Fault::config},
    {"invalid value for variable", Fault::config},
    {"invalid value for input variable", Fault::config},
    {"unsuitable value", Fault::config},
    {"incorrect attribute value type", Fault::config},
    {"inappropriate value for attribute", Fault::config},
    {"invalid function argument", Fault::config},
    {"call to unknown function", Fault::config},
    {"error in function call", Fault::config},
    {"invalid count argument", Fault::config},
    {"invalid for_each argument", Fault::config},
    {"invalid index", Fault::config},
    {"invalid expression", Fault::config},
    {"argument or block definition required", Fault::config},
    {"invalid block definition", Fault::config},
    {"invalid multi-line string", Fault::config},
    {"unclosed configuration block", Fault::config},
    {"invalid character", Fault::config},
    {"missing newline after", Fault::config},
    {"duplicate resource", Fault::config},
    {"duplicate variable", Fault::config},
    {"duplicate required", Fault::config},
    {"cycle:", Fault::config},
    {"unreadable module directory", Fault::config},
    {"unsupported terraform core version", Fault::config},
    {"failed to read variables file", Fault::config},
    {"failed to read file", Fault::config},
    {"invalid provider configuration", Fault::config},
    {"invalid resource type", Fault::config},
    {"provider produced inconsistent", Fault::config},
    {"invalidamiid", Fault::config},
    {"invalidparametercombination", Fault::config},
    {"invalidsubnetid.notfound", Fault::config},
    {"invalidsubnet", Fault::config},
    {"invalidgroup.notfound", Fault::config},
    {"invalidkeypair.notfound", Fault::config},
    {"expected instance_type to be", Fault::config},
    {"unsupported: your requested instance type", Fault::config},
    {"backend initialization failed", Fault::config},
    {"invalid backend configuration", Fault::config},
    {"unsupported backend type", Fault::config},
    {"invalid backend type", Fault::config},
    {"nosuchbucket", Fault::config},
    {"no available releases match", Fault::config},
    {"currently selected workspace", Fault::config},
};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Terraform breaks its lines at 78 columns, anywhere between two words.
std::string folded(std::string_view text) {
  return lower(one_line(text, 16384));
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::config: return "config";
    case Fault::init_needed: return "init_needed";
    case Fault::credentials: return "credentials";
    case Fault::quota: return "quota";
    case Fault::lock: return "lock";
    case Fault::provider_crash: return "provider_crash";
    case Fault::network: return "network";
    case Fault::timeout: return "timeout";
    case Fault::other: break;
  }
  return "other";
}

Fault classify(std::string_view text) {
  const std::string haystack = folded(text);
  const auto from = [&](const Phrase* begin) {
    return std::find_if(begin, std::end(kPhrases),
                        [&](const Phrase& phrase) { return haystack.find(phrase.text) != std::string::npos; });
  };
  const Phrase* found = from(std::begin(kPhrases));
  if (found == std::end(kPhrases)) return Fault::other;
  // A lock that was not got for another reason than its holder says so with the same summary.
  if (found->fault == Fault::lock && haystack.find("lock info:") == std::string::npos) {
    const Phrase* const cause = from(found + 1);
    if (cause != std::end(kPhrases)) return cause->fault;
  }
  return found->fault;
}

Fault classify(const PlanStream& stream, std::string_view err) {
  for (const Diagnostic& diagnostic : stream.diagnostics) {
    if (!diagnostic.error) continue;
    // What a provisioner printed and what a condition of the user's says are no words of Terraform's.
    const bool foreign = diagnostic.summary.find("provisioner error") != std::string::npos ||
                         diagnostic.summary.find("condition failed") != std::string::npos;
    const Fault fault = classify(foreign ? diagnostic.summary : diagnostic.summary + "\n" + diagnostic.detail);
    if (fault != Fault::other) return fault;
  }
  // With diagnostics the standard error holds warnings at most, or what is left of a plugin that crashed.
  const Fault fault = classify(err);
  return stream.first_error() == nullptr || fault == Fault::provider_crash ? fault : Fault::other;
}

std::string_view reason_of(Fault fault, std::string_view fallback) {
  switch (fault) {
    case Fault::config: return reason::kConfigInvalid;
    case Fault::init_needed: return reason::kInitNeeded;
    case Fault::credentials: return reason::kCredentialsInvalid;
    case Fault::quota: return reason::kQuotaExceeded;
    case Fault::lock: return reason::kStateLocked;
    case Fault::provider_crash: return reason::kProviderCrashed;
    case Fault::network: return reason::kNetworkError;
    case Fault::timeout:
    case Fault::other: break;
  }
  return fallback;
}

ErrorKind kind_of(Fault fault) {
  switch (fault) {
    case Fault::config:
    case Fault::init_needed: return ErrorKind::invalid_input;
    case Fault::credentials: return ErrorKind::unauthorized;
    case Fault::lock: return ErrorKind::conflict;
    case Fault::timeout: return ErrorKind::timeout;
    case Fault::quota:
    case Fault::provider_crash:
    case Fault::network:
    case Fault::other: break;
  }
  return ErrorKind::unavailable;
}

}  // namespace stackscaler::terraform
