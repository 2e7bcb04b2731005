// SPDX-License-Identifier: Apache-2.0
//
// One schema: the API server with the CRD gives each document the verdict that the parser gives it that also reads
// policy files; here it reads as it does in a cluster.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>

#include "contract/crd/corpus.hpp"
#include "contract/crd/differences.hpp"
#include "policy/parse.hpp"
#include "support/kube_server.hpp"

namespace stackscaler::crd {
namespace {

using nlohmann::json;

struct Verdict {
  bool accepted = false;
  std::string why;  // where it is refused
};

// Nothing for what is no policy: comments, documents of others. `space` gets the namespace of one that is accepted.
std::optional<Verdict> of_parser(const Document& document, std::string& space) {
  const policy::ParsedFile parsed =
      policy::parse_policies(document.text, "in.yaml", "/policies", policy::Defaults(), policy::Home::cluster);
  if (parsed.policies.empty() && parsed.problems.empty()) return std::nullopt;
  space = parsed.problems.empty() ? parsed.policies.front().policy.key.namespace_ : "default";
  if (parsed.problems.empty()) return Verdict{true, ""};
  return Verdict{false, parsed.problems.front().str("in.yaml")};
}

class CorpusTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string missing = test::KubeServer::missing(); !missing.empty()) GTEST_SKIP() << missing;
    server_ = &test::KubeServer::shared();
    const auto installed =
        server_->install_crd(read_file(std::string(STK_SOURCE_DIR) + "/crd/stackscaler.dev_scalingpolicies.yaml"));
    ASSERT_TRUE(installed) << installed.error().message();
  }

  // In the namespace that the document names.
  Verdict of_server(const Document& document, const std::string& space) {
    make_namespace(space);
    const test::KubeAnswer answer = server_->request(
        "POST",
        "/apis/stackscaler.dev/v1alpha1/namespaces/" + space + "/scalingpolicies?dryRun=All&fieldValidation=Strict",
        document.text, "application/yaml");
    if (answer.status == 201) return {true, ""};
    EXPECT_TRUE(answer.status == 400 || answer.status == 422) << document.name << ": " << answer.status << answer.body;
    const json status = json::parse(answer.body, nullptr, false);
    return {false, status.is_object() ? status.value("message", answer.body) : answer.body};
  }

  void make_namespace(const std::string& name) {
    if (!known_.insert(name).second) return;
    const json object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    const int status = server_->request("POST", "/api/v1/namespaces", object.dump()).status;
    EXPECT_TRUE(status == 201 || status == 409) << name;
  }

  // The documents whose verdicts differ and that no entry of the list explains; `used` gets the entries that do.
  std::string unexplained(const std::vector<Document>& documents, std::set<std::size_t>& used) {
    std::string out;
    for (const Document& document : documents) {
      std::string space;
      const auto parser = of_parser(document, space);
      if (!parser) continue;
      const Verdict server = of_server(document, space);
      if (parser->accepted == server.accepted) continue;
      if (explained(document.name, parser->accepted ? Accepts::parser : Accepts::server, used)) continue;
      out += document.name + "\n    " + (parser->accepted ? "only the parser accepts: " : "only the server accepts: ") +
             (parser->accepted ? server.why : parser->why) + "\n";
    }
    return out;
  }

  static bool explained(const std::string& name, Accepts accepts, std::set<std::size_t>& used) {
    bool found = false;
    for (std::size_t i = 0; i < kDifferences.size(); ++i) {
      const Difference& one = kDifferences.at(i);
      if (one.accepts != accepts || !std::regex_match(name, std::regex(one.documents))) continue;
      used.insert(i);
      found = true;
    }
    return found;
  }

  test::KubeServer* server_ = nullptr;
  std::set<std::string> known_{"default"};
};

TEST_F(CorpusTest, ParserAndServerGiveTheSameVerdict) {
  const std::vector<Document> written = written_documents();
  const std::vector<Document> changed = changed_documents();
  std::set<std::size_t> used;

  const std::string differ = unexplained(written, used) + unexplained(changed, used);

  EXPECT_EQ(differ, "");
  EXPECT_GT(written.size(), 90U);
  EXPECT_GT(changed.size(), 1900U);
  RecordProperty("documents", static_cast<int>(written.size() + changed.size()));
  for (std::size_t i = 0; i < kDifferences.size(); ++i) {
    EXPECT_TRUE(used.contains(i)) << "stale: no document needs the entry " << kDifferences.at(i).documents;
  }
}

// Every field of the CRD's spec as "/spec/bounds/min"; lists as "/spec/metrics/*".
void fields_of(const json& schema, const std::string& path, std::set<std::string>& out) {
  if (schema.contains("properties")) {
    for (const auto& [name, inner] : schema.at("properties").items()) {
      out.insert(path + "/" + name);
      fields_of(inner, path + "/" + name, out);
    }
  }
  if (schema.contains("items")) fields_of(schema.at("items"), path + "/*", out);
}

void fields_in(const json& value, const std::string& path, std::set<std::string>& out) {
  if (value.is_object()) {
    for (const auto& [name, inner] : value.items()) {
      out.insert(path + "/" + name);
      fields_in(inner, path + "/" + name, out);
    }
  } else if (value.is_array()) {
    for (const json& inner : value) fields_in(inner, path + "/*", out);
  }
}

TEST_F(CorpusTest, TheCorpusHasEveryFieldOfTheSchema) {
  const json crd = json::parse(
      server_->request("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scalingpolicies.stackscaler.dev")
          .body);
  std::set<std::string> schema;
  std::set<std::string> corpus;
  fields_of(crd.at("spec").at("versions").at(0).at("schema").at("openAPIV3Schema").at("properties").at("spec"), "/spec",
            schema);
  for (const json& whole : whole_policies()) fields_in(whole.at("spec"), "/spec", corpus);

  std::set<std::string> absent;
  std::set_difference(schema.begin(), schema.end(), corpus.begin(), corpus.end(), std::inserter(absent, absent.end()));

  // Hooks are of one kind, and each of the two has one of the two ways here; a path has no place in a cluster.
  EXPECT_EQ(absent, (std::set<std::string>{"/spec/stack/path", "/spec/stack/hooks/preScaleIn/webhook",
                                           "/spec/stack/hooks/postScaleOut/command",
                                           "/spec/stack/hooks/postScaleOut/timeout"}));
}

}  // namespace
}  // namespace stackscaler::crd
