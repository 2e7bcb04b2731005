// SPDX-License-Identifier: Apache-2.0
#include "terraform/environment.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "support/temp_dir.hpp"
#include "terraform/init.hpp"
#include "terraform/tool.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

policy::EnvVariable variable(const std::string& name, const std::string& value, const std::string& file = "") {
  return policy::EnvVariable{name, value, file};
}

TEST(EnvironmentTest, APolicySetsCredentialsProxiesAndCertificates) {
  for (const char* name : {"AWS_PROFILE", "GOOGLE_CREDENTIALS", "ARM_CLIENT_ID", "TF_TOKEN_app_example_io", "HOME",
                           "https_proxy", "NO_PROXY", "SSL_CERT_FILE", "AWS_CA_BUNDLE"}) {
    EXPECT_TRUE(settable(name, {})) << name;
  }
}

TEST(EnvironmentTest, WhatTheOperatorDoesNotAllowIsRefusedBeforeAnythingRuns) {
  const auto refused = resolve_environment(
      {variable("AWS_PROFILE", "p"), variable("TF_VAR_ami", "x"), variable("DATABASE_URL", "", "/nowhere")}, {});

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), reason::kEnvNotAllowed);
  EXPECT_NE(refused.error().message().find("TF_VAR_ami, DATABASE_URL"), std::string::npos);
  EXPECT_NE(refused.error().message().find("--allow-env"), std::string::npos);
  EXPECT_TRUE(resolve_environment({variable("TF_VAR_ami", "x")}, {"TF_VAR_*"}));
}

TEST(EnvironmentTest, SomeNamesAreNeverAllowed) {
  for (const char* name :
       {"LD_PRELOAD", "LD_LIBRARY_PATH", "PATH", "TF_CLI_ARGS", "TF_CLI_ARGS_plan", "TF_LOG", "TF_LOG_PATH",
        "TF_REATTACH_PROVIDERS", "TF_DATA_DIR", "TF_WORKSPACE", "BASH_ENV", "STACKSCALER_OPERATION_ID"}) {
    EXPECT_FALSE(settable(name, {"TF_*", "LD*", "PA*", "BASH*", "STACK*", name})) << name;
    EXPECT_FALSE(check_pattern(name)) << name;
  }
  EXPECT_FALSE(inherited("TF_LOG", {"TF_*"}));
  EXPECT_FALSE(inherited("LD_PRELOAD", {"LD*"}));
  EXPECT_TRUE(inherited("PATH", {}));
}

TEST(EnvironmentTest, APatternIsANameOrAPrefix) {
  EXPECT_TRUE(check_pattern("TF_VAR_*"));
  EXPECT_TRUE(check_pattern("DATABASE_URL"));
  for (const char* bad : {"", "*", "A*", "A=B", "A*B", "1X", "LD_*", "TF_LOG*"})
    EXPECT_FALSE(check_pattern(bad)) << bad;
}

TEST(EnvironmentTest, AFileIsReadAnewEachTimeWithoutItsLineEnd) {
  const test::TempDir dir;
  const std::string file = (dir / "key").string();
  ASSERT_TRUE(write_file_atomic(file, "first\n", 0600));
  EXPECT_EQ(resolve_environment({variable("AWS_SECRET_ACCESS_KEY", "", file)}, {}).value(),
            std::vector<std::string>{"AWS_SECRET_ACCESS_KEY=first"});

  ASSERT_TRUE(write_file_atomic(file, "second", 0600));
  EXPECT_EQ(resolve_environment({variable("AWS_SECRET_ACCESS_KEY", "", file)}, {}).value(),
            std::vector<std::string>{"AWS_SECRET_ACCESS_KEY=second"});
}

