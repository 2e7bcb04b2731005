// SPDX-License-Identifier: Apache-2.0
//
// Pool and Lease: the client's connections, per scheme, host, port and TLS identity, bounded in number and in waiting
// requests.
//
// A Lease is the right to one connection of one host. Its destructor closes the connection and frees the slot, unless
// keep() gave the connection back for reuse; so a coroutine that ends in any way leaks nothing. Private to src/http.
// Threads: the loop's. Leases keep the pool alive.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/offload.hpp"
#include "base/error.hpp"
#include "http/client.hpp"
#include "http/detail/tls.hpp"
#include "http/detail/watchdog.hpp"

namespace stackscaler::http::detail {

struct Connection {
  explicit Connection(const boost::asio::any_io_executor& executor) : socket(executor), watchdog(socket) {}
  boost::asio::ip::tcp::socket socket;
  Watchdog watchdog;
  std::shared_ptr<boost::asio::ssl::context> context;
  std::unique_ptr<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls;  // null: plain
  SteadyTime made{};
  boost::beast::flat_buffer input;
  std::string output;
  SteadyTime idle_since{};
};

// What may share connections: scheme, host and port, and for https the TLS identity. Begins with a text for messages
// that ends at the first kKeyEnd.
inline constexpr char kKeyEnd = '\x1f';
[[nodiscard]] std::string pool_key(const Url& url, const TlsOptions* tls);

class Pool;
struct Waiter;

struct Host {
  std::string key;
  std::vector<std::unique_ptr<Connection>> idle;  // the most recently used last
  std::size_t open = 0;                           // idle ones and those leased
  std::list<Waiter*> waiters;
};

class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<Pool> pool, Host* host, std::unique_ptr<Connection> connection)
      : pool_(std::move(pool)), host_(host), connection_(std::move(connection)) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { drop(); }

  [[nodiscard]] bool holds() const { return pool_ != nullptr; }
  // Null: the slot is ours, the connection is yet to be made.
  [[nodiscard]] Connection* connection() const { return connection_.get(); }
  void set(std::unique_ptr<Connection> connection) { connection_ = std::move(connection); }
  void keep();

 private:
  void drop();
  std::shared_ptr<Pool> pool_;
  Host* host_ = nullptr;
  std::unique_ptr<Connection> connection_;
};

struct Waiter {
  explicit Waiter(const boost::asio::any_io_executor& executor, SteadyTime until) : timer(executor, until) {}
  boost::asio::steady_timer timer;
  Lease granted;
};

class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(boost::asio::any_io_executor executor, ClientLimits limits)
      : executor_(std::move(executor)), limits_(limits), sweeper_(executor_) {}

  // An idle connection or a free slot; a lease that holds nothing when all are taken. `strict` asks the kernel whether
  // the other side has closed an idle connection, for requests that can't be sent twice.
  [[nodiscard]] Lease try_acquire(const std::string& key, bool strict);
  // Waits for one until `deadline`.
  [[nodiscard]] boost::asio::awaitable<Result<Lease>> wait(std::string key, SteadyTime deadline);
  // Closes what is idle and stops the timer; leases in use go on, and their connections are not kept.
  void close();

  [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }
  ClientStats stats;

  // The TLS context of these options, made of their files as they are now.
  [[nodiscard]] boost::asio::awaitable<Result<std::shared_ptr<boost::asio::ssl::context>>> tls_context(
      std::shared_ptr<const TlsOptions> options);

 private:
  friend class Lease;
  void release(Host* host, std::unique_ptr<Connection> connection);
  void erase_if_unused(Host* host);
  void arm_sweeper();
  void sweep();

  boost::asio::any_io_executor executor_;
  ClientLimits limits_;
  std::map<std::string, Host, std::less<>> hosts_;
  std::map<std::string, TlsContext> contexts_;  // by key_of()
  std::unique_ptr<BlockingPool> files_;         // one thread that reads TLS files; made when first needed
  boost::asio::steady_timer sweeper_;
  bool sweeping_ = false;
  bool closed_ = false;
};

}  // namespace stackscaler::http::detail
