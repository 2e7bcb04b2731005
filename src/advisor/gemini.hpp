// SPDX-License-Identifier: Apache-2.0
//
// Gemini's generateContent as request and answer.
//
// POST {baseURL}/v1beta/models/{model}:generateContent, the key in x-goog-api-key, temperature 0, the answer as JSON by
// schema. What it is not: a client (advisor/model_client.hpp sends). Errors: advisor/wire.hpp. Pure; any thread.
// Source: ai.google.dev/api/generate-content.
#pragma once

#include "advisor/wire.hpp"

namespace stackscaler::advisor {

// invalid_input for a baseURL or model that makes no URL.
[[nodiscard]] Result<http::Request> gemini_request(const policy::Advisor& advisor, const Prompt& prompt,
                                                   const Dialect& dialect, const Secret& key);

// The text that the model wrote.
[[nodiscard]] Result<std::string> gemini_text(const http::Response& response, const Secret& key);

}  // namespace stackscaler::advisor
