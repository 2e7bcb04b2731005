// SPDX-License-Identifier: Apache-2.0
#include "cluster/object_policy.hpp"

#include <nlohmann/json.hpp>

#include "cluster/pause_text.hpp"
#include "cluster/resource.hpp"
#include "policy/reasons.hpp"
#include "policy/status_json.hpp"

namespace stackscaler::cluster {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxProblemBytes = 2000;  // of all problems together, in a condition's message

const json* member(const json& from, const std::string& name) {
  const auto found = from.find(name);
  return found == from.end() ? nullptr : &*found;
}

std::string text_of(const json& from, const std::string& name) {
  const json* found = member(from, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

policy::ClusterFacts facts_of(const kube::Object& object, const json& root) {
  policy::ClusterFacts facts;
  facts.uid = object.uid;
  facts.resource_version = object.resource_version;
  facts.generation = object.generation;
  const json& metadata = root["metadata"];
  if (const auto created = parse_rfc3339(text_of(metadata, "creationTimestamp"))) facts.created = *created;
  if (const json* annotations = member(metadata, "annotations"); annotations != nullptr && annotations->is_object()) {
    if (const json* pause = member(*annotations, std::string(kPauseAnnotation));
        pause != nullptr && pause->is_string()) {
      facts.paused =
          pause_sentence("the policy's annotation " + std::string(kPauseAnnotation), pause->get<std::string>());
    }
  }
  if (const json* status = member(root, "status"); status != nullptr && status->is_object() && !status->empty()) {
    if (auto known = policy::parse_status_json(status->dump())) facts.status = std::move(*known);
  }
  return facts;
}

// The document that the parser is to read: what the user declared and nothing of the server's. JSON is YAML.
std::string document_of(const kube::Object& object, const json& root) {
  json document{{"apiVersion", kApiVersion},
                {"kind", kKind},
                {"metadata", {{"name", object.key.name}, {"namespace", object.key.namespace_}}}};
  if (const json* spec = member(root, "spec")) document["spec"] = *spec;
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out.append(out.empty() ? "" : "; ").append(line);
  if (out.size() > kMaxProblemBytes) {
    out.resize(kMaxProblemBytes);
    out += " …";
  }
  return out;
}

}  // namespace

ObjectPolicy read_object(const kube::Object& object, const policy::Defaults& defaults, const policy::Grants& grants) {
  ObjectPolicy out;
  json root = json::parse(object.json, nullptr, false);
  if (!root.is_object() || !root["metadata"].is_object()) {
    out.reason = policy::reason::kInvalidSpec;
    out.problem = "the object is not a ScalingPolicy";
    return out;
  }
  out.facts = facts_of(object, root);
  policy::ParsedFile parsed =
      policy::parse_policies(document_of(object, root), object.key.display(), "/", defaults, policy::Home::cluster);
  std::vector<std::string> problems;
  problems.reserve(parsed.problems.size());
  for (const policy::Diagnostic& problem : parsed.problems) problems.push_back(problem.message);
  if (problems.empty() && parsed.policies.size() != 1) problems.emplace_back("the object is not a ScalingPolicy");
  if (!problems.empty()) {
    out.reason = policy::reason::kInvalidSpec;
    out.problem = joined(problems);
    return out;
  }
  policy::ScalingPolicy& read = parsed.policies.front().policy;
  problems = policy::not_granted(read, read.spec.stack.id, grants);
  if (!problems.empty()) {
    out.reason = policy::reason::kNotGranted;
    out.problem = joined(problems);
    return out;
  }
  read.spec.stack.id = object.key.namespace_ + "/" + read.spec.stack.id;
  read.cluster = out.facts;
  out.policy = std::move(read);
  return out;
}

}  // namespace stackscaler::cluster
