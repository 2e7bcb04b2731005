// SPDX-License-Identifier: Apache-2.0
//
// Client: requests to one API server, with credentials, deadlines, retries and fairness.
//
// Bodies are JSON as text. An answer that is no success is an error with the server's own sentence: 404 not_found; 409
// conflict; 401 and 403 unauthorized; 410 conflict with the reason kExpired; 400, 413, 415, 422 and the like
// invalid_input; 429, 5xx and a lost connection unavailable; too late timeout. Error::reason() is the server's
// Status.reason ("AlreadyExists", "Conflict", "Invalid" …), made for programs, not for a policy's status.
// A GET is sent again after 429, 5xx or a lost connection, and any request after 429 and (once) 401, with backoff and
// jitter, or when the server's Retry-After says, within its deadline.
// Fairness: each priority has places of its own, so a flood of status writes delays neither a lease's renewal nor a
// read; writes also pass a token bucket. A stream (watch, log) takes no place: it holds a connection of its own.
// What it is not: a cache (kube/informer.hpp) or a model of kinds. Threads: the executor's one thread. Lifetime: must
// outlive its requests; all that it is given must outlive it. Secrets: the credential is in no error or log line.
// Sources: Kubernetes API concepts and conventions (Status); API priority and fairness; RFC 9110 (Retry-After).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "async/clock.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "http/client.hpp"
#include "http/stream.hpp"
#include "kube/credentials.hpp"

namespace stackscaler::kube {

inline constexpr std::string_view kExpired = "Expired";  // the reason of an error: list again

enum class Priority { lease, read, write };

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kMergePatch = "application/merge-patch+json";
inline constexpr std::string_view kApplyPatch = "application/apply-patch+yaml";

struct Request {
  Request(http::Method method_, std::string path_)
      : method(method_),
        path(std::move(path_)),
        priority(method == http::Method::get ? Priority::read : Priority::write) {}

  http::Method method;
  std::string path;   // "/api/v1/…": Resource::path()
  std::string query;  // encoded, without '?'
  std::string body;
  std::string content_type{kJson};  // of the body
  Priority priority;
  Duration deadline = std::chrono::seconds(30);  // over all, waiting for a place and retries included
  std::size_t answer_limit = std::size_t{64} << 20U;
  bool retry = true;  // false: for a caller with a backoff of its own; a renewed credential is tried all the same
};

struct Answer {
  Answer(int status_, std::string body_) : status(status_), body(std::move(body_)) {}
  int status;  // 2xx
  std::string body;
};

struct ClientOptions {
  int lease_places = 2;
  int read_places = 8;
  int write_places = 6;
  double writes_per_second = 400;  // sustained; the server's own fairness says when it is too much
  double write_burst = 400;
  Duration retry_first = std::chrono::milliseconds(500);
  Duration retry_cap = std::chrono::seconds(10);
  Duration connect_deadline = std::chrono::seconds(15);  // of a stream, up to its answer's head
};

struct ClientStats {
  std::map<std::pair<std::string, int>, std::uint64_t> answers;  // by verb and status; 0: none came
  std::uint64_t retries = 0;
};

class Client {
 public:
  Client(boost::asio::any_io_executor executor, http::Client& http, Credentials& credentials, Clock& clock,
         Random& random, ClientOptions options = ClientOptions());
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<Answer>> send(Request request);

  // A GET whose body is read as it comes. Only a 200 is a stream; one attempt, no retries.
  [[nodiscard]] boost::asio::awaitable<Result<http::Stream>> stream(std::string path, std::string query,
                                                                    http::StreamLimits limits);

  [[nodiscard]] const ClientStats& stats() const;
  // The namespace of the context.
  [[nodiscard]] const std::string& default_namespace() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

// An answer that is no success as an error; "GET /api/v1/…: " and the server's sentence, one bounded line.
[[nodiscard]] Error status_error(int status, std::string_view body, std::string_view what);

}  // namespace stackscaler::kube
