// SPDX-License-Identifier: Apache-2.0
#include "advisor/gemini.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"

namespace stackscaler::advisor {
namespace {

using nlohmann::ordered_json;
constexpr std::string_view kName = "gemini";
constexpr std::string_view kBase = "https://generativelanguage.googleapis.com";
constexpr int kMaxTokens = 8192;  // models that think spend some before they answer

ordered_json schema() {
  ordered_json out;
  out["type"] = "OBJECT";
  out["properties"]["action"] = {{"type", "STRING"}, {"enum", {"scale_up", "scale_down", "no_change"}}};
  out["properties"]["target"] = {{"type", "INTEGER"}};
  out["properties"]["confidence"] = {{"type", "NUMBER"}};
  out["properties"]["reason"] = {{"type", "STRING"}};
  out["required"] = {"action", "target", "confidence", "reason"};
  return out;
}

ordered_json content(const std::string& text) {
  ordered_json out;
  out["parts"] = ordered_json::array({ordered_json{{"text", text}}});
  return out;
}

std::string body_text(const Prompt& prompt, const Dialect& dialect) {
  ordered_json user = content(prompt.user);
  user["role"] = "user";
  ordered_json config{{"candidateCount", 1}};
  if (dialect.temperature) config["temperature"] = 0;
  if (dialect.token_limit) config["maxOutputTokens"] = kMaxTokens;
  if (dialect.json_mode) config["responseMimeType"] = "application/json";
  if (dialect.schema) config["responseSchema"] = schema();
  ordered_json body;
  body["systemInstruction"] = content(prompt.system);
  body["contents"] = ordered_json::array({std::move(user)});
  body["generationConfig"] = std::move(config);
  return body.dump();
}

// "models/gemini-2.5-flash" and "tunedModels/x" as they are, else below models/.
Result<std::string> path_of(const std::string& model) {
  const std::string whole = model.find('/') == std::string::npos ? "models/" + model : model;
  std::string path;
  std::size_t begin = 0;
  while (begin <= whole.size()) {
    const std::size_t end = std::min(whole.find('/', begin), whole.size());
    const std::string part = whole.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") {
      return fail(ErrorKind::invalid_input, policy::reason::kAdvisorRefused, "advisor.model is no model's name");
    }
    path += "/" + http::percent_encode(part);
    begin = end + 1;
  }
  return path;
}

// The first candidate, or why there is none.
Result<const nlohmann::json*> candidate_of(const nlohmann::json& document) {
  if (member(member(&document, "promptFeedback"), "blockReason") != nullptr) {
    return no_answer(kName, "that it blocks the question (promptFeedback)");
  }
  const auto* candidates = member(&document, "candidates");
  if (candidates == nullptr || !candidates->is_array() || candidates->empty()) {
    return no_answer(kName, "without a candidate");
  }
  const auto* candidate = &candidates->front();
  const auto* finish = member(candidate, "finishReason");
  const std::string why = finish != nullptr && finish->is_string() ? finish->get<std::string>() : "STOP";
  if (why == "MAX_TOKENS") return no_answer(kName, "with a text that is cut off (MAX_TOKENS)");
  if (why != "STOP") return no_answer(kName, "without finishing (finishReason is not STOP)");
  return candidate;
}

}  // namespace

Result<http::Request> gemini_request(const policy::Advisor& advisor, const Prompt& prompt, const Dialect& dialect,
                                     const Secret& key) {
  auto url = base_url_of(advisor, kBase);
  if (!url) return fail(std::move(url).error());
  if (!url->path.ends_with("/v1beta") && !url->path.ends_with("/v1")) url->path += "/v1beta";
  const auto path = path_of(model_of(advisor));
  if (!path) return fail(path.error());
  url->path += *path + ":generateContent";
  http::Request request = json_post(std::move(*url), body_text(prompt, dialect));
  if (!key.empty()) request.headers.add("x-goog-api-key", key.reveal());
  return request;
}

Result<std::string> gemini_text(const http::Response& response, const Secret& key) {
  const auto body = body_of(response, kName, key);
  if (!body) return fail(body.error());
  const auto document = nlohmann::json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return no_answer(kName, "with broken JSON");
  const auto candidate = candidate_of(document);
  if (!candidate) return fail(candidate.error());
  const auto* parts = member(member(*candidate, "content"), "parts");
  if (parts == nullptr || !parts->is_array()) return no_answer(kName, "without a text");
  std::string text;
  for (const auto& part : *parts) {
    const auto* thought = member(&part, "thought");
    if (thought != nullptr && thought->is_boolean() && thought->get<bool>()) continue;
    const auto* words = member(&part, "text");
    if (words != nullptr && words->is_string()) text += words->get_ref<const std::string&>();
  }
  if (text.empty()) return no_answer(kName, "without a text");
  return text;
}

}  // namespace stackscaler::advisor
