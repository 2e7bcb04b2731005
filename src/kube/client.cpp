// SPDX-License-Identifier: Apache-2.0
#include "kube/client.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/asio/this_coro.hpp>
#include <optional>

#include "kube/detail/status.hpp"
#include "kube/detail/turns.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxErrorBody = 64UL * 1024;

// What one attempt came to.
struct Attempt {
  explicit Attempt(Error error) : failure(std::move(error)) {}
  explicit Attempt(http::Response response_) : response(std::move(response_)) {}
  std::optional<http::Response> response;
  std::optional<Error> failure;  // no answer came
  Credential credential;

  [[nodiscard]] int status() const { return response ? response->status : 0; }
  [[nodiscard]] bool success() const { return status() / 100 == 2; }
};

std::size_t place_of(Priority priority) {
  return static_cast<std::size_t>(priority);
}

}  // namespace

// Shared with the requests in progress.
class Client::Core : public std::enable_shared_from_this<Client::Core> {
 public:
  Core(const asio::any_io_executor& executor, http::Client& http, Credentials& credentials, Clock& clock,
       Random& random, ClientOptions given)
      : options(given),
        credentials_(credentials),
        http_(http),
        clock_(clock),
        random_(random),
        turns_{detail::Turns(executor, clock, given.lease_places), detail::Turns(executor, clock, given.read_places),
               detail::Turns(executor, clock, given.write_places)},
        writes_(given.writes_per_second, given.write_burst) {}

  [[nodiscard]] asio::awaitable<Result<Answer>> send(Request request);
  [[nodiscard]] asio::awaitable<Result<http::Stream>> stream(std::string path, std::string query,
                                                             http::StreamLimits limits);

  ClientOptions options;
  ClientStats stats;
  [[nodiscard]] const ClusterConfig& config() const { return credentials_.config(); }

 private:
  [[nodiscard]] http::Request make(const Request& request, const Credential& credential) const;
  [[nodiscard]] asio::awaitable<Attempt> attempt(const Request& request, SteadyTime until);
  [[nodiscard]] asio::awaitable<Result<void>> admit(const Request& request, SteadyTime until);
  [[nodiscard]] asio::awaitable<Result<void>> pause(Duration delay, SteadyTime until, std::string why);
  // How long to wait before it is sent again; unset: not at all.
  [[nodiscard]] std::optional<Duration> again_after(const Request& request, const Attempt& attempt, int number);
  void note_retry_after(Priority priority, const http::Headers& headers);
  [[nodiscard]] static std::string what(const Request& request) {
    return fmt::format("{} {}", http::to_string(request.method), request.path);
  }

  Credentials& credentials_;
  http::Client& http_;
  Clock& clock_;
  Random& random_;
  std::array<detail::Turns, 3> turns_;   // by Priority
  std::array<SteadyTime, 3> back_at_{};  // the server asked to be left alone until then, by Priority
  detail::TokenBucket writes_;
};

http::Request Client::Core::make(const Request& request, const Credential& credential) const {
  http::Request out(request.method, config().server);
  out.url.path = config().server.path + request.path;
  if (config().server.path == "/") out.url.path = request.path;
  out.url.query = request.query;
  out.headers.add("Accept", std::string(kJson));
  if (!request.body.empty()) out.headers.add("Content-Type", request.content_type);
  if (!credential.authorization.empty()) out.headers.add("Authorization", credential.authorization.reveal());
  out.body = request.body;
  out.body_limit = request.answer_limit;
  out.tls = credential.tls;
  return out;
}

asio::awaitable<Attempt> Client::Core::attempt(const Request& request, SteadyTime until) {
  auto credential = co_await credentials_.get();
  if (!credential) co_return Attempt(std::move(credential).error());
  auto turn = co_await turns_[place_of(request.priority)].enter(until);
  if (!turn) co_return Attempt(std::move(turn).error());
  const auto left = std::chrono::ceil<Duration>(until - clock_.steady_now());
  if (left <= Duration::zero()) co_return Attempt(Error(ErrorKind::timeout, "no time was left to send it"));
  http::Request out = make(request, *credential);
  out.deadline = left;
  auto answer = co_await http_.send(std::move(out));
  const std::string verb(http::to_string(request.method));
  ++stats.answers[std::make_pair(verb, answer ? answer->status : 0)];
  Attempt done = answer ? Attempt(std::move(*answer)) : Attempt(std::move(answer).error());
  done.credential = std::move(*credential);
  co_return done;
}

asio::awaitable<Result<void>> Client::Core::pause(Duration delay, SteadyTime until, std::string why) {
  if (clock_.steady_now() + delay >= until) co_return fail(ErrorKind::unavailable, std::move(why));
  co_return co_await clock_.sleep_for(delay);
}

