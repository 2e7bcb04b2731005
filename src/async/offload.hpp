// SPDX-License-Identifier: Apache-2.0
//
// offload(): runs a blocking function on the blocking pool and resumes the caller on its own executor.
//
// The function must not throw, must own what it touches (take it by value), and runs to its end even if the caller is
// cancelled meanwhile: the caller then learns of the cancellation at its next co_await.
// g++ 12: bind the function to a named local and pass it by std::move; a capturing lambda written inside the co_await
// statement is destroyed twice.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>
#include <utility>

namespace stackscaler {

using BlockingPool = boost::asio::thread_pool;

template <class F>
[[nodiscard]] boost::asio::awaitable<std::invoke_result_t<F&>> offload(BlockingPool& pool, F function) {
  namespace asio = boost::asio;
  using R = std::invoke_result_t<F&>;
  auto start = [](auto handler, BlockingPool* where, F work) {
    auto executor = asio::get_associated_executor(handler);
    auto guard = asio::make_work_guard(executor);
    asio::post(*where,
               [handler = std::move(handler), guard = std::move(guard), executor, work = std::move(work)]() mutable {
                 R result = work();
                 asio::post(executor, [handler = std::move(handler), result = std::move(result)]() mutable {
                   std::move(handler)(std::move(result));
                 });
               });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(R)>(start, asio::use_awaitable, &pool,
                                                                                   std::move(function));
}

}  // namespace stackscaler
