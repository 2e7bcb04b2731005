// SPDX-License-Identifier: Apache-2.0
//
// read_message() and write_all(): the two halves of an HTTP exchange on a non-blocking socket, plain or TLS.
//
// Leaner than Beast's composed operations: a write that fits the socket's buffer never suspends, and reading is one
// loop over one read operation. Deadlines are the Watchdog's business. Private to src/http.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <string_view>

namespace stackscaler::http::detail {

inline constexpr std::size_t kReadChunk = 16 * 1024;

// Feeds what is in `buffer` to the parser. need_more: read on.
template <class Parser>
[[nodiscard]] boost::system::error_code parse_buffered(boost::beast::flat_buffer& buffer, Parser& parser) {
  boost::system::error_code ec;
  while (!parser.is_done()) {
    if (buffer.size() == 0) return boost::beast::http::error::need_more;
    const std::size_t used = parser.put(buffer.data(), ec);
    buffer.consume(used);
    if (ec) return ec;
    if (used == 0) return boost::beast::http::error::need_more;
  }
  return ec;
}

// Reads until the parser is done. Success, or: asio's end of file before the first byte, http::error::partial_message
// for an end in the middle, operation_aborted, the parser's or the socket's error. The parser must be eager.
// A TLS stream that ends without its closing word is an end all the same, unless only the end tells that the message is
// whole.
template <class Stream, class Parser>
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> read_message(Stream& socket,
                                                                             boost::beast::flat_buffer& buffer,
                                                                             Parser& parser) {
  namespace asio = boost::asio;
  for (;;) {
    boost::system::error_code ec = parse_buffered(buffer, parser);
    if (ec != boost::beast::http::error::need_more) co_return ec;
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return asio::error::operation_aborted;
    ec = {};
    const std::size_t count =
        co_await socket.async_read_some(buffer.prepare(kReadChunk), asio::redirect_error(asio::use_awaitable, ec));
    buffer.commit(count);
    const bool cut = ec == asio::ssl::error::stream_truncated;
    if (ec == asio::error::eof || cut) {
      if (!parser.got_some() && buffer.size() == 0) co_return asio::error::eof;
      if (cut && parser.need_eof()) co_return boost::beast::http::error::partial_message;
      boost::system::error_code at_end;
      parser.put_eof(at_end);
      co_return at_end;
    }
    if (ec) co_return ec;
  }
}

// Writes as much as the socket takes at once; the caller awaits write_rest() for what is left.
[[nodiscard]] inline std::size_t write_some_now(boost::asio::ip::tcp::socket& socket, std::string_view bytes,
                                                boost::system::error_code& ec) {
  const std::size_t count = socket.write_some(boost::asio::buffer(bytes.data(), bytes.size()), ec);
  if (ec == boost::asio::error::would_block) ec = {};
  return count;
}

template <class Stream>
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> write_rest(Stream& socket, std::string_view bytes) {
  namespace asio = boost::asio;
  boost::system::error_code ec;
  co_await asio::async_write(socket, asio::buffer(bytes.data(), bytes.size()),
                             asio::redirect_error(asio::use_awaitable, ec));
  co_return ec;
}

}  // namespace stackscaler::http::detail
