// SPDX-License-Identifier: Apache-2.0
//
// What the suites of this folder share: a policy's text, plain file writing, a sink that keeps what it is told, and a
// FileSource with a real loop, pool and folder.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "source/file_source.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::test {

inline std::string policy_text(const std::string& name, int max = 9) {
  return "apiVersion: stackscaler.dev/v1alpha1\nkind: ScalingPolicy\nmetadata: {name: " + name +
         "}\nspec:\n  stack: {id: web}\n  bounds: {max: " + std::to_string(max) +
         "}\n  metrics:\n    - {name: cpu, preset: cpu, threshold: {scaleUp: 75, scaleDown: 30}}\n";
}

inline void put(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// As editors save: a new file renamed over the old one.
inline void put_over(const std::filesystem::path& path, const std::string& text) {
  const auto beside = path.parent_path() / ".editor-temp";
  put(beside, text);
  std::filesystem::rename(beside, path);
}

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class RecordingSink final : public ports::PolicySink {
 public:
  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override {
    events.push_back("upsert " + policy->key.str());
    policies[policy->key.str()] = policy;
  }
  void remove(const policy::PolicyKey& key) override {
    events.push_back("remove " + key.str());
    policies.erase(key.str());
  }
  [[nodiscard]] bool has(const std::string& name) const { return policies.contains("default/" + name); }
  [[nodiscard]] int max_of(const std::string& name) const {
    const auto found = policies.find("default/" + name);
    return found == policies.end() ? -1 : found->second->spec.bounds.max;
  }

  std::vector<std::string> events;
  std::map<std::string, std::shared_ptr<const policy::ScalingPolicy>> policies;
};

class SourceFixture : public testing::Test {
 protected:
  explicit SourceFixture() : clock_(io_.get_executor()), group_(io_.get_executor(), log_) {
    std::filesystem::create_directory(root());
  }
  ~SourceFixture() override { stop(); }

  [[nodiscard]] std::filesystem::path root() const { return dir_ / "policies"; }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return root() / name; }

  source::FileSource& make(Duration rescan = std::chrono::hours(1), bool notify = true) {
    source::FileSourceOptions options{.root = watched_.empty() ? root() : watched_,
                                      .defaults = {},
                                      .rescan = rescan,
                                      .notify = notify,
                                      .inotify = calls_};
    source_ = std::make_unique<source::FileSource>(io_.get_executor(), pool_, clock_, log_, index_, options);
    return *source_;
  }

  // Just watch(), as when the folder can't be read at the start.
  void start_watching(Duration rescan = std::chrono::hours(1)) {
    make(rescan);
    group_.spawn("watch", source_->watch(sink_));
    settle();
  }

  [[nodiscard]] long logged(const std::string& text) const {
    const auto lines = log_.lines();
    return std::count_if(lines.begin(), lines.end(), [&](const auto& l) { return l.find(text) != std::string::npos; });
  }

  // load(), watch(), and its first look done.
  void start(Duration rescan = std::chrono::hours(1), bool notify = true) {
    make(rescan, notify);
    ASSERT_TRUE(run(io_, source_->load(sink_)));
    group_.spawn("watch", source_->watch(sink_));
    settle();
  }

  void stop() {
    group_.request_stop();
    run(io_, group_.join());
  }

  // Runs the loop until it holds, at most ten seconds.
  bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  // Runs the loop for longer than a debounce and a look take: for what must not happen.
  void settle() {
    io_.restart();
    io_.run_for(std::chrono::milliseconds(250));
  }

  TempDir dir_;
  std::filesystem::path watched_;                        // instead of root()
  const source::detail::InotifyCalls* calls_ = nullptr;  // instead of the system's
  boost::asio::io_context io_;
  BlockingPool pool_{1};
  SystemClock clock_;
  MemoryLog log_;
  TaskGroup group_;
  source::PolicyIndex index_;
  RecordingSink sink_;
  std::unique_ptr<source::FileSource> source_;
};

}  // namespace stackscaler::test
