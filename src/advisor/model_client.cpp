// SPDX-License-Identifier: Apache-2.0
#include "advisor/model_client.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "advisor/gemini.hpp"
#include "advisor/openai.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::advisor {

namespace asio = boost::asio;
namespace reason = policy::reason;

namespace {

constexpr std::size_t kMaxKeyFile = 16 * 1024;
constexpr std::size_t kMaxRemembered = 1024;
constexpr int kMaxRequests = 4;  // for one question, while fields are left out

bool is_openai(const policy::Advisor& advisor) {
  return advisor.type == policy::AdvisorType::openai;
}

std::string name_of(const policy::Advisor& advisor) {
  return std::string(to_string(advisor.type));
}

std::string default_variable(const policy::Advisor& advisor) {
  return is_openai(advisor) ? "OPENAI_API_KEY" : "GEMINI_API_KEY";
}

std::unexpected<Error> not_configured(const policy::Advisor& advisor, const std::string& why) {
  return fail(ErrorKind::unauthorized, reason::kAdvisorNotConfigured, name_of(advisor) + " is not configured: " + why);
}

Result<http::Request> request_for(const policy::Advisor& advisor, const Prompt& prompt, const Dialect& dialect,
                                  const Secret& key) {
  return is_openai(advisor) ? openai_request(advisor, prompt, dialect, key)
                            : gemini_request(advisor, prompt, dialect, key);
}

Result<std::string> text_of(const policy::Advisor& advisor, const http::Response& response, const Secret& key) {
  auto text = is_openai(advisor) ? openai_text(response, key) : gemini_text(response, key);
  if (text && holds_key(*text, key)) return no_answer(name_of(advisor), "with the key in its text");
  return text;
}

bool loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// Of a failed request only what is stable is told: addresses and system errors are in the debug line.
Error unreachable(const policy::Advisor& advisor, const Error& error) {
  if (error.kind() == ErrorKind::cancelled) return error;
  if (error.kind() == ErrorKind::timeout) {
    return Error(ErrorKind::timeout, reason::kAdvisorUnreachable,
                 fmt::format("{} did not answer within {}", name_of(advisor), format_duration(advisor.timeout)));
  }
  if (error.kind() == ErrorKind::invalid_input) {
    return Error(
        ErrorKind::invalid_input, reason::kAdviceInvalid,
        fmt::format("{}'s answer can't be used: it is too long, or the request can't be sent", name_of(advisor)));
  }
  return Error(ErrorKind::unavailable, reason::kAdvisorUnreachable,
               fmt::format("{} can't be reached", name_of(advisor)));
}

}  // namespace

Result<Secret> ModelClient::key_from_environment(const policy::Advisor& advisor) const {
  const std::string fallback = default_variable(advisor);
  const std::string name = advisor.key_env.empty() ? fallback : advisor.key_env;
  // Who may write a policy also says where the key is sent: no other secret of this process may go there.
  if (name != fallback && !name.ends_with("_API_KEY")) {
    return not_configured(advisor, "the name of apiKey.env must end in _API_KEY");
  }
  const auto value = environment_(name);
  if (value && !value->empty()) {
    if (!http::valid_header("Authorization", *value)) {
      return not_configured(advisor, "the environment variable " + name + " holds more than one line");
    }
    return Secret(*value);
  }
  // A local server may want none.
  if (is_openai(advisor) && advisor.key_env.empty() && !advisor.base_url.empty()) return Secret();
  return not_configured(advisor, "the environment variable " + name + " is not set");
}

asio::awaitable<Result<Secret>> ModelClient::key_of(policy::Advisor advisor) {
  if (advisor.key_file.empty()) co_return key_from_environment(advisor);
  const std::string file = advisor.key_file;
  auto read = [file] { return read_file(file, kMaxKeyFile); };
  Result<std::string> text;
  if (pool_ == nullptr) {
    text = read();
  } else {
    text = co_await offload(*pool_, std::move(read));
  }
  if (!text) co_return not_configured(advisor, "apiKey.file: " + text.error().message());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) co_return not_configured(advisor, file + " is empty; a key is expected");
  if (!http::valid_header("Authorization", *text)) {
    co_return not_configured(advisor, file + " holds more than one line; a key is expected");
  }
  co_return Secret(std::move(*text));
}

void ModelClient::warn_if_open(const http::Url& url, const Secret& key) {
  if (key.empty() || url.secure || loopback(url.host) || warned_open_.size() >= kMaxRemembered) return;
  if (!warned_open_.insert(url.authority()).second) return;
  logger_.warn("a model's key is sent without encryption: use https", kv("server", url.authority()));
}

asio::awaitable<ModelReply> ModelClient::ask(policy::Advisor advisor, Prompt prompt) {
  const SteadyTime until = clock_.steady_now() + advisor.timeout;
  const std::string identity = identity_of(advisor);
  auto copy = advisor;
  auto key = co_await key_of(std::move(copy));
  if (!key) co_return ModelReply(fail(std::move(key).error()), Duration(0));
  const auto known = dialects_.find(identity);
  Dialect dialect = known == dialects_.end() ? Dialect() : known->second;
  bool sent_again = false;
  for (int attempt = 1;; ++attempt) {
    auto request = request_for(advisor, prompt, dialect, *key);
    if (!request) co_return ModelReply(fail(std::move(request).error()), Duration(0));
    warn_if_open(request->url, *key);
    request->tls = tls_;
    request->deadline = std::max(Duration(1), std::chrono::ceil<Duration>(until - clock_.steady_now()));
    ++stats_.requests;
    stats_.prompt_bytes += prompt.size();
    auto response = co_await client_.send(std::move(*request));
    // A kept connection that the server had closed meanwhile looks like this.
    const bool closed = !response && response.error().kind() == ErrorKind::unavailable;
    if (closed && !std::exchange(sent_again, true)) continue;
    if (!response) {
      const bool echoed = holds_key(response.error().message(), *key);
      logger_.debug("a model was not reached", kv("advisor", name_of(advisor)),
                    kv("err", echoed ? std::string("(left out)") : response.error().message()));
      co_return ModelReply(fail(unreachable(advisor, response.error())), Duration(0));
    }
    const bool wrong = response->status == 400 || response->status == 422;
    if (wrong && attempt < kMaxRequests && dialect.leave_out(response->body)) continue;
    if (response->status == 200 && dialect != Dialect() && dialects_.size() < kMaxRemembered) {
      dialects_[identity] = dialect;
    }
    const Duration pause = retry_after(response->headers.get("Retry-After"), clock_.wall_now());
    co_return ModelReply(text_of(advisor, *response, *key), pause);
  }
}

Result<std::string> ModelClient::shown_request(const policy::Advisor& advisor, const Prompt& prompt) {
  const auto request = request_for(advisor, prompt, Dialect(), Secret());
  if (!request) return fail(request.error());
  return request->url.display() + "\n" + request->body;
}

}  // namespace stackscaler::advisor
