// SPDX-License-Identifier: Apache-2.0
#include "metrics/query_client.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <ctime>

#include "base/files.hpp"

namespace stackscaler::metrics {

namespace asio = boost::asio;

namespace {

// A longer query goes as a form: servers and proxies limit the length of a URL.
constexpr std::size_t kMaxUrlQuery = 4096;
constexpr std::size_t kMaxSecret = 64 * 1024;
constexpr std::size_t kMaxRemembered = 4096;
constexpr Duration kLongestPause = std::chrono::minutes(5);

QueryAnswer missing(std::string why) {
  QueryAnswer answer;
  answer.missing = std::move(why);
  return answer;
}

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                        reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

// An answer that echoes what it was sent must not carry it into a status.
void scrub(std::string& text, std::string_view secret) {
  if (secret.size() < 4) return;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
    text.replace(at, secret.size(), "***");
  }
}

http::Request make_request(const Endpoint& endpoint, const std::string& call, std::string form) {
  http::Request request(http::Method::get, endpoint.base);
  request.url.path = endpoint.api() + call;
  if (form.size() > kMaxUrlQuery) {
    request.method = http::Method::post;
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.body = std::move(form);
    request.url.query.clear();
  } else {
    request.url.query = std::move(form);
  }
  request.headers.add("Accept", "application/json");
  request.headers.add("Accept-Encoding", "identity");
  if (!endpoint.tenant.empty()) request.headers.add("X-Scope-OrgID", endpoint.tenant);
  request.tls = endpoint.tls;
  return request;
}

std::string server_key(const Endpoint& endpoint) {
  return endpoint.base.authority() + "\x1f" + endpoint.tenant;
}

}  // namespace

// Holds a flight open; whatever ends the asker ends it and wakes those who wait.
class QueryClient::Leader {
 public:
  Leader(std::shared_ptr<Flights> flights, std::string key) : flights_(std::move(flights)), key_(std::move(key)) {
    (*flights_)[key_] = flight_;
  }
  Leader(const Leader&) = delete;
  Leader& operator=(const Leader&) = delete;
  ~Leader() {
    flight_->over = true;
    flights_->erase(key_);
    for (asio::steady_timer* timer : flight_->waiting) timer->cancel();
  }
  void share(const QueryAnswer& answer) { flight_->answer = answer; }

 private:
  std::shared_ptr<Flights> flights_;
  std::string key_;
  std::shared_ptr<Flight> flight_ = std::make_shared<Flight>();
};

asio::awaitable<void> QueryClient::wait_for(std::shared_ptr<Flight> flight, SteadyTime until) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, until);
  struct Entry {
    std::list<asio::steady_timer*>& list;
    std::list<asio::steady_timer*>::iterator at;
    ~Entry() { list.erase(at); }
  };
  const Entry entry{flight->waiting, flight->waiting.insert(flight->waiting.end(), &timer)};
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

asio::awaitable<QueryAnswer> QueryClient::instant(Endpoint endpoint, std::string query, Duration deadline,
                                                  std::size_t answer_limit) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const std::string key = endpoint.identity() + "\x1f" + query;
  const SteadyTime until = std::chrono::steady_clock::now() + deadline;
  for (auto found = flights_->find(key); found != flights_->end(); found = flights_->find(key)) {
    const std::shared_ptr<Flight> flight = found->second;
    co_await wait_for(flight, until);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return missing("stopping");
    if (flight->answer) {
      ++stats_.shared;
      co_return *flight->answer;
    }
    if (std::chrono::steady_clock::now() >= until) co_return missing("no answer within " + format_duration(deadline));
  }
  Leader leader(flights_, key);
  ++stats_.sent;
  const auto left = std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now());
  const bool loki = endpoint.loki();
  std::string form = query_form(endpoint, query);
  auto response = co_await fetch(std::move(endpoint), "query", std::move(form), left, answer_limit);
  if (!response) {
    QueryAnswer failed = missing(response.error().message());
    const ErrorKind kind = response.error().kind();
    if (kind != ErrorKind::timeout && kind != ErrorKind::cancelled) leader.share(failed);
    co_return failed;
  }
  QueryAnswer answer = parse_query_answer(response->status, response->body, headers_of(*response, loki));
  note_remarks(key, query, answer);
  leader.share(answer);
  co_return answer;
}

asio::awaitable<Result<http::Response>> QueryClient::fetch(Endpoint endpoint, std::string call, std::string form,
                                                           Duration deadline, std::size_t answer_limit) {
  if (std::string why = held_back(endpoint); !why.empty()) co_return fail(ErrorKind::unavailable, std::move(why));
  http::Request request = make_request(endpoint, call, std::move(form));
  const SteadyTime until = std::chrono::steady_clock::now() + deadline;
  std::string credential;
  if (endpoint.has_credentials()) {
    auto header = co_await authorization(endpoint);
    if (!header) co_return fail(std::move(header).error());
    credential = header->substr(header->find(' ') + 1);
    request.headers.add("Authorization", std::move(*header));
    warn_if_open(endpoint);
  }
  request.deadline = std::max(Duration(1), std::chrono::ceil<Duration>(until - std::chrono::steady_clock::now()));
  request.body_limit = answer_limit;
  auto response = co_await client_.send(std::move(request));
  if (!response) co_return fail(std::move(response).error());
  if (response->status != 200) scrub(response->body, credential);
  note_retry_after(endpoint, *response);
  co_return std::move(response);
}

