// SPDX-License-Identifier: Apache-2.0
//
// openapi.json against the running Api, both ways: every route is in it, and every answer fits what it says.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "api/assets.hpp"
#include "api/detail/routes.hpp"
#include "support/json_schema.hpp"
#include "unit/api/fakes.hpp"

namespace stackscaler::api {
namespace {

json document() {
  std::ifstream file(std::string(STK_SOURCE_DIR) + "/src/api/openapi.json");
  return json::parse(file);
}

std::set<std::string> described() {
  std::set<std::string> out;
  const json doc = document();
  for (const auto& [path, methods] : doc["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) out.insert(method + " " + path);
  }
  return out;
}

TEST(OpenApiTest, EveryRouteIsDescribedAndEveryDescriptionIsARoute) {
  std::set<std::string> routes;
  for (const Route& route : RouteTable::all()) {
    routes.insert((route.method == http::Method::get ? "get " : "post ") + std::string(route.pattern));
  }

  EXPECT_EQ(routes, described());
}

TEST(OpenApiTest, EveryQueryParameterIsDescribedAndTaken) {
  const test::JsonSchema schema(document());
  for (const Route& route : RouteTable::all()) {
    const std::string method = route.method == http::Method::get ? "get" : "post";
    const json& operation = schema.document()["paths"][std::string(route.pattern)][method];
    std::set<std::string> said;
    for (const json& parameter : operation.value("parameters", json::array())) {
      const json& p = schema.resolve(parameter);
      if (p["in"] == "query") said.insert(p["name"]);
    }
    EXPECT_EQ(said, std::set<std::string>(route.query.begin(), route.query.end())) << route.pattern;
  }
}

TEST(OpenApiTest, EveryChangeNeedsTheTokenAndTakesAKey) {
  const test::JsonSchema schema(document());
  for (const auto& [path, methods] : schema.document()["paths"].items()) {
    if (!methods.contains("post")) continue;
    EXPECT_TRUE(methods["post"].contains("security")) << path;
    EXPECT_TRUE(methods["post"]["responses"].contains("401")) << path;
    std::set<std::string> headers;
    for (const json& parameter : methods["post"]["parameters"]) headers.insert(schema.resolve(parameter)["name"]);
    EXPECT_TRUE(headers.contains("Idempotency-Key")) << path;
  }
}

TEST(OpenApiTest, TheProgramServesIt) {
  Rig rig;

  EXPECT_EQ(rig.get("/openapi.json").parsed(), document());
}

TEST(OpenApiTest, ExamplesFitTheirSchemas) {
  const test::JsonSchema schema(document());
  int seen = 0;
  for (const auto& [path, methods] : schema.document()["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      for (const auto& [status, answer] : operation["responses"].items()) {
        const json contents = schema.resolve(answer).value("content", json::object());
        for (const auto& [type, content] : contents.items()) {
          if (!content.contains("example")) continue;
          ++seen;
          EXPECT_EQ(schema.problems(content["schema"], content["example"]), std::vector<std::string>())
              << method << " " << path << " " << status;
        }
      }
    }
  }
  EXPECT_GT(seen, 50);
}

// A rig in which everything has something to tell.
void fill(Rig& rig) {
  rig.actions.automatic->recommendation.decision.action = "no_change";
  rig.fleet.add("web");
  rig.fleet.add("api").last.reset();
  StackView stack;
  stack.id = "web";
  stack.active = true;
  stack.count = 2;
  stack.context = R"({"instance_count":2,"ami":"***"})";
  stack.indexes = {0, 1};
  rig.fleet.listed.push_back(stack);
  StackView broken;
  broken.id = "broken";
  broken.problem = "no JSON";
  rig.fleet.listed.push_back(broken);
  ports::DecisionRecord decision;
  decision.time = rig.clock.wall_now();
  decision.policy = "default/web";
  decision.stack = "web";
  decision.action = "scale_up";
  decision.from = 2;
  decision.to = 3;
  decision.detail =
      R"({"bounds":{"min":1,"max":3},"signals":[{"name":"cpu","value":81.3,"proposal":3,"message":"m"}],"trace":[]})";
  rig.records.decided.push_back(decision);
  ports::OperationRecord operation;
  operation.id = "0f1e";
  operation.stack = "web";
  operation.started = rig.clock.wall_now();
  operation.phase = ports::Phase::succeeded;
  operation.ended = operation.started;
  operation.count_after = 3;
  rig.records.operated.push_back(operation);
}

struct Ask {
  std::string method;
  std::string path;
  std::string pattern;
  std::string body;
  bool token = true;
};

void expect_fit(Rig& rig, const test::JsonSchema& schema, const Ask& ask) {
  const auto answer = ask.method == "get" ? rig.get(ask.path) : rig.post(ask.path, ask.body, ask.token ? kToken : "");
  const json& responses = schema.document()["paths"][ask.pattern][ask.method]["responses"];
  const std::string status = std::to_string(answer.status);
  ASSERT_TRUE(responses.contains(status)) << ask.method << " " << ask.path << ": " << status << " is not described";
  const json& content = schema.resolve(responses[status])["content"];
  const std::string_view full = answer.headers.get("content-type");
  const std::string type(full.substr(0, full.find(';')));
  ASSERT_TRUE(content.contains(type)) << ask.path << ": " << type;
  if (type.find("json") == std::string::npos) return;
  EXPECT_EQ(schema.problems(content[type]["schema"], answer.parsed()), std::vector<std::string>())
      << ask.method << " " << ask.path << "\n"
      << answer.parsed().dump(1);
}

TEST(OpenApiTest, EveryAnswerFitsIt) {
  Rig rig;
  fill(rig);
  const test::JsonSchema schema(document());
  const std::string scale = R"({"stack_id":"web","instance_count":2})";
  const std::vector<Ask> asks{
      {"get", "/scaling/stacks", "/scaling/stacks", ""},
      {"get", "/scaling/stack/web/info", "/scaling/stack/{id}/info", ""},
      {"get", "/scaling/stack/none/info", "/scaling/stack/{id}/info", ""},
      {"get", "/scaling/stack/web/metrics", "/scaling/stack/{id}/metrics", ""},
      {"post", "/scaling/stack/scale", "/scaling/stack/scale", scale},
      {"post", "/scaling/stack/scale", "/scaling/stack/scale", scale, false},
      {"post", "/scaling/stack/scale?wait=1h", "/scaling/stack/scale", scale},
      {"post", "/scaling/stack/scale", "/scaling/stack/scale", "{}"},
      {"post", "/scaling/stack/web/recommend", "/scaling/stack/{id}/recommend", ""},
      {"post", "/scaling/stack/web/auto-scale", "/scaling/stack/{id}/auto-scale", ""},
      {"get", "/api/v1/policies", "/api/v1/policies", ""},
      {"get", "/api/v1/policies/default/web", "/api/v1/policies/{namespace}/{name}", ""},
      {"get", "/api/v1/policies/default/none", "/api/v1/policies/{namespace}/{name}", ""},
      {"get", "/api/v1/policies/default/web/history", "/api/v1/policies/{namespace}/{name}/history", ""},
      {"get", "/api/v1/policies/default/web/explain", "/api/v1/policies/{namespace}/{name}/explain", ""},
      {"get", "/api/v1/policies/default/web/simulation", "/api/v1/policies/{namespace}/{name}/simulation", ""},
      {"get", "/api/v1/policies/default/web/simulation?slo=2", "/api/v1/policies/{namespace}/{name}/simulation", ""},
      {"get", "/api/v1/decisions", "/api/v1/decisions", ""},
      {"get", "/api/v1/decisions?limit=x", "/api/v1/decisions", ""},
      {"get", "/api/v1/operations", "/api/v1/operations", ""},
      {"get", "/api/v1/operations/0f1e", "/api/v1/operations/{id}", ""},
      {"get", "/api/v1/operations/none", "/api/v1/operations/{id}", ""},
      {"get", "/api/v1/operations/0f1e/events", "/api/v1/operations/{id}/events", ""},
      {"get", "/api/v1/controller", "/api/v1/controller", ""},
      {"post", "/api/v1/pause", "/api/v1/pause", R"({"reason":"x"})"},
      {"post", "/api/v1/resume", "/api/v1/resume", ""},
      {"get", "/api/v1/whoami", "/api/v1/whoami", ""},
      {"get", "/healthz", "/healthz", ""},
      {"get", "/readyz", "/readyz", ""},
      {"get", "/metrics", "/metrics", ""},
      {"get", "/openapi.json", "/openapi.json", ""},
      {"get", "/docs", "/docs", ""},
      {"get", "/", "/", ""}};
  for (const Ask& ask : asks) expect_fit(rig, schema, ask);

  rig.actions.change->status = ChangeView::Status::running;
  rig.actions.change->operation = "0f1e";
  expect_fit(rig, schema, asks[4]);
}

TEST(OpenApiTest, EveryKindOfProblemIsInIt) {
  const json doc = document();
  std::set<std::string> said;
  for (const json& type : doc["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]) said.insert(type);
  std::ifstream file(std::string(STK_SOURCE_DIR) + "/src/api/problem.cpp");
  std::ostringstream source;
  source << file.rdbuf();
  int rows = 0;
  for (const std::string& type : said) {
    const std::string slug = type.substr(type.rfind('/') + 1);
    rows += source.str().find("\"" + slug + "\"") != std::string::npos ? 1 : 0;
  }

  EXPECT_EQ(rows, static_cast<int>(said.size())) << "a kind that is described and never given";
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

std::string routes_table(const json& doc) {
  std::string out = "| | path | does | answers |\n| --- | --- | --- | --- |\n";
  for (const json& tag : doc["tags"]) {
    for (const auto& [path, methods] : doc["paths"].items()) {
      for (const auto& [method, operation] : methods.items()) {
        if (operation["tags"][0] != tag["name"]) continue;
        std::string statuses;
        for (const auto& [status, answer] : operation["responses"].items()) {
          statuses += (statuses.empty() ? "" : " ") + status;
        }
        out += std::string("| ") + (method == "get" ? "GET" : "POST") + " | `" + path + "` | " +
               cell(operation["summary"]) + " | " + statuses + " |\n";
      }
    }
  }
  return out;
}

std::string problems_table(const json& doc) {
  std::map<std::string, std::string> examples;
  for (const auto& [name, answer] : doc["components"]["responses"].items()) {
    const json& example = answer["content"]["application/problem+json"]["example"];
    examples[example["type"]] = example["detail"];
  }
  std::string out = "| `type`, behind `https://stackscaler.dev/problems/` | such as |\n| --- | --- |\n";
  for (const json& type : doc["components"]["schemas"]["Problem"]["properties"]["type"]["enum"]) {
    const std::string uri = type;
    out += "| `" + uri.substr(uri.rfind('/') + 1) + "` | " + cell(examples[uri]) + " |\n";
  }
  return out;
}

TEST(OpenApiTest, TheReferencePageHoldsItsTables) {
  const std::string path = std::string(STK_SOURCE_DIR) + "/docs/reference/api.md";
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  const json doc = document();

  EXPECT_NE(text.str().find(routes_table(doc)), std::string::npos) << "docs/reference/api.md lacks:\n"
                                                                   << routes_table(doc);
  EXPECT_NE(text.str().find(problems_table(doc)), std::string::npos) << "docs/reference/api.md lacks:\n"
                                                                     << problems_table(doc);
}

}  // namespace
}  // namespace stackscaler::api
