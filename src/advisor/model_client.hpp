// SPDX-License-Identifier: Apache-2.0
//
// ModelClient: one question to a model server and the text that it answers.
//
// What it is: key, request, deadline (advisor.timeout over everything, repeats included), size limits, and the memory
// of which optional request fields a server takes. What it is not: a judge of the text (advisor/validate.hpp) or of
// when to ask (advisor/model_advisor.hpp). The key is read for each question, goes into one header and nowhere else; it
// may come only from the type's own variable, from one that ends in _API_KEY, or from a file. Redirects are not
// followed. Errors carry a reason of policy/reasons.hpp: AdvisorNotConfigured, AdvisorRefused, AdvisorThrottled,
// AdvisorUnreachable, AdviceInvalid; `cancelled` while stopping. Threads: the loop's. Lifetime: outlives its questions.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "advisor/prompt.hpp"
#include "advisor/wire.hpp"
#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/log.hpp"
#include "base/secret.hpp"
#include "http/client.hpp"

namespace stackscaler::advisor {

// The value of an environment variable; absent or empty: it is not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

struct ModelClientStats {
  std::uint64_t requests = 0;      // sent, repeats included
  std::uint64_t prompt_bytes = 0;  // of their prompts
};

// What came of one question. A class with a constructor: g++ 12 and aggregates in co_await.
class ModelReply {
 public:
  ModelReply(Result<std::string> text_, Duration pause_) : text(std::move(text_)), pause(pause_) {}
  Result<std::string> text;
  Duration pause;  // the server asks to be left alone for so long
};

class ModelClient {
 public:
  // `pool` reads key files (null: the loop does). `tls`: null for the system's authorities.
  ModelClient(http::Client& client, Clock& clock, Logger& logger, BlockingPool* pool, EnvironmentLookup environment,
              std::shared_ptr<const http::TlsOptions> tls = nullptr)
      : client_(client),
        clock_(clock),
        logger_(logger),
        pool_(pool),
        environment_(std::move(environment)),
        tls_(std::move(tls)) {}
  ModelClient(const ModelClient&) = delete;
  ModelClient& operator=(const ModelClient&) = delete;

  [[nodiscard]] boost::asio::awaitable<ModelReply> ask(policy::Advisor advisor, Prompt prompt);

  // The request's URL and body as ask() would send them first; the key is in neither.
  [[nodiscard]] static Result<std::string> shown_request(const policy::Advisor& advisor, const Prompt& prompt);

  [[nodiscard]] const ModelClientStats& stats() const { return stats_; }

 private:
  [[nodiscard]] boost::asio::awaitable<Result<Secret>> key_of(policy::Advisor advisor);
  [[nodiscard]] Result<Secret> key_from_environment(const policy::Advisor& advisor) const;
  void warn_if_open(const http::Url& url, const Secret& key);

  http::Client& client_;
  Clock& clock_;
  Logger& logger_;
  BlockingPool* pool_;
  EnvironmentLookup environment_;
  std::shared_ptr<const http::TlsOptions> tls_;
  std::map<std::string, Dialect> dialects_;  // by identity; only those that are not the default
  std::set<std::string> warned_open_;
  ModelClientStats stats_;
};

}  // namespace stackscaler::advisor