TEST(EnvironmentTest, AMissingAndAnOverlongFileAreNamed) {
  const test::TempDir dir;
  const auto missing = resolve_environment({variable("AWS_PROFILE", "", (dir / "none").string())}, {});
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message().find("AWS_PROFILE"), std::string::npos);
  EXPECT_NE(missing.error().message().find((dir / "none").string()), std::string::npos);

  ASSERT_TRUE(write_file_atomic(dir / "big", std::string(70000, 'x'), 0600));
  EXPECT_FALSE(resolve_environment({variable("AWS_PROFILE", "", (dir / "big").string())}, {}));
  ASSERT_TRUE(write_file_atomic(dir / "zero", std::string("a\0b", 3), 0600));
  EXPECT_FALSE(resolve_environment({variable("AWS_PROFILE", "", (dir / "zero").string())}, {}));
}

TEST(EnvironmentTest, ThePolicysVariableReplacesTheInheritedOne) {
  ToolOptions options;
  options.allow_env = {"TF_VAR_*"};
  options.plugin_cache = "/cache";
  const auto environment = child_environment({"AWS_PROFILE=mine", "TF_VAR_x=1", "TF_PLUGIN_CACHE_DIR=/old", "SECRET=s"},
                                             "", "", {"AWS_PROFILE=theirs"}, options);

  EXPECT_EQ(environment,
            (std::vector<std::string>{"TF_VAR_x=1", "AWS_PROFILE=theirs", "TF_PLUGIN_CACHE_DIR=/cache",
                                      "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1", "GOGC=200"}));
}

TEST(EnvironmentTest, Law8SecretsStayInsideTheRedactorKnowsThemInEveryShape) {
  const Redactor redactor = redactor_for(
      {"AWS_SECRET_ACCESS_KEY=ab/cd+ef", "GOOGLE_CREDENTIALS={\n  \"key\":  \"s3cr3t-line\"\n}", "AWS_REGION=abc"},
      {"password=hunter22", "file.tfbackend", "use_lockfile=true"},
      {"AWS_SESSION_TOKEN=inherited-token", "LANG=en_US.UTF-8", "ARM_CLIENT_SECRET=abc"});

  EXPECT_EQ(redactor("key ab/cd+ef, ab%2Fcd%2Bef."), "key (redacted), (redacted).");
  EXPECT_EQ(redactor("{ \"key\": \"s3cr3t-line\" }"), "(redacted)");
  EXPECT_EQ(redactor("at \"key\": \"s3cr3t-line\" it broke"), "at (redacted) it broke");
  EXPECT_EQ(redactor("password hunter22 is wrong"), "password (redacted) is wrong");
  EXPECT_EQ(redactor("token inherited-token"), "token (redacted)");
  EXPECT_EQ(redactor("abc true en_US.UTF-8 file.tfbackend"), "abc true en_US.UTF-8 file.tfbackend");
}

TEST(EnvironmentTest, Law8SecretsStayInsideALongerValueGoesAsAWhole) {
  Redactor redactor;
  redactor.add("abcd");
  redactor.add("abcdefgh");

  EXPECT_EQ(redactor("abcdefgh abcd"), "(redacted) (redacted)");
  PlanStream stream;
  stream.diagnostics.emplace_back();
  stream.diagnostics[0].summary = "bad abcdefgh";
  stream.diagnostics[0].detail = "abcd";
  redactor.apply(stream);
  EXPECT_EQ(stream.diagnostics[0].summary, "bad (redacted)");
  EXPECT_EQ(stream.diagnostics[0].detail, "(redacted)");
}

TEST(BackendLineTest, QuotesWhatTerraformWouldReadOtherwise) {
  EXPECT_EQ(backend_line("bucket=b").value(), "bucket = \"b\"\n");
  EXPECT_EQ(backend_line("password=a\"b\\c=${x}%{y}$z").value(), "password = \"a\\\"b\\\\c=$${x}%%{y}$z\"\n");
  EXPECT_EQ(backend_line("assume_role={role_arn=\"r\"}").value(), "assume_role = {role_arn=\"r\"}\n");
  EXPECT_EQ(backend_line("key=").value(), "key = \"\"\n");
  EXPECT_FALSE(backend_line("=x"));
  EXPECT_FALSE(backend_line("a b=x"));
}

}  // namespace
}  // namespace stackscaler::terraform
