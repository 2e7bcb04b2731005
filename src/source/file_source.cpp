// SPDX-License-Identifier: Apache-2.0
#include "source/file_source.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "async/cancelled.hpp"
#include "source/detail/catalog.hpp"
#include "source/detail/inotify.hpp"
#include "source/detail/scan.hpp"

namespace stackscaler::source {

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr Duration kDebounce = 50ms;       // an editor's save is several events
constexpr Duration kUnwatchedRescan = 5s;  // when inotify does not see everything
constexpr int kLooksInARow = 4;            // while folders keep appearing

asio::awaitable<Result<void>> readable(asio::posix::stream_descriptor& descriptor) {
  co_await asio::this_coro::throw_if_cancelled(false);
  boost::system::error_code ec;
  co_await descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return fail(ErrorKind::cancelled, "stopping");
  co_return Result<void>{};
}

}  // namespace

FileSource::FileSource(asio::any_io_executor executor, BlockingPool& pool, Clock& clock, Logger& logger,
                       PolicyIndex& index, FileSourceOptions options)
    : executor_(std::move(executor)),
      pool_(pool),
      clock_(clock),
      logger_(logger),
      index_(index),
      options_(std::move(options)),
      catalog_(std::make_unique<detail::Catalog>()) {}

FileSource::~FileSource() = default;

asio::awaitable<Result<void>> FileSource::look(ports::PolicySink& sink) {
  auto job = [root = options_.root, known = catalog_->stamps(), defaults = options_.defaults] {
    return detail::look(root, *known, defaults);
  };
  Result<detail::Look> seen = co_await offload(pool_, std::move(job));
  failing_ = !seen.has_value();
  if (!seen) co_return fail(std::move(seen).error());
  from_afar_ = seen->from_afar;
  const detail::CatalogChanges changes = catalog_->apply(std::move(*seen));
  if (changes.any || !looked_) index_.assign(catalog_->paths());
  looked_ = true;
  for (const std::string& problem : changes.problems) logger_.error("invalid policy file", kv("err", problem));
  for (const policy::PolicyKey& key : changes.removes) sink.remove(key);
  for (const auto& policy : changes.upserts) sink.upsert(policy);
  co_return Result<void>{};
}

bool FileSource::sound() const {
  return looked_ && !failing_ && catalog_->sound();
}

asio::awaitable<Result<void>> FileSource::load(ports::PolicySink& sink) {
  Result<void> looked = co_await look(sink);
  if (looked) {
    logger_.info("policies loaded", kv("folder", options_.root.string()), kv("files", catalog_->files()),
                 kv("policies", catalog_->policies()));
  }
  co_return looked;
}

// Said when it begins and when it ends, whatever the reasons in between.
void FileSource::note_unwatched(const std::string& why) {
  if (why.empty() == !unwatched_) return;
  unwatched_ = !why.empty();
  if (unwatched_) {
    logger_.warn("changes of policy files are found by looking every few seconds",
                 kv("every", format_duration(std::min(options_.rescan, kUnwatchedRescan))), kv("err", why));
  } else {
    logger_.info("changes of policy files are seen at once again");
  }
}

void FileSource::open_inotify(std::string& failed) {
  if (inotify_ != nullptr || !options_.notify) return;
  const detail::InotifyCalls& calls = options_.inotify != nullptr ? *options_.inotify : detail::InotifyCalls::system();
  auto opened = detail::Inotify::open(executor_, calls);
  if (opened) {
    inotify_ = std::move(*opened);
  } else {
    failed = opened.error().message();
  }
}

asio::awaitable<void> FileSource::look_and_watch(ports::PolicySink& sink) {
  for (int i = 0; i < kLooksInARow; ++i) {
    std::string unwatched;
    open_inotify(unwatched);
    Result<void> looked = co_await look(sink);
    const std::string failure = looked ? std::string() : looked.error().message();
    if (failure != last_failure_) {
      if (!looked) logger_.error("policies can't be read; what was known stays", kv("err", failure));
      if (looked) logger_.info("policies can be read again", kv("folder", options_.root.string()));
    }
    last_failure_ = failure;
    bool grew = false;
    if (inotify_ != nullptr) {
      auto job = [inotify = inotify_.get(), root = options_.root,
                  list = looked ? std::optional(catalog_->watch()) : std::nullopt] {
        return inotify->cover(list ? *list : detail::way_to(root));
      };
      const detail::Cover covered = co_await offload(pool_, std::move(job));
      unwatched = covered.failed;
      grew = covered.grew;
    }
    if (unwatched.empty() && from_afar_ && options_.notify) {
      unwatched = "the folder is on a network file system, whose changes by other machines are not notified";
    }
    note_unwatched(unwatched);
    // Between the look and the new watch something may have come.
    if (!grew || co_await is_cancelled()) co_return;
  }
}

asio::awaitable<bool> FileSource::wait(SteadyTime until) {
  using asio::experimental::awaitable_operators::operator||;
  if (inotify_ == nullptr) {
    static_cast<void>(co_await clock_.sleep_until(until));
    co_return false;
  }
  auto events = readable(inotify_->descriptor());
  auto timer = clock_.sleep_until(until);
  const auto first = co_await (std::move(events) || std::move(timer));
  co_return first.index() == 0 && std::get<0>(first).has_value();
}

asio::awaitable<void> FileSource::watch(ports::PolicySink& sink) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await look_and_watch(sink);
  while (!co_await is_cancelled()) {
    const Duration period = unwatched_ ? std::min(options_.rescan, kUnwatchedRescan) : options_.rescan;
    const SteadyTime next = clock_.steady_now() + period;
    bool due = false;
    while (!due && !co_await is_cancelled()) {
      const bool happened = co_await wait(next);
      due = happened ? inotify_->drain() : true;
      if (happened && due) {
        static_cast<void>(co_await clock_.sleep_for(kDebounce));
        static_cast<void>(inotify_->drain());
      }
    }
    if (!co_await is_cancelled()) co_await look_and_watch(sink);
  }
  inotify_.reset();
}

}  // namespace stackscaler::source
