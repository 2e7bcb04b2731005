// SPDX-License-Identifier: Apache-2.0
#include "advisor/openai.hpp"

#include <nlohmann/json.hpp>

#include "policy/reasons.hpp"

namespace stackscaler::advisor {
namespace {

using nlohmann::ordered_json;
constexpr std::string_view kName = "openai";
constexpr std::string_view kBase = "https://api.openai.com/v1";
constexpr int kMaxTokens = 1024;

ordered_json schema() {
  ordered_json out;
  out["type"] = "object";
  out["properties"]["action"] = {{"type", "string"}, {"enum", {"scale_up", "scale_down", "no_change"}}};
  out["properties"]["target"] = {{"type", "integer"}};
  out["properties"]["confidence"] = {{"type", "number"}};
  out["properties"]["reason"] = {{"type", "string"}};
  out["required"] = {"action", "target", "confidence", "reason"};
  out["additionalProperties"] = false;
  return out;
}

ordered_json message(std::string_view role, const std::string& content) {
  return ordered_json{{"role", role}, {"content", content}};
}

std::string body_text(const std::string& model, const Prompt& prompt, const Dialect& dialect) {
  ordered_json body;
  body["model"] = model;
  body["messages"] = ordered_json::array({message("system", prompt.system), message("user", prompt.user)});
  body["stream"] = false;
  if (dialect.temperature) body["temperature"] = 0;
  if (dialect.token_limit) body["max_tokens"] = kMaxTokens;
  if (dialect.schema) {
    ordered_json format{{"type", "json_schema"}};
    format["json_schema"] = ordered_json{{"name", "advice"}, {"strict", true}, {"schema", schema()}};
    body["response_format"] = std::move(format);
  } else if (dialect.json_mode) {
    body["response_format"] = ordered_json{{"type", "json_object"}};
  }
  return body.dump();
}

}  // namespace

Result<http::Request> openai_request(const policy::Advisor& advisor, const Prompt& prompt, const Dialect& dialect,
                                     const Secret& key) {
  auto url = base_url_of(advisor, kBase);
  if (!url) return fail(std::move(url).error());
  if (url->path.empty()) url->path = "/v1";
  url->path += "/chat/completions";
  http::Request request = json_post(std::move(*url), body_text(model_of(advisor), prompt, dialect));
  if (!key.empty()) request.headers.add("Authorization", "Bearer " + key.reveal());
  return request;
}

Result<std::string> openai_text(const http::Response& response, const Secret& key) {
  const auto body = body_of(response, kName, key);
  if (!body) return fail(body.error());
  const auto document = nlohmann::json::parse(*body, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return no_answer(kName, "with broken JSON");
  const auto* choices = member(&document, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) return no_answer(kName, "without a choice");
  const auto* choice = &choices->front();
  const auto* finish = member(choice, "finish_reason");
  const std::string why = finish != nullptr && finish->is_string() ? finish->get<std::string>() : "stop";
  if (why == "length") return no_answer(kName, "with a text that is cut off (length)");
  if (why != "stop") return no_answer(kName, "without finishing (finish_reason is not stop)");
  const auto* words = member(choice, "message");
  const auto* refusal = member(words, "refusal");
  if (refusal != nullptr && refusal->is_string() && !refusal->get_ref<const std::string&>().empty()) {
    return no_answer(kName, "that the model refuses");
  }
  const auto* content = member(words, "content");
  if (content == nullptr || !content->is_string() || content->get_ref<const std::string&>().empty()) {
    return no_answer(kName, "without a text");
  }
  return content->get<std::string>();
}

}  // namespace stackscaler::advisor