asio::awaitable<Result<void>> Client::Core::admit(const Request& request, SteadyTime until) {
  const SteadyTime now = clock_.steady_now();
  Duration wait = request.priority == Priority::write ? writes_.reserve(now) : Duration::zero();
  if (request.priority != Priority::lease && back_at_[place_of(request.priority)] > now) {
    const auto held = std::chrono::ceil<Duration>(back_at_[place_of(request.priority)] - now);
    wait = std::max(wait, held + Duration(static_cast<Duration::rep>(random_.unit() * 200.0)));
  }
  if (wait == Duration::zero()) co_return Result<void>();
  std::string why = "it would have to wait " + format_duration(wait) + ", the server or we are too busy";
  co_return co_await pause(wait, until, std::move(why));
}

void Client::Core::note_retry_after(Priority priority, const http::Headers& headers) {
  const Duration asked = detail::retry_after(headers.get("Retry-After"));
  SteadyTime& at = back_at_[place_of(priority)];
  at = std::max(at, clock_.steady_now() + asked);
}

std::optional<Duration> Client::Core::again_after(const Request& request, const Attempt& attempt, int number) {
  const bool get = request.method == http::Method::get || request.method == http::Method::head;
  const bool lost = attempt.failure && attempt.failure->kind() == ErrorKind::unavailable;
  const bool busy = attempt.status() == 429;
  if (!request.retry) return std::nullopt;
  if (!busy && (!get || (!lost && attempt.status() < 500))) return std::nullopt;
  const Duration own = backoff_delay(random_, number, options.retry_first, options.retry_cap);
  const Duration asked =
      attempt.response ? detail::retry_after(attempt.response->headers.get("Retry-After")) : Duration::zero();
  return std::max(own, asked);
}

asio::awaitable<Result<Answer>> Client::Core::send(Request request) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto self = shared_from_this();
  const SteadyTime until = clock_.steady_now() + request.deadline;
  auto admitted = co_await admit(request, until);
  if (!admitted) co_return fail(std::move(admitted).error().with_context(what(request)));
  bool renewed = false;
  for (int number = 1;; ++number) {
    Attempt done = co_await attempt(request, until);
    if (done.success()) co_return Answer(done.response->status, std::move(done.response->body));
    if (done.status() == 401 && !renewed && credentials_.renewable()) {
      renewed = true;
      credentials_.refused(done.credential);
      continue;
    }
    if (done.status() == 429) note_retry_after(request.priority, done.response->headers);
    Error error = done.failure ? std::move(*done.failure).with_context(what(request))
                               : status_error(done.status(), done.response->body, what(request));
    error = Error(error.kind(), error.reason(),
                  detail::without_credential(error.message(), done.credential.authorization.reveal()));
    const auto delay = again_after(request, done, number);
    if (!delay) co_return fail(std::move(error));
    ++stats.retries;
    auto paused = co_await pause(*delay, until, error.message());
    if (!paused && paused.error().kind() == ErrorKind::cancelled) co_return fail(std::move(paused).error());
    if (!paused) co_return fail(std::move(error));
  }
}

asio::awaitable<Result<http::Stream>> Client::Core::stream(std::string path, std::string query,
                                                           http::StreamLimits limits) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto self = shared_from_this();
  Request request(http::Method::get, std::move(path));
  request.query = std::move(query);
  auto admitted = co_await admit(request, clock_.steady_now() + options.connect_deadline);
  if (!admitted) co_return fail(std::move(admitted).error().with_context(what(request)));
  for (bool renewed = false;; renewed = true) {
    auto credential = co_await credentials_.get();
    if (!credential) co_return fail(std::move(credential).error().with_context(what(request)));
    http::Request out = make(request, *credential);
    out.deadline = options.connect_deadline;
    auto opened = co_await http_.stream(std::move(out), limits);
    ++stats.answers[std::make_pair(std::string("WATCH"), opened ? opened->status() : 0)];
    if (!opened) co_return fail(std::move(opened).error());
    if (opened->status() == 200) co_return std::move(opened);
    if (opened->status() == 429) note_retry_after(request.priority, opened->headers());
    if (opened->status() == 401 && !renewed && credentials_.renewable()) {
      credentials_.refused(*credential);
      continue;
    }
    auto body = co_await opened->rest(kMaxErrorBody);
    const Error error = status_error(opened->status(), body ? *body : std::string(), what(request));
    co_return fail(Error(error.kind(), error.reason(),
                         detail::without_credential(error.message(), credential->authorization.reveal())));
  }
}

Client::Client(asio::any_io_executor executor, http::Client& http, Credentials& credentials, Clock& clock,
               Random& random, ClientOptions options)
    : core_(std::make_shared<Core>(executor, http, credentials, clock, random, options)) {}
Client::~Client() = default;

asio::awaitable<Result<Answer>> Client::send(Request request) {
  return core_->send(std::move(request));
}

asio::awaitable<Result<http::Stream>> Client::stream(std::string path, std::string query, http::StreamLimits limits) {
  return core_->stream(std::move(path), std::move(query), limits);
}

const ClientStats& Client::stats() const {
  return core_->stats;
}

const std::string& Client::default_namespace() const {
  return core_->config().namespace_;
}

}  // namespace stackscaler::kube
