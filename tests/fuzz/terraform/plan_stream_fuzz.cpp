// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a plan's stream: the parser takes them, whole or in pieces, with the same result, and the guard judges
// what it got. A plan that passes must end at the target.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "terraform/classify.hpp"
#include "terraform/guard.hpp"
#include "terraform/state_lock.hpp"
#include "terraform/stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stackscaler::terraform;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const PlanStream stream = parse_stream(text);
  StreamParser parser;
  for (std::size_t at = 0; at < text.size(); at += 7) parser.feed(text.substr(at, 7));
  parser.finish();
  if (parser.stream().changes.size() != stream.changes.size() || parser.stream().malformed != stream.malformed) {
    std::abort();
  }
  if (error_text(stream).size() > 540 || progress_text(stream).size() > 200) std::abort();
  (void)parse_lock(text);
  (void)classify(stream, text);
  (void)init_needed(stream);

  GuardInput input;
  input.indexes = {0, 1, 2};
  input.resource = "terraform_data.app";
  for (input.target = 0; input.target < 6; ++input.target) {
    const Verdict verdict = judge(stream, input);
    if (verdict.passed != verdict.refused.empty() || verdict.passed != verdict.reason.empty()) std::abort();
    if (verdict.passed && (!stream.plan_summary || stream.first_error() != nullptr)) std::abort();
  }
  return 0;
}
