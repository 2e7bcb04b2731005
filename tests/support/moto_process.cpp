// SPDX-License-Identifier: Apache-2.0
#include "support/moto_process.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "support/terraform_stack.hpp"

namespace stackscaler::test {

namespace fs = std::filesystem;

namespace {

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
  const auto port = process_.launch_on_free_port([this](int free) {
    const std::vector<std::string> arguments{"moto_server", "-H", "127.0.0.1", "-p", std::to_string(free)};
    return process_.launch(arguments, [free] {
      return exchange(free, "GET /moto-api/ HTTP/1.0\r\n\r\n", std::chrono::seconds(5)).starts_with("HTTP/1.");
    });
  });
  if (!port) return fail(port.error());
  port_ = *port;
  return url();
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

// Its first call of a service loads that service: half a minute on a busy machine.
std::string MotoProcess::request(const std::string& text) const {
  return exchange(port_, text, std::chrono::seconds(90));
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
