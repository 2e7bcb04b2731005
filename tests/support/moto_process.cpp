// SPDX-License-Identifier: Apache-2.0
#include "support/moto_process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/terraform_stack.hpp"

namespace stackscaler::test {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto kReadyWithin = 60s;
constexpr auto kEndWithin = 5s;
constexpr int kTries = 3;  // the port found free may be taken before moto binds it
constexpr std::size_t kAnswerLimit = 4U << 20U;

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
  const bool bound = fd >= 0 && ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
  if (fd >= 0) ::close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

// Whether `root` is laid out as a mirror with the AWS provider: HOST/hashicorp/aws.
bool has_provider(const fs::path& root) {
  std::error_code error;
  for (const auto& host : fs::directory_iterator(root, error)) {
    if (fs::is_directory(host.path() / "hashicorp" / "aws", error)) return true;
  }
  return false;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

fs::path plugin_folder() {
  std::vector<fs::path> candidates{"/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"};
  if (const std::string home = variable("HOME"); !home.empty()) {
    candidates.emplace_back(fs::path(home) / ".terraform.d" / "plugins");
    candidates.emplace_back(fs::path(home) / ".local" / "share" / "terraform" / "plugins");
  }
  if (const std::string given = variable("STK_TF_PLUGIN_DIR"); !given.empty()) candidates = {given};
  for (const fs::path& one : candidates) {
    if (has_provider(one)) return one;
  }
  return {};
}

}  // namespace

std::string aws_missing() {
  if (std::string missing = terraform_missing(); !missing.empty()) return missing;
  if (std::system("command -v moto_server >/dev/null 2>&1") != 0) {
    return "moto_server is not on the PATH; install it with: pip install 'moto[server]'";
  }
  if (plugin_folder().empty()) {
    return "no AWS provider found; make a mirror with 'terraform providers mirror DIR' and set STK_TF_PLUGIN_DIR to "
           "DIR";
  }
  return "";
}

Result<std::string> MotoProcess::start() {
  Result<void> launched;
  for (int i = 0; i < kTries; ++i) {
    port_ = free_port();
    launched = launch();
    if (launched) return url();
  }
  return fail(std::move(launched).error());
}

Result<void> MotoProcess::launch() {
  const std::string arguments[] = {"moto_server", "-H", "127.0.0.1", "-p", std::to_string(port_)};
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
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  if (log >= 0) ::close(log);
  if (pid_ < 0) return fail(ErrorKind::unavailable, "fork: " + std::string(std::strerror(errno)));
  const auto give_up = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < give_up) {
    if (!alive()) return fail(ErrorKind::unavailable, "moto_server ended at its start:\n" + this->log());
    if (request("GET /moto-api/ HTTP/1.0\r\n\r\n").starts_with("HTTP/1.")) return {};
    std::this_thread::sleep_for(100ms);
  }
  stop();
  return fail(ErrorKind::timeout, "moto_server did not get ready:\n" + this->log());
}

bool MotoProcess::alive() {
  if (pid_ <= 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

void MotoProcess::stop() {
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

std::string MotoProcess::log() const {
  std::ostringstream text;
  text << std::ifstream(folder_ / "log").rdbuf();
  return text.str();
}

void MotoProcess::use_aws_environment() const {
  const fs::path rc = folder_ / "terraform.rc";
  std::ofstream(rc) << fmt::format("provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
                                   plugin_folder().string());
  ::setenv("TF_CLI_CONFIG_FILE", rc.c_str(), 1);
  ::setenv("AWS_ACCESS_KEY_ID", "test", 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", "test", 1);
  ::setenv("AWS_REGION", "us-east-1", 1);
  ::setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
}

std::string MotoProcess::request(const std::string& text) const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return "";
  // Its first call of a service loads that service: half a minute on a busy machine.
  const timeval limit{90, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const sockaddr_in address = loopback(port_);
  std::string answer;
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size())) {
    char buffer[8192];
    for (ssize_t n = 0; answer.size() < kAnswerLimit && (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      answer.append(buffer, static_cast<std::size_t>(n));
    }
  }
  ::close(fd);
  return answer;
}

std::string MotoProcess::call(const std::string& service, const std::string& form) const {
  // moto tells the services apart by the credential's scope and doesn't check the signature.
  const std::string answer = request(fmt::format(
      "POST / HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, "
      "Signature=0\r\nContent-Length: {}\r\n\r\n{}",
      port_, service, form.size(), form));
  const auto body = answer.find("\r\n\r\n");
  if (body == std::string::npos || answer.compare(8, 4, " 200") != 0) {
    throw std::runtime_error("moto: " + service + " " + form + ": " + answer);
  }
  return answer.substr(body + 4);
}

void MotoProcess::put(const std::string& path, const std::string& content) const {
  const std::string answer =
      request(fmt::format("PUT /{} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nAuthorization: AWS4-HMAC-SHA256 "
                          "Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n"
                          "Content-Length: {}\r\n\r\n{}",
                          path, port_, content.size(), content));
  if (answer.compare(0, 5, "HTTP/") != 0 || answer.compare(8, 4, " 200") != 0) {
    throw std::runtime_error("moto: PUT " + path + ": " + answer);
  }
}

void MotoProcess::make_bucket(const std::string& name) const {
  put(name, "");
}

void MotoProcess::put_object(const std::string& bucket, const std::string& key, const std::string& content) const {
  put(bucket + "/" + key, content);
}

}  // namespace stackscaler::test
