// SPDX-License-Identifier: Apache-2.0
//
// What Gemini's and OpenAI's wire formats have in common: errors in JSON, and servers that know a part of the format.
//
// Messages made here hold no text of the server but a short error code (letters, digits, '_', '-', '.'), so that
// neither a key that a server echoes nor a request id gets into a status. Reasons are constants of policy/reasons.hpp.
// Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "advisor/prompt.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"
#include "http/url.hpp"
#include "policy/types.hpp"

namespace stackscaler::advisor {

inline constexpr std::size_t kMaxReply = std::size_t{1} << 20U;  // bytes of a whole HTTP answer

// Which optional fields of a request a server takes. Those that it rejects are left out from then on.
struct Dialect {
  bool schema = true;     // the answer's JSON schema
  bool json_mode = true;  // the wish for JSON
  bool temperature = true;
  bool token_limit = true;
  bool operator==(const Dialect&) const = default;
  // Leaves out what an error text (HTTP 400 or 422) complains of; false when it names nothing of these.
  bool leave_out(std::string_view error_body);
};

// The server and model that an advisor's settings name, for what is kept of one server. Holds no key.
[[nodiscard]] std::string identity_of(const policy::Advisor& advisor);

// The settings' model, or the type's default.
[[nodiscard]] std::string model_of(const policy::Advisor& advisor);

// The settings' baseURL, or `base`, without slashes at its end.
[[nodiscard]] Result<http::Url> base_url_of(const policy::Advisor& advisor, std::string_view base);
// A POST of JSON, without a key.
[[nodiscard]] http::Request json_post(http::Url url, std::string body);
// The value's member of that name, or nullptr; also for no value, and one that is no object.
[[nodiscard]] const nlohmann::json* member(const nlohmann::json* value, const char* name);

// The answer's body if it is one that can be read: status 200, JSON, neither a stream nor compressed. Else an error
// with its reason. `advisor` is its name for messages.
[[nodiscard]] Result<std::string_view> body_of(const http::Response& response, std::string_view advisor,
                                               const Secret& key);

// Wrong shape of an answer: "gemini answered without …".
[[nodiscard]] std::unexpected<Error> no_answer(std::string_view advisor, std::string_view what);

// How long an answer asks to be left alone (seconds or a date), or zero; an hour at most. RFC 9110, 10.2.3.
[[nodiscard]] Duration retry_after(std::string_view value, WallTime now);

// True when the text holds the key or a large part of it.
[[nodiscard]] bool holds_key(std::string_view text, const Secret& key);

}  // namespace stackscaler::advisor
