// SPDX-License-Identifier: Apache-2.0
#include "support/prometheus_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

namespace stackscaler::test {

using namespace std::chrono_literals;

namespace {

constexpr const char* kProgram = "/usr/bin/prometheus";
constexpr auto kReadyWithin = 30s;
constexpr auto kEndWithin = 10s;
constexpr int kTries = 3;  // the port found free may be taken before Prometheus binds it

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0) return 0;
  ::close(fd);
  return ntohs(address.sin_port);
}

// One GET on a connection of its own, blocking up to a second: the helper must work without the test's loop.
bool answers_ready(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const timeval second{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second);
  const sockaddr_in address = loopback(port);
  bool ready = false;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    constexpr std::string_view kAsk = "GET /-/ready HTTP/1.0\r\n\r\n";
    char answer[64] = {};
    ready = ::send(fd, kAsk.data(), kAsk.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(kAsk.size()) &&
            ::recv(fd, answer, sizeof answer - 1, 0) > 12 && std::strncmp(answer + 8, " 200", 4) == 0;
  }
  ::close(fd);
  return ready;
}

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
  Result<void> launched;
  for (int i = 0; i < kTries; ++i) {
    port_ = free_port();
    launched = launch();
    if (launched) return url();
  }
  return fail(std::move(launched).error());
}

Result<std::string> PrometheusProcess::restart() {
  stop();
  if (auto launched = launch(); !launched) return fail(std::move(launched).error());
  return url();
}

Result<void> PrometheusProcess::launch() {
  std::vector<std::string> arguments{kProgram, "--config.file=" + (folder_ / "prometheus.yml").string(),
                                     "--storage.tsdb.path=" + (folder_ / "data").string(),
                                     "--web.listen-address=127.0.0.1:" + std::to_string(port_),
                                     web_config_.empty() ? "--log.level=warn" : "--log.level=info"};
  if (!web_config_.empty()) arguments.push_back("--web.config.file=" + web_config_);
  std::vector<char*> argv;
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execv(kProgram, argv.data());
    ::_exit(127);
  }
  if (log >= 0) ::close(log);
  if (pid_ < 0) return fail(ErrorKind::unavailable, "fork: " + std::string(std::strerror(errno)));
  const auto give_up = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < give_up) {
    if (!alive()) return fail(ErrorKind::unavailable, "prometheus ended at its start:\n" + this->log());
    if (ready()) return {};
    std::this_thread::sleep_for(50ms);
  }
  stop();
  return fail(ErrorKind::timeout, "prometheus did not get ready:\n" + this->log());
}

// Behind TLS its log tells.
bool PrometheusProcess::ready() const {
  if (web_config_.empty()) return answers_ready(port_);
  return log().find("Server is ready to receive web requests") != std::string::npos;
}

bool PrometheusProcess::alive() {
  if (pid_ <= 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void PrometheusProcess::stop() {
  if (!alive()) return;
  ::kill(pid_, SIGTERM);
  const auto give_up = std::chrono::steady_clock::now() + kEndWithin;
  while (alive()) {
    if (std::chrono::steady_clock::now() > give_up) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
      return;
    }
    std::this_thread::sleep_for(20ms);
  }
}

std::string PrometheusProcess::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "log").rdbuf();
  return text.str();
}

}  // namespace stackscaler::test
