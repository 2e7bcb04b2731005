// SPDX-License-Identifier: Apache-2.0
//
// run(): runs one coroutine to its end on an io_context and gives its value; a thrown exception comes through.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace stackscaler::test {

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
  std::optional<T> value;
  std::exception_ptr failure;
  auto store = [](boost::asio::awaitable<T> inner, std::optional<T>* out) -> boost::asio::awaitable<void> {
    out->emplace(co_await std::move(inner));
  };
  // The value is there before the coroutine's end is: leaving in between would leave a handler that refers to us.
  bool done = false;
  boost::asio::co_spawn(io, store(std::move(task), &value), [&](const std::exception_ptr& e) {
    failure = e;
    done = true;
  });
  io.restart();
  while (!done && io.run_one() != 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!value) throw std::runtime_error("the coroutine did not end: the loop ran out of work");
  return std::move(*value);
}

inline void run(boost::asio::io_context& io, boost::asio::awaitable<void> task) {
  bool done = false;
  std::exception_ptr failure;
  boost::asio::co_spawn(io, std::move(task), [&](const std::exception_ptr& e) {
    failure = e;
    done = true;
  });
  io.restart();
  while (!done && io.run_one() != 0) {
  }
  if (failure) std::rethrow_exception(failure);
  if (!done) throw std::runtime_error("the coroutine did not end: the loop ran out of work");
}

}  // namespace stackscaler::test
