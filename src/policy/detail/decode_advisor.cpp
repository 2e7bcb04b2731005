// SPDX-License-Identifier: Apache-2.0
#include <fmt/core.h>

#include "policy/detail/decode.hpp"
#include "policy/detail/names.hpp"
#include "policy/detail/text.hpp"

namespace stackscaler::policy::detail {
namespace {

using namespace std::chrono_literals;

bool is_model(std::string_view name) {
  return is_path(name) && name.size() <= 128 && name.find_first_of(" ?#%") == std::string_view::npos;
}

void read_share(Fields& f, std::string_view name, double& out) {
  double value = out;
  const Found at = read_number(f, name, value);
  if (!at) return;
  if (value < 0 || value > 1) {
    f.problem(*at, name, fmt::format("must be from 0 to 1, got {}", value));
  } else {
    out = value;
  }
}

// "always", "onPressure", or a mapping with `every`.
void read_consult(Fields& f, Advisor& out) {
  const Node* node = f.get("consult");
  if (node == nullptr) return;
  if (node->kind == Node::Kind::mapping) {
    Fields every(*node, f.path("consult"), f.problems());
    if (!every.has("every")) every.missing("every", "is missing; it is how often the model is asked at most");
    if (read_duration(every, "every", 1s, 24h, out.consult_every)) out.consult = Consult::every;
    every.finish();
    return;
  }
  if (node->kind == Node::Kind::scalar && node->text == "always") return;
  if (node->kind == Node::Kind::scalar && node->text == "onPressure") {
    out.consult = Consult::on_pressure;
    return;
  }
  f.problem(node->at, "consult", "must be always, onPressure or { every: 15m }, got " + describe(*node));
}

void read_key(Fields& f, const Where& where, Advisor& out) {
  auto key = read_mapping(f, "apiKey");
  if (!key) return;
  read_checked(*key, "env", "the name of an environment variable", is_environment_name, out.key_env);
  read_file_path(*key, "file", where, out.key_file);
  read_secret_ref(*key, "secretRef", where, key->path("file"), out.key_secret);
  const int ways = (key->has("env") ? 1 : 0) + (key->has("file") ? 1 : 0) + (key->has("secretRef") ? 1 : 0);
  if (ways != 1) f.problem(key->at(), "apiKey", "must have exactly one of env, file and secretRef");
  key->finish();
}

Forecast decode_forecast(Fields& f) {
  Forecast out;
  double risk = out.risk;
  if (const Found at = read_number(f, "risk", risk)) {
    if (risk < 0.001 || risk > 0.5) {
      f.problem(*at, "risk", fmt::format("must be from 0.001 to 0.5, got {}", risk));
    } else {
      out.risk = risk;
    }
  }
  const Node* ahead = f.get("lookAhead");
  const bool automatic = ahead != nullptr && ahead->kind == Node::Kind::scalar && ahead->text == "auto";
  Duration look_ahead{};
  if (!automatic && read_duration(f, "lookAhead", 1s, 2h, look_ahead)) out.look_ahead = look_ahead;
  read_duration(f, "history", 1h, std::chrono::days(90), out.history);
  f.finish();
  return out;
}

// What only a model needs, where none is asked.
void refuse_without_model(Fields& f) {
  for (const std::string_view name : {"model", "baseURL", "apiKey", "timeout", "consult"}) {
    if (f.has(name)) f.missing(name, "has no meaning with type rules or forecast; it is for gemini and openai");
  }
}

}  // namespace

Advisor decode_advisor(Fields& f, const Where& where, Advisor out) {
  static constexpr std::array<std::pair<std::string_view, AdvisorType>, 4> kTypes{{{"rules", AdvisorType::rules},
                                                                                   {"forecast", AdvisorType::forecast},
                                                                                   {"gemini", AdvisorType::gemini},
                                                                                   {"openai", AdvisorType::openai}}};
  static constexpr std::array<std::pair<std::string_view, AdvisorType>, 2> kFallbacks{
      {{"rules", AdvisorType::rules}, {"forecast", AdvisorType::forecast}}};
  static constexpr std::array<std::pair<std::string_view, Authority>, 2> kAuthorities{
      {{"bounded", Authority::bounded}, {"full", Authority::full}}};
  read_word(f, "type", kTypes, out.type);
  read_share(f, "confidenceThreshold", out.confidence_threshold);
  read_word(f, "authority", kAuthorities, out.authority);
  read_bool(f, "apply", out.apply);
  read_consult(f, out);
  read_checked(f, "model", "a model's name: at most 128 characters without spaces", is_model, out.model);
  read_url(f, "baseURL", "the key goes into apiKey", out.base_url);
  read_key(f, where, out);
  read_duration(f, "timeout", 1s, 2min, out.timeout);
  read_word(f, "fallback", kFallbacks, out.fallback);
  if (auto forecast = read_mapping(f, "forecast")) out.forecast = decode_forecast(*forecast);
  const bool model = out.type == AdvisorType::gemini || out.type == AdvisorType::openai;
  if (!model) refuse_without_model(f);
  f.finish();
  return out;
}

}  // namespace stackscaler::policy::detail
