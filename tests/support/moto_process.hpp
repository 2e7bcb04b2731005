// SPDX-License-Identifier: Apache-2.0
//
// MotoProcess: a real moto_server (an imitation of AWS's APIs over HTTP) for tests, on a loopback port of its own.
//
// start() returns when it answers. The process is ended by its id in stop() and in the destructor, and dies with the
// test program. Its data are in memory: a new process is an empty account. Blocking: call it outside of the loop.
// use_aws_environment() gives this program, and so the terraform that it starts, throwaway credentials, a region and a
// CLI configuration that finds the AWS provider. aws_missing() first, then skip.
#pragma once

#include <string>

#include "base/error.hpp"
#include "support/server_process.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::test {

// "" when terraform, moto_server and the AWS provider are there, else the sentence for GTEST_SKIP. The provider is
// looked for in the mirror folder that STK_TF_PLUGIN_DIR names, and in the folders that Terraform itself searches.
[[nodiscard]] std::string aws_missing();

class MotoProcess {
 public:
  // The base URL, "http://127.0.0.1:PORT".
  [[nodiscard]] Result<std::string> start();
  void stop() { process_.stop(); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::string log() const { return process_.log(); }
  // Sets AWS_* and TF_CLI_CONFIG_FILE of this process; the file lives as long as this object.
  void use_aws_environment() const;
  // POSTs a query-protocol call, "Action=DescribeInstances&Version=2016-11-15", to `service` ("ec2",
  // "elasticloadbalancing") and gives the answer's body; throws when there is none or its status is not
  // 200.
  [[nodiscard]] std::string call(const std::string& service, const std::string& form) const;
  // An S3 bucket of that name, for a remote backend.
  void make_bucket(const std::string& name) const;
  void put_object(const std::string& bucket, const std::string& key, const std::string& content) const;

 private:
  [[nodiscard]] std::string request(const std::string& text) const;
  void put(const std::string& path, const std::string& content) const;  // of S3

  TempDir folder_;
  ServerProcess process_{folder_ / "log", std::chrono::seconds(60), std::chrono::seconds(5)};
  int port_ = 0;
};

}  // namespace stackscaler::test
