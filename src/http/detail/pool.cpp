// SPDX-License-Identifier: Apache-2.0
#include "http/detail/pool.hpp"

#include <fmt/core.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/digest.hpp"

namespace stackscaler::http::detail {

namespace asio = boost::asio;

namespace {

// A connection that was used less than this ago is taken without asking the kernel about it.
constexpr auto kSurelyFresh = std::chrono::seconds(1);
constexpr auto kTlsLifetime = std::chrono::minutes(10);  // then the certificates are checked again
constexpr std::size_t kMaxContexts = 256;                // TLS contexts kept

std::string identity(const TlsOptions& options) {
  std::string out;
  for (const std::string* part :
       {&options.ca_file, &options.certificate_file, &options.key_file, &options.server_name}) {
    out.append(1, kKeyEnd).append(*part);
  }
  // By digest: a key of the map is no place for a private key.
  for (const std::string* pem : {&options.ca_pem, &options.certificate_pem, &options.key_pem.reveal()}) {
    out.append(1, kKeyEnd).append(pem->empty() ? std::string() : sha256_hex(*pem));
  }
  return out;
}

// An idle connection must have nothing to read: a byte or an end means that the other side has given it up.
bool still_open(asio::ip::tcp::socket& socket) {
  char byte = 0;
  const ssize_t count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

std::string pool_key(const Url& url, const TlsOptions* tls) {
  if (!url.secure) return url.authority();
  return "https://" + url.authority() + identity(tls == nullptr ? TlsOptions() : *tls);
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    drop();
    pool_ = std::move(other.pool_);
    host_ = other.host_;
    connection_ = std::move(other.connection_);
  }
  return *this;
}

void Lease::keep() {
  const auto pool = std::move(pool_);
  connection_->watchdog.stop();
  pool->release(host_, std::move(connection_));
}

void Lease::drop() {
  if (!pool_) return;
  const auto pool = std::move(pool_);
  connection_.reset();
  pool->release(host_, nullptr);
}

Lease Pool::try_acquire(const std::string& key, bool strict) {
  auto at = hosts_.find(key);
  if (at == hosts_.end()) {
    at = hosts_.try_emplace(key).first;
    at->second.key = key;
  }
  Host& host = at->second;
  const SteadyTime now = std::chrono::steady_clock::now();
  while (!host.idle.empty()) {
    auto connection = std::move(host.idle.back());
    host.idle.pop_back();
    const auto idle_for = now - connection->idle_since;
    const bool ask = strict || idle_for >= kSurelyFresh;
    const bool aged = connection->tls != nullptr && now - connection->made >= kTlsLifetime;
    if (idle_for < limits_.idle_timeout && !aged && (!ask || still_open(connection->socket))) {
      return Lease(shared_from_this(), &host, std::move(connection));
    }
    --host.open;
  }
  if (host.open >= limits_.connections_per_host) return {};
  ++host.open;
  return Lease(shared_from_this(), &host, nullptr);
}

asio::awaitable<Result<Lease>> Pool::wait(std::string key, SteadyTime deadline) {
  Host& host = hosts_.at(key);
  if (host.waiters.size() >= limits_.waiting_per_host) {
    co_return fail(ErrorKind::unavailable, fmt::format("{} requests wait for a connection to {} already",
                                                       host.waiters.size(), key.substr(0, key.find(kKeyEnd))));
  }
  const auto self = shared_from_this();
  Waiter waiter(executor_, deadline);
  // The entry leaves the list with this frame, also when the frame is destroyed without being resumed.
  struct Entry {
    Host& host;
    std::list<Waiter*>::iterator at;
    Waiter& waiter;
    ~Entry() {
      if (!waiter.granted.holds()) host.waiters.erase(at);
    }
  };
  bool granted = false;
  boost::system::error_code ec;
  {
    const Entry entry{host, host.waiters.insert(host.waiters.end(), &waiter), waiter};
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    granted = waiter.granted.holds();
  }
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) co_return fail(ErrorKind::cancelled, "stopping");
  if (granted) co_return std::move(waiter.granted);
  co_return fail(ErrorKind::timeout, fmt::format("no connection to {} became free in time ({} are in use)",
                                                 key.substr(0, key.find(kKeyEnd)), limits_.connections_per_host));
}

void Pool::release(Host* host, std::unique_ptr<Connection> connection) {
  if (!host->waiters.empty()) {
    Waiter* const next = host->waiters.front();
    host->waiters.pop_front();
    next->granted = Lease(shared_from_this(), host, std::move(connection));
    next->timer.cancel();
    return;
  }
  if (connection && !closed_) {
    connection->idle_since = std::chrono::steady_clock::now();
    host->idle.push_back(std::move(connection));
    arm_sweeper();
    return;
  }
  --host->open;
  erase_if_unused(host);
}

void Pool::erase_if_unused(Host* host) {
  if (host->open != 0 || !host->waiters.empty()) return;
  const auto at = hosts_.find(host->key);
  if (at != hosts_.end()) hosts_.erase(at);
}

void Pool::close() {
  closed_ = true;
  if (files_) files_->join();
  sweeper_.cancel();
  for (auto at = hosts_.begin(); at != hosts_.end();) {
    Host& host = (at++)->second;
    host.open -= host.idle.size();
    host.idle.clear();
    erase_if_unused(&host);
  }
}

asio::awaitable<Result<std::shared_ptr<asio::ssl::context>>> Pool::tls_context(
    std::shared_ptr<const TlsOptions> options) {
  if (!options) options = std::make_shared<const TlsOptions>();
  if (closed_) co_return fail(ErrorKind::cancelled, "stopping");
  if (!files_) files_ = std::make_unique<BlockingPool>(1);
  const auto self = shared_from_this();
  TlsOptions named = *options;
  named.server_name.clear();  // no part of a context
  const std::string key = identity(named);
  const auto found = contexts_.find(key);
  TlsContext known = found == contexts_.end() ? TlsContext() : found->second;
  auto load = [options, known = std::move(known)] { return load_context(*options, known); };
  auto loaded = co_await offload(*files_, std::move(load));
  if (!loaded) co_return fail(std::move(loaded).error());
  auto context = loaded->context;
  if (contexts_.size() >= kMaxContexts && !contexts_.contains(key)) contexts_.clear();
  contexts_[key] = std::move(*loaded);
  co_return std::move(context);
}

void Pool::arm_sweeper() {
  if (sweeping_) return;
  sweeping_ = true;
  sweeper_.expires_after(limits_.idle_timeout);
  sweeper_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
    const auto self = weak.lock();
    if (!self) return;
    self->sweeping_ = false;
    if (!ec) self->sweep();
  });
}

void Pool::sweep() {
  const SteadyTime oldest = std::chrono::steady_clock::now() - limits_.idle_timeout;
  bool left = false;
  for (auto at = hosts_.begin(); at != hosts_.end();) {
    Host& host = (at++)->second;
    host.open -= std::erase_if(host.idle, [oldest](const auto& c) { return c->idle_since <= oldest; });
    left = left || !host.idle.empty();
    erase_if_unused(&host);
  }
  if (left) arm_sweeper();
}

}  // namespace stackscaler::http::detail
