// SPDX-License-Identifier: Apache-2.0
//
// A model's answer, as a whole HTTP body and as the model's text: whatever comes, what validate() lets through is
// sound.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "advisor/gemini.hpp"
#include "advisor/openai.hpp"
#include "advisor/validate.hpp"

namespace {

using namespace stackscaler;

void check(std::string_view text) {
  policy::Spec spec;
  spec.bounds = {2, 10};
  constexpr int kCurrent = 5;
  const advisor::Validated v = advisor::validate(text, spec, spec.bounds, kCurrent, "gemini");
  if (v.advice.has_value() != v.refused.empty()) std::abort();
  if (!v.advice) return;
  const decision::Advice& a = *v.advice;
  if (!(a.confidence >= 0 && a.confidence <= 1)) std::abort();
  if (a.target < spec.bounds.min || a.target > spec.bounds.max) std::abort();
  if (kCurrent - a.target > policy::limit_size(spec.behavior.scale_down.max_step, kCurrent)) std::abort();
  if ((a.action == decision::Action::scale_up) != (a.target > kCurrent)) std::abort();
  if ((a.action == decision::Action::scale_down) != (a.target < kCurrent)) std::abort();
  for (const char c : a.message) {
    if (c < 0x20 || c > 0x7e) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  const Secret key("0123456789abcdef");
  const http::Response response(200, "application/json", std::string(text));
  if (const auto words = advisor::gemini_text(response, key)) check(*words);
  if (const auto words = advisor::openai_text(response, key)) check(*words);
  const http::Response failed(400, "application/json", std::string(text));
  if (const auto none = advisor::openai_text(failed, key)) std::abort();
  advisor::Dialect dialect;
  (void)dialect.leave_out(text);
  return 0;
}
