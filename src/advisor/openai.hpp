// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's chat completions as request and answer: the format of hosted and local servers (llama.cpp, vLLM, Ollama).
//
// POST {baseURL}/chat/completions, the key as bearer token where there is one, temperature 0, the answer as JSON by
// schema where the server has it (Dialect). A baseURL without a path gets /v1. What it is not: a client
// (advisor/model_client.hpp sends). Errors: advisor/wire.hpp. Pure; any thread.
// Source: platform.openai.com/docs/api-reference/chat.
#pragma once

#include "advisor/wire.hpp"

namespace stackscaler::advisor {

// invalid_input for a baseURL that is no URL.
[[nodiscard]] Result<http::Request> openai_request(const policy::Advisor& advisor, const Prompt& prompt,
                                                   const Dialect& dialect, const Secret& key);

// The text that the model wrote.
[[nodiscard]] Result<std::string> openai_text(const http::Response& response, const Secret& key);

}  // namespace stackscaler::advisor
