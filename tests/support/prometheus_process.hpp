// SPDX-License-Identifier: Apache-2.0
//
// PrometheusProcess: a real Prometheus for tests, on a loopback port of its own, with its data in a temporary folder.
//
// start() returns when /-/ready answers. The process is ended by its id in stop() and in the destructor, and dies with
// the test program. log() is its output, for messages of failing tests. Blocking: call it outside of the loop; the
// servers that it scrapes run on the test's loop and are scraped when that runs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::test {

struct ScrapeJob {
  std::string name;
  std::vector<std::string> targets;           // "127.0.0.1:9100"
  std::map<std::string, std::string> labels;  // put on every series of the job
};

class PrometheusProcess {
 public:
  // False when no prometheus is installed; tests then skip with kHowToInstall.
  [[nodiscard]] static bool installed();
  static constexpr const char* kHowToInstall = "no prometheus found: install Debian's package 'prometheus'";

  // The base URL, "http://127.0.0.1:PORT".
  [[nodiscard]] Result<std::string> start(const std::vector<ScrapeJob>& jobs, Duration scrape_interval);
  // For the next start: Prometheus' --web.config.file (TLS, passwords). url() still says http.
  void use_web_config(std::string file) { web_config_ = std::move(file); }
  // Ends it; the data stay. Idempotent.
  void stop() { process_.stop(); }
  // Starts it again with the same configuration, data and port.
  [[nodiscard]] Result<std::string> restart();

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string log() const { return process_.log(); }

 private:
  [[nodiscard]] Result<void> launch(int port);
  [[nodiscard]] bool ready(int port) const;

  TempDir folder_;
  ServerProcess process_{folder_ / "log", std::chrono::seconds(30), std::chrono::seconds(10)};
  std::string web_config_;
  int port_ = 0;
};

}  // namespace stackscaler::test
