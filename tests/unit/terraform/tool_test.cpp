// SPDX-License-Identifier: Apache-2.0
#include "terraform/tool.hpp"

#include <gtest/gtest.h>

#include "policy/reasons.hpp"
#include "stack/registry.hpp"

namespace stackscaler::terraform {
namespace {

namespace reason = policy::reason;

TEST(ToolTest, TheEnvironmentIsAnAllowList) {
  const auto environment =
      child_environment({"PATH=/bin", "HOME=/home/x", "TF_VAR_x=1", "TF_CLI_ARGS=-x", "TF_CLI_ARGS_plan=-x",
                         "TF_LOG=trace", "TF_LOG_PATH=/tmp/x", "TF_WORKSPACE=prod", "TF_REATTACH_PROVIDERS={}",
                         "TF_DATA_DIR=/x", "GEMINI_API_KEY=k", "AWS_PROFILE=p", "GOOGLE_PROJECT=g", "ARM_TENANT_ID=t",
                         "TF_TOKEN_app_terraform_io=s", "TF_PLUGIN_CACHE_DIR=/c", "no_proxy=x", "LD_PRELOAD=/evil.so"},
                        "op-1", "");

  EXPECT_EQ(environment,
            (std::vector<std::string>{"PATH=/bin", "HOME=/home/x", "AWS_PROFILE=p", "GOOGLE_PROJECT=g",
                                      "ARM_TENANT_ID=t", "TF_TOKEN_app_terraform_io=s", "TF_PLUGIN_CACHE_DIR=/c",
                                      "no_proxy=x", "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1",
                                      "GOGC=200", "STACKSCALER_OPERATION_ID=op-1"}));
}

TEST(ToolTest, TheOperatorsWordOnGarbageCollectionStands) {
  ToolOptions options;
  options.allow_env = {"GOGC"};
  const auto environment = child_environment({"GOGC=off"}, "", "", {}, options);

  EXPECT_EQ(environment.front(), "GOGC=off");
  EXPECT_EQ(std::count(environment.begin(), environment.end(), "GOGC=200"), 0);
}

TEST(ToolTest, TheWorkspaceIsSetWhenThereIsOne) {
  const auto environment = child_environment({}, "", "blue");

  EXPECT_EQ(environment.back(), "TF_WORKSPACE=blue");
}

TEST(ToolTest, WhatWasTestedIsKnown) {
  const auto tested = [](const char* version, const char* binary) {
    return parse_version(std::string("{\"terraform_version\":\"") + version + "\"}", binary)->tested();
  };

  EXPECT_TRUE(tested("1.11.4", "/usr/bin/terraform"));
  EXPECT_TRUE(tested("1.5.7", "terraform"));
  EXPECT_TRUE(tested("0.15.5", "terraform"));
  EXPECT_FALSE(tested("1.12.0", "terraform"));
  EXPECT_FALSE(tested("2.0.0-beta1", "terraform"));
  EXPECT_FALSE(tested("1.9.0", "/usr/bin/tofu"));
}

TEST(ToolTest, AVersionThatIsNotToldIsAnError) {
  for (const char* text : {"", "{}", "[]", R"({"terraform_version": 1})", R"({"terraform_version": "x"})",
                           R"({"terraform_version": "1"})"}) {
    EXPECT_FALSE(parse_version(text, "terraform")) << text;
  }
}

TEST(ToolTest, AMissingBinaryIsSaidWithWhatToDo) {
  const auto missing = find_binary("no-such-terraform");

  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().reason(), reason::kTerraformMissing);
  EXPECT_NE(missing.error().message().find("PATH"), std::string::npos);
  EXPECT_EQ(find_binary("/bin/sh").value(), "/bin/sh");
  EXPECT_FALSE(find_binary("/etc/passwd"));
}

TEST(ToolTest, TheRegistrysReasonIsTheProgramsReason) {
  EXPECT_EQ(stack::kStackNotAdopted, reason::kStackNotAdopted);
}

TEST(ToolTest, ErrorsLoseTheirFrames) {
  EXPECT_EQ(stderr_text("noise\n\n╷\n│ Error: No capacity\n│ \n│ in main.tf line 3\n╵\n"),
            "Error: No capacity in main.tf line 3");
}

}  // namespace
}  // namespace stackscaler::terraform
