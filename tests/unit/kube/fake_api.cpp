// SPDX-License-Identifier: Apache-2.0
#include "unit/kube/fake_api.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>

#include "support/run.hpp"
#include "unit/kube/read_request.hpp"

namespace stackscaler::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using Json = FakeApi::Json;

namespace {

constexpr Duration kBookmarks = std::chrono::milliseconds(20);

Json status(int code, const std::string& reason, const std::string& message) {
  Json out = {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", Json::object()}, {"status", "Failure"}};
  out["message"] = message;
  out["reason"] = reason;
  out["code"] = code;
  return out;
}

std::string collection_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string chunk(const std::string& bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

std::string whole(int code, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(code) + " X\r\nContent-Type: application/json\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

asio::awaitable<void> stop(TaskGroup& group) {
  group.request_stop();
  co_await group.join();
}

}  // namespace

FakeApi::FakeApi(asio::io_context& io)
    : io_(io), acceptor_(io, {asio::ip::make_address("127.0.0.1"), 0}), group_(io.get_executor(), log_) {
  group_.spawn("accept", accept());
}

FakeApi::~FakeApi() {
  run(io_, stop(group_));
}

http::Url FakeApi::url() const {
  return http::Url("127.0.0.1", acceptor_.local_endpoint().port(), "");
}

void FakeApi::fail_by_chance(std::uint64_t seed, double chance) {
  random_ = Random(seed);
  chance_ = chance;
}

Fault FakeApi::next_fault() {
  Fault fault = Fault::none;
  if (!script_.empty()) {
    fault = script_.front();
    script_.pop_front();
  } else if (random_.unit() < chance_) {
    constexpr int kByChance = static_cast<int>(Fault::silent);
    fault = static_cast<Fault>(1 + std::min(kByChance - 1, static_cast<int>(random_.unit() * kByChance)));
  }
  if (fault != Fault::none) ++faults_;
  return fault;
}

void FakeApi::log(const std::string& type, const std::string& path, const Json& object) {
  Json event = {{"type", type}, {"object", object}};
  events_.push_back(Event{version_, collection_of(path), event.dump()});
  wake_watchers();
}

void FakeApi::wake_watchers() {
  for (const Watcher& watcher : watchers_) watcher.wake->cancel();
}

void FakeApi::put(const std::string& path, Json object) {
  const auto found = objects_.find(path);
  Json& metadata = object["metadata"];
  metadata["name"] = path.substr(path.rfind('/') + 1);
  metadata["namespace"] = "ns";
  metadata["uid"] =
      found == objects_.end() ? "uid-" + std::to_string(++uids_) : found->second["metadata"]["uid"].get<std::string>();
  metadata["resourceVersion"] = std::to_string(++version_);
  const bool is_new = found == objects_.end();
  objects_[path] = object;
  log(is_new ? "ADDED" : "MODIFIED", path, object);
}

void FakeApi::erase(std::string path) {
  const auto found = objects_.find(path);
  if (found == objects_.end()) return;
  Json last = found->second;
  objects_.erase(found);
  last["metadata"]["resourceVersion"] = std::to_string(++version_);
  log("DELETED", path, last);
}

void FakeApi::compact() {
  compacted_ = version_;
  events_.clear();
  pages_.clear();
}

void FakeApi::restore(Snapshot snapshot) {
  objects_ = std::move(snapshot.objects);
  version_ = snapshot.version;
  compacted_ = 0;
  events_.clear();
  pages_.clear();
  boost::system::error_code ignored;
  for (const Watcher& watcher : watchers_) watcher.socket->close(ignored);
  wake_watchers();
}

void FakeApi::say(const std::string& line) {
  for (const Watcher& watcher : watchers_) watcher.extra->append(chunk(line + "\n"));
  wake_watchers();
}

int FakeApi::requests_of(http::Method method, const std::string& path) const {
  int count = 0;
  for (const auto& request : requests_) count += request.method == method && request.path == path ? 1 : 0;
  return count;
}

void FakeApi::release() {
  held_.clear();
  for (asio::steady_timer* timer : holders_) timer->cancel();
}

asio::awaitable<void> FakeApi::accept() {
  for (;;) {
    tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
    group_.spawn("connection", serve(std::move(socket)));
  }
}

asio::awaitable<void> FakeApi::wait(Duration time) {
  asio::steady_timer timer(io_, time);
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

asio::awaitable<bool> FakeApi::send(tcp::socket& socket, std::string bytes) {
  boost::system::error_code ec;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

asio::awaitable<void> FakeApi::serve(tcp::socket socket) {
  std::string pending;
  for (;;) {
    auto request = co_await read_request(socket, pending);
    if (!request) co_return;
    requests_.push_back(*request);
    if (!held_.empty() && request->path.starts_with(held_)) {
      asio::steady_timer timer(io_, asio::steady_timer::time_point::max());
      holders_.insert(&timer);
      ++holding_;
      boost::system::error_code ec;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      --holding_;
      holders_.erase(&timer);
    }
    const bool go_on = co_await answer(socket, *request);
    if (!go_on) co_return;
  }
}

asio::awaitable<bool> FakeApi::answer(tcp::socket& socket, const http::IncomingRequest& request) {
  const Fault fault = next_fault();
  std::string bytes;
  switch (fault) {
    case Fault::drop: co_return false;
    case Fault::silent: co_await wait(std::chrono::hours(1)); co_return false;
    case Fault::delay: co_await wait(std::chrono::milliseconds(3)); break;
    case Fault::gone: bytes = whole(410, status(410, "Expired", "too old resource version").dump()); break;
    case Fault::busy:
      bytes = whole(429, status(429, "TooManyRequests", "later").dump(),
                    "Retry-After: " + std::to_string(retry_after_) + "\r\n");
      break;
    case Fault::broken: bytes = whole(500, status(500, "InternalError", "etcdserver: leader changed").dump()); break;
    case Fault::garbage: bytes = whole(200, "<html>hello</html>"); break;
    case Fault::unauthorized: bytes = whole(401, status(401, "Unauthorized", "Unauthorized").dump()); break;
    case Fault::cut:
    case Fault::none: break;
  }
  if (!bytes.empty()) co_return co_await send(socket, std::move(bytes));
  if (http::query_parameter(request.query, "watch") == "1") {
    const std::int64_t from = std::stoll(http::query_parameter(request.query, "resourceVersion"));
    if (from > version_) {
      co_return co_await send(socket, whole(504, status(504, "Timeout", "Too large resource version").dump()));
    }
    if (from < compacted_) {
      co_return co_await send(socket, whole(410, status(410, "Expired", "too old resource version").dump()));
    }
    co_await watch(socket, request.path, from);
    co_return false;
  }
  const Answer done = handle(request);
  bytes = whole(done.status, done.body.dump());
  if (fault == Fault::cut) bytes.resize(bytes.size() / 2);
  const bool sent = co_await send(socket, std::move(bytes));
  co_return sent&& fault != Fault::cut;
}

asio::awaitable<bool> FakeApi::send_event(tcp::socket& socket, std::string line, Fault fault) {
  line += "\n";
  switch (fault) {
    case Fault::drop: co_return false;
    case Fault::cut: {
      // Of the chunk, so that its size is a lie.
      std::string half = chunk(line);
      half.resize(half.size() / 2);
      static_cast<void>(co_await send(socket, std::move(half)));
      co_return false;
    }
    case Fault::silent: co_await wait(std::chrono::hours(1)); co_return false;
    case Fault::delay: co_await wait(std::chrono::milliseconds(3)); break;
    case Fault::gone: {
      const Json event = {{"type", "ERROR"}, {"object", status(410, "Expired", "too old resource version")}};
      co_return co_await send(socket, chunk(event.dump() + "\n"));
    }
    case Fault::broken: {
      const Json event = {{"type", "ERROR"}, {"object", status(500, "InternalError", "oh")}};
      co_return co_await send(socket, chunk(event.dump() + "\n"));
    }
    case Fault::garbage: co_return co_await send(socket, chunk("{\"type\":\"ADDED\",\n"));
    case Fault::busy: co_return co_await send(socket, "0\r\n\r\n") && false;  // the end, as it should be
    case Fault::none:
    case Fault::unauthorized: break;
  }
  co_return co_await send(socket, chunk(line));
}

asio::awaitable<void> FakeApi::watch(tcp::socket& socket, std::string collection, std::int64_t from) {
  const bool begun =
      co_await send(socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  if (!begun) co_return;
  asio::steady_timer wake(io_);
  std::string extra;
  struct Entry {
    std::list<Watcher>& list;
    std::list<Watcher>::iterator at;
    ~Entry() { list.erase(at); }
  };
  const Watcher watcher{&wake, &socket, &extra};
  const Entry entry{watchers_, watchers_.insert(watchers_.end(), watcher)};
  for (;;) {
    std::vector<std::string> lines;
    if (from < compacted_) {
      const Json event = {{"type", "ERROR"}, {"object", status(410, "Expired", "too old resource version")}};
      lines.push_back(event.dump());
    }
    for (const Event& event : events_) {
      if (event.version > from && event.collection == collection) lines.push_back(event.line);
    }
    from = version_;
    for (std::string& line : lines) {
      const Fault fault = next_fault();
      const bool sent = co_await send_event(socket, std::move(line), fault);
      if (!sent) co_return;
    }
    if (!extra.empty()) {
      std::string bytes = std::move(extra);
      extra.clear();
      const bool sent = co_await send(socket, std::move(bytes));
      if (!sent) co_return;
    }
    if (from < version_) continue;
    wake.expires_after(kBookmarks);
    boost::system::error_code ec;
    co_await wake.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (ec) continue;
    const Json bookmark = {{"type", "BOOKMARK"},
                           {"object", {{"metadata", {{"resourceVersion", std::to_string(from)}}}}}};
    const bool sent = co_await send_event(socket, bookmark.dump(), next_fault());
    if (!sent) co_return;
  }
}

FakeApi::Answer FakeApi::list(const std::string& collection, const std::string& query) {
  const std::string token = http::query_parameter(query, "continue");
  const std::string limit = http::query_parameter(query, "limit");
  std::vector<Json> rest;
  std::string version = std::to_string(version_);
  if (!token.empty()) {
    const auto found = pages_.find(token);
    if (found == pages_.end()) return Answer{410, status(410, "Expired", "The provided continue parameter is too old")};
    rest = found->second;
    version = token.substr(0, token.find('-'));
  } else {
    for (const auto& [path, object] : objects_) {
      if (collection_of(path) == collection) rest.push_back(object);
    }
  }
  const std::size_t count = limit.empty() ? rest.size() : std::min<std::size_t>(rest.size(), std::stoul(limit));
  Json out = {{"kind", "List"}, {"apiVersion", "v1"}, {"items", Json::array()}};
  out["metadata"]["resourceVersion"] = version;
  for (std::size_t i = 0; i < count; ++i) out["items"].push_back(rest[i]);
  rest.erase(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(count));
  if (!rest.empty()) {
    const std::string next = version + "-" + std::to_string(rest.size());
    out["metadata"]["continue"] = next;
    pages_[next] = std::move(rest);
  }
  return Answer{200, out};
}

FakeApi::Answer FakeApi::write(const http::IncomingRequest& request) {
  const auto found = objects_.find(request.path);
  const Json body = Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return Answer{400, status(400, "BadRequest", "no JSON")};
  if (request.method == http::Method::post) {
    const std::string path = request.path + "/" + body["metadata"]["name"].get<std::string>();
    if (objects_.contains(path)) return Answer{409, status(409, "AlreadyExists", "it is there already")};
    put(path, body);
    return Answer{201, objects_[path]};
  }
  if (found == objects_.end()) return Answer{404, status(404, "NotFound", request.path + " not found")};
  if (request.method == http::Method::delete_) {
    erase(request.path);
    return Answer{200, status(200, "", "")};
  }
  Json next = body;
  if (request.method == http::Method::patch) {
    next = found->second;
    next.merge_patch(body);
  } else {
    const Json given = body.value("metadata", Json::object());
    if (given.contains("resourceVersion") && given["resourceVersion"] != found->second["metadata"]["resourceVersion"]) {
      return Answer{409, status(409, "Conflict", "the object has been modified")};
    }
  }
  put(request.path, next);
  return Answer{200, objects_[request.path]};
}

FakeApi::Answer FakeApi::handle(const http::IncomingRequest& request) {
  if (request.method != http::Method::get) return write(request);
  if (const auto found = objects_.find(request.path); found != objects_.end()) return Answer{200, found->second};
  // A collection is right below its namespace.
  const std::string parent = collection_of(request.path);
  const bool collection = parent.ends_with("/namespaces/ns");
  if (collection) return list(request.path, request.query);
  return Answer{404, status(404, "NotFound", request.path + " not found")};
}

}  // namespace stackscaler::test