asio::awaitable<Result<std::string>> QueryClient::read_secret(std::string file) {
  auto read = [file] { return read_file(file, kMaxSecret); };
  Result<std::string> text;
  if (pool_ == nullptr) {
    text = read();
  } else {
    text = co_await offload(*pool_, std::move(read));
  }
  if (!text) co_return fail(std::move(text).error());
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) co_return fail(ErrorKind::invalid_input, file + ": is empty; a credential is expected");
  if (!http::valid_header("Authorization", *text)) {
    co_return fail(ErrorKind::invalid_input, file + ": holds more than one line; a credential is expected");
  }
  co_return text;
}

// The referent lives in fetch()'s frame.
asio::awaitable<Result<std::string>> QueryClient::authorization(const Endpoint& endpoint) {
  const bool bearer = !endpoint.bearer_file.empty();
  std::string file = bearer ? endpoint.bearer_file : endpoint.basic_password_file;
  auto secret = co_await read_secret(std::move(file));
  if (!secret) co_return fail(std::move(secret).error().with_context("auth"));
  if (bearer) co_return "Bearer " + *secret;
  co_return "Basic " + base64(endpoint.basic_user + ":" + *secret);
}

std::string QueryClient::held_back(const Endpoint& endpoint) {
  const auto found = back_at_.find(server_key(endpoint));
  if (found == back_at_.end()) return {};
  const auto left = found->second - clock_.steady_now();
  if (left <= SteadyTime::duration::zero()) {
    back_at_.erase(found);
    return {};
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(left);
  return fmt::format("not asked: {} wants to be left alone for {} more (Retry-After)", endpoint.base.authority(),
                     format_duration(seconds));
}

void QueryClient::note_retry_after(const Endpoint& endpoint, const http::Response& response) {
  if (response.status != 429 && response.status != 503) return;
  const Duration pause = retry_after(response.headers.get("Retry-After"), clock_.wall_now());
  if (pause <= Duration::zero()) return;
  if (back_at_.size() >= kMaxRemembered) back_at_.clear();
  back_at_[server_key(endpoint)] = clock_.steady_now() + pause;
  logger_.warn("a metrics server wants to be left alone", kv("server", endpoint.base.authority()),
               kv("tenant", endpoint.tenant), kv("status", response.status), kv("for", format_duration(pause)));
}

void QueryClient::note_remarks(const std::string& key, const std::string& query, const QueryAnswer& answer) {
  std::string now;
  for (const std::string& one : answer.warnings) now += "warning: " + one + "\n";
  for (const std::string& one : answer.infos) now += "info: " + one + "\n";
  const auto before = remarks_.find(key);
  if (now == (before == remarks_.end() ? std::string() : before->second)) return;
  if (remarks_.size() >= kMaxRemembered) remarks_.clear();
  if (now.empty()) {
    remarks_.erase(key);
  } else {
    remarks_[key] = std::move(now);
  }
  for (const std::string& one : answer.warnings) {
    logger_.warn("the metrics server warns", kv("query", one_line(query)), kv("warning", one));
  }
  for (const std::string& one : answer.infos) {
    logger_.info("the metrics server remarks", kv("query", one_line(query)), kv("info", one));
  }
}

void QueryClient::warn_if_open(const Endpoint& endpoint) {
  if (endpoint.base.secure || loopback(endpoint.base.host) || warned_open_.size() >= kMaxRemembered) return;
  if (!warned_open_.insert(endpoint.base.authority()).second) return;
  logger_.warn("credentials are sent without encryption: use https", kv("server", endpoint.base.authority()));
}

AnswerHeaders headers_of(const http::Response& response, bool loki) {
  AnswerHeaders out;
  out.content_type = response.headers.get("Content-Type");
  out.content_encoding = response.headers.get("Content-Encoding");
  out.location = response.headers.get("Location");
  out.loki = loki;
  return out;
}

std::string query_form(const Endpoint& endpoint, const std::string& query) {
  std::string form = "query=" + http::percent_encode(query);
  return endpoint.base.query.empty() ? form : endpoint.base.query + "&" + form;
}

Duration retry_after(std::string_view value, WallTime now) {
  long seconds = 0;
  const char* const end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, seconds);
  Duration pause{};
  if (!value.empty() && read.ec == std::errc{} && read.ptr == end) {
    pause = std::chrono::seconds(std::clamp(seconds, 0L, 86'400L));
  } else if (read.ec == std::errc::result_out_of_range) {
    pause = kLongestPause;
  } else {
    // "Wed, 21 Oct 2015 07:28:00 GMT": the one form that is sent (RFC 9110, 5.6.7).
    std::tm parts{};
    const std::string text(value);
    if (::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts) == nullptr) return {};
    pause =
        std::chrono::duration_cast<Duration>(std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts))) - now);
  }
  return std::clamp(pause, Duration::zero(), kLongestPause);
}

}  // namespace stackscaler::metrics
