// SPDX-License-Identifier: Apache-2.0
#include "support/prometheus_process.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <fstream>

namespace stackscaler::test {

namespace {

constexpr const char* kProgram = "/usr/bin/prometheus";

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out.append(c == '\'' ? "''" : std::string(1, c));
  return out + "'";
}

std::string config(const std::vector<ScrapeJob>& jobs, Duration interval) {
  const std::string every = format_duration(interval);
  std::string out = fmt::format("global:\n  scrape_interval: {0}\n  scrape_timeout: {0}\nscrape_configs:\n", every);
  for (const ScrapeJob& job : jobs) {
    out += fmt::format("- job_name: {}\n  static_configs:\n  - targets:\n", quoted(job.name));
    for (const std::string& target : job.targets) out += fmt::format("    - {}\n", quoted(target));
    if (!job.labels.empty()) out += "    labels:\n";
    for (const auto& [name, value] : job.labels) out += fmt::format("      {}: {}\n", name, quoted(value));
  }
  return out;
}

}  // namespace

bool PrometheusProcess::installed() {
  return ::access(kProgram, X_OK) == 0;
}

Result<std::string> PrometheusProcess::start(const std::vector<ScrapeJob>& jobs, Duration scrape_interval) {
  std::ofstream(folder_ / "prometheus.yml") << config(jobs, scrape_interval);
  const auto port = process_.launch_on_free_port([this](int free) { return launch(free); });
  if (!port) return fail(port.error());
  port_ = *port;
  return url();
}

Result<std::string> PrometheusProcess::restart() {
  stop();
  if (auto launched = launch(port_); !launched) return fail(std::move(launched).error());
  return url();
}

Result<void> PrometheusProcess::launch(int port) {
  std::vector<std::string> arguments{kProgram, "--config.file=" + (folder_ / "prometheus.yml").string(),
                                     "--storage.tsdb.path=" + (folder_ / "data").string(),
                                     "--web.listen-address=127.0.0.1:" + std::to_string(port),
                                     web_config_.empty() ? "--log.level=warn" : "--log.level=info"};
  if (!web_config_.empty()) arguments.push_back("--web.config.file=" + web_config_);
  return process_.launch(arguments, [this, port] { return ready(port); });
}

// Behind TLS its log tells.
bool PrometheusProcess::ready(int port) const {
  if (!web_config_.empty()) return log().find("Server is ready to receive web requests") != std::string::npos;
  const std::string answer = exchange(port, "GET /-/ready HTTP/1.0\r\n\r\n", std::chrono::seconds(1));
  return answer.starts_with("HTTP/1.") && answer.compare(8, 4, " 200") == 0;
}

}  // namespace stackscaler::test
