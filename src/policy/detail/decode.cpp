// SPDX-License-Identifier: Apache-2.0
#include "policy/detail/decode.hpp"

#include <fmt/core.h>

#include "base/digest.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

constexpr std::string_view kGroup = "stackscaler.dev";
constexpr std::string_view kApiVersion = "stackscaler.dev/v1alpha1";
constexpr std::string_view kKind = "ScalingPolicy";

void check_string_map(Fields& metadata, std::string_view name) {
  const Node* node = metadata.get(name);
  if (node == nullptr || node->kind == Node::Kind::null) return;
  if (node->kind != Node::Kind::mapping) {
    metadata.problem(node->at, name, "must be a mapping of strings, got " + describe(*node));
    return;
  }
  for (const Entry& entry : node->entries) {
    const std::string path = fmt::format("{}.{}", metadata.path(name), shorten(entry.key->text, 60));
    // Said or not said in string_value: that is all there is to do.
    static_cast<void>(string_value(*entry.value, path, "a string", metadata.problems()));
  }
}

PolicyKey decode_metadata(Fields& f) {
  PolicyKey out;
  if (!f.has("name")) f.missing("name", "is missing");
  constexpr std::string_view kName = "a DNS name: lower-case letters, digits, '-' and '.', at most 253";
  std::string text;
  if (const Found at = read_string(f, "name", kName, text)) {
    if (!is_dns_subdomain(text)) {
      f.problem(*at, "name", fmt::format("must be {}, got \"{}\"", kName, shorten(text, 60)));
    } else {
      out.name = text;
    }
  }
  constexpr std::string_view kNamespace = "a DNS label: lower-case letters, digits and '-', at most 63";
  if (const Found at = read_string(f, "namespace", kNamespace, text)) {
    if (!is_dns_label(text)) {
      f.problem(*at, "namespace", fmt::format("must be {}, got \"{}\"", kNamespace, shorten(text, 60)));
    } else {
      out.namespace_ = text;
    }
  }
  check_string_map(f, "labels");
  check_string_map(f, "annotations");
  // The rest of Kubernetes' ObjectMeta, as `kubectl get -o yaml` prints it: of no meaning in a file.
  for (const std::string_view name :
       {"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers", "generateName",
        "generation", "managedFields", "ownerReferences", "resourceVersion", "selfLink", "uid"}) {
    static_cast<void>(f.get(name));
  }
  f.finish();
  return out;
}

}  // namespace

DocumentKind classify(const Node& root, Problems& problems) {
  if (root.kind == Node::Kind::null) return DocumentKind::empty;
  if (root.kind != Node::Kind::mapping) {
    problems.add(root.at, "a policy must be a mapping, got " + describe(root));
    return DocumentKind::unusable;
  }
  Fields fields(root, "", problems);
  const std::string wanted_version(kApiVersion);
  const std::string wanted_kind(kKind);
  const std::size_t before = problems.size();
  std::string version;
  std::string kind;
  const Found version_at = read_string(fields, "apiVersion", wanted_version, version);
  const Found kind_at = read_string(fields, "kind", wanted_kind, kind);
  const std::string_view group = std::string_view(version).substr(0, version.find('/'));
  if (version_at && kind_at && group != kGroup) return DocumentKind::foreign;
  if (!fields.has("apiVersion")) fields.missing("apiVersion", "is missing; it must be " + wanted_version);
  if (!fields.has("kind")) fields.missing("kind", "is missing; it must be " + wanted_kind);
  if (version_at && version != kApiVersion) {
    fields.problem(*version_at, "apiVersion", fmt::format("must be {}, got \"{}\"", kApiVersion, shorten(version, 60)));
  }
  if (kind_at && kind != kKind) {
    fields.problem(*kind_at, "kind", fmt::format("must be {}, got \"{}\"", kKind, shorten(kind, 60)));
  }
  return problems.size() == before ? DocumentKind::policy : DocumentKind::unusable;
}

ScalingPolicy decode_policy(const Node& root, const Where& where, const Defaults& defaults, Problems& problems) {
  ScalingPolicy out;
  Fields fields(root, "", problems);
  static_cast<void>(fields.get("apiVersion"));
  static_cast<void>(fields.get("kind"));
  static_cast<void>(fields.get("status"));  // written by Stackscaler, never read as history
  if (auto metadata = read_mapping(fields, "metadata")) out.key = decode_metadata(*metadata);
  if (!fields.has("metadata")) fields.missing("metadata", "is missing; a policy needs metadata.name");
  if (auto spec = read_mapping(fields, "spec")) out.spec = decode_spec(*spec, where, defaults);
  if (!fields.has("spec")) fields.missing("spec", "is missing");
  fields.finish();
  out.spec_digest = sha256_hex(canonical_text(out.spec));
  return out;
}

}  // namespace stackscaler::policy::detail
