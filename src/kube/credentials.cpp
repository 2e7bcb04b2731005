// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials.hpp"

#include <boost/asio/this_coro.hpp>
#include <optional>

#include "base/files.hpp"
#include "kube/detail/exec_credential.hpp"
#include "kube/detail/run_program.hpp"
#include "kube/detail/turns.hpp"

namespace stackscaler::kube {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxToken = 64UL * 1024;
constexpr std::size_t kMaxAuthority = std::size_t{4} << 20U;
constexpr Duration kTokenFileAge = std::chrono::seconds(30);
constexpr Duration kLongestRenewal = std::chrono::minutes(2);
constexpr Duration kExpiryMargin = std::chrono::seconds(10);  // a token must live as long as a request

std::string trimmed(std::string text) {
  const auto space = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (!text.empty() && space(text.back())) text.pop_back();
  std::size_t begin = 0;
  while (begin < text.size() && space(text[begin])) ++begin;
  return text.substr(begin);
}

}  // namespace

// Shared with the requests in progress.
class Credentials::State : public std::enable_shared_from_this<Credentials::State> {
 public:
  State(asio::any_io_executor executor, ClusterConfig config_given, Clock& clock, BlockingPool& pool)
      : config(std::move(config_given)),
        clock_(clock),
        pool_(pool),
        one_(std::move(executor), clock, 1),
        plain_tls_(std::make_shared<const http::TlsOptions>(config.tls)) {}

  [[nodiscard]] asio::awaitable<Result<Credential>> get();
  void refused(const Credential& credential) {
    if (known_ && known_->generation == credential.generation) known_.reset();
  }

  const ClusterConfig config;

 private:
  [[nodiscard]] bool fresh() const {
    return known_ && clock_.steady_now() < fresh_until_ && (!expires_ || clock_.wall_now() + kExpiryMargin < *expires_);
  }
  [[nodiscard]] asio::awaitable<Result<Credential>> renew();
  [[nodiscard]] asio::awaitable<Result<Credential>> from_file();
  [[nodiscard]] asio::awaitable<Result<Credential>> from_plugin();

  Clock& clock_;
  BlockingPool& pool_;
  detail::Turns one_;  // one renewal at a time: whoever waits takes what the first has got
  std::shared_ptr<const http::TlsOptions> plain_tls_;
  std::optional<Credential> known_;
  SteadyTime fresh_until_{};
  std::optional<WallTime> expires_;
  std::uint64_t generations_ = 0;
};

asio::awaitable<Result<Credential>> Credentials::State::get() {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto self = shared_from_this();
  if (fresh()) co_return *known_;
  const auto turn = co_await one_.enter(clock_.steady_now() + kLongestRenewal);
  if (!turn) co_return fail(turn.error());
  if (fresh()) co_return *known_;
  auto renewed = co_await renew();
  if (!renewed) co_return fail(std::move(renewed).error().with_context("credentials of " + config.origin));
  renewed->generation = ++generations_;
  known_ = *renewed;
  co_return std::move(renewed);
}

asio::awaitable<Result<Credential>> Credentials::State::renew() {
  fresh_until_ = SteadyTime::max();
  expires_.reset();
  if (!config.token_file.empty()) co_return co_await from_file();
  if (!config.token.empty() || !config.exec) {
    Credential credential;
    credential.tls = plain_tls_;
    if (!config.token.empty()) credential.authorization = Secret("Bearer " + config.token.reveal());
    co_return credential;
  }
  co_return co_await from_plugin();
}

asio::awaitable<Result<Credential>> Credentials::State::from_file() {
  const SteadyTime now = clock_.steady_now();
  auto read = [file = config.token_file] { return read_file(file, kMaxToken); };
  auto text = co_await offload(pool_, std::move(read));
  if (!text) co_return fail(ErrorKind::invalid_input, "token file: " + text.error().message());
  const std::string token = trimmed(std::move(*text));
  if (token.empty()) co_return fail(ErrorKind::invalid_input, "token file: " + config.token_file + ": is empty");
  fresh_until_ = now + kTokenFileAge;
  Credential credential;
  credential.tls = plain_tls_;
  credential.authorization = Secret("Bearer " + token);
  co_return credential;
}

asio::awaitable<Result<Credential>> Credentials::State::from_plugin() {
  const ExecPlugin& plugin = *config.exec;
  detail::Program program;
  program.command = plugin.command;
  program.args = plugin.args;
  program.env = plugin.env;
  std::string authority = config.tls.ca_pem;
  if (plugin.provide_cluster_info && authority.empty() && !config.tls.ca_file.empty()) {
    auto read = [file = config.tls.ca_file] { return read_file(file, kMaxAuthority); };
    auto text = co_await offload(pool_, std::move(read));
    if (!text) co_return fail(ErrorKind::invalid_input, "certificate-authority: " + text.error().message());
    authority = std::move(*text);
  }
  std::string info = detail::exec_info(config, authority);
  program.env.emplace_back("KUBERNETES_EXEC_INFO", std::move(info));
  auto ran = co_await detail::run_program(clock_, std::move(program));
  if (!ran) {
    if (ran.error().kind() != ErrorKind::not_found) co_return fail(std::move(ran).error());
    std::string hint = plugin.install_hint.empty() ? std::string() : "; " + plugin.install_hint.substr(0, 500);
    co_return fail(ErrorKind::invalid_input, ran.error().message() + hint);
  }
  if (ran->exit_code != 0) co_return fail(detail::plugin_failed(plugin, ran->exit_code, ran->err));
  auto answer = detail::parse_exec_credential(ran->out, plugin.api_version);
  if (!answer) co_return fail(std::move(answer).error().with_context(plugin.command));
  expires_ = answer->expires;
  Credential credential;
  credential.tls = plain_tls_;
  if (!answer->token.empty()) credential.authorization = Secret("Bearer " + answer->token.reveal());
  if (!answer->certificate_pem.empty()) {
    http::TlsOptions tls = config.tls;
    tls.certificate_pem = answer->certificate_pem;
    tls.key_pem = answer->key_pem;
    credential.tls = std::make_shared<const http::TlsOptions>(std::move(tls));
  }
  co_return credential;
}

Credentials::Credentials(asio::any_io_executor executor, ClusterConfig config, Clock& clock, BlockingPool& pool)
    : state_(std::make_shared<State>(std::move(executor), std::move(config), clock, pool)) {}
Credentials::~Credentials() = default;

asio::awaitable<Result<Credential>> Credentials::get() {
  return state_->get();
}

void Credentials::refused(const Credential& credential) {
  state_->refused(credential);
}

bool Credentials::renewable() const {
  return state_->config.exec.has_value() || !state_->config.token_file.empty();
}

const ClusterConfig& Credentials::config() const {
  return state_->config;
}

}  // namespace stackscaler::kube
