// SPDX-License-Identifier: Apache-2.0
#include "terraform/backend.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_dir.hpp"

namespace stackscaler::terraform {
namespace {

struct Case {
  std::string name;
  std::string backend;  // as `terraform init` 1.11 writes it into .terraform/terraform.tfstate
  bool locks;
};

class BackendLocks : public testing::TestWithParam<Case> {};

TEST_P(BackendLocks, AsItIsConfigured) {
  test::TempDir dir;
  std::filesystem::create_directories(dir / ".terraform");
  std::ofstream(dir / ".terraform" / "terraform.tfstate")
      << R"({"version": 3, "backend": )" << GetParam().backend << "}";

  const auto backend = backend_of(dir.path(), "default");

  ASSERT_TRUE(backend);
  EXPECT_EQ(backend->locks, GetParam().locks);
}

INSTANTIATE_TEST_SUITE_P(
    Each, BackendLocks,
    testing::Values(
        Case{"s3_bare", R"({"type": "s3", "config": {"bucket": "b", "use_lockfile": null, "dynamodb_table": null}})",
             false},
        Case{"s3_lockfile", R"({"type": "s3", "config": {"use_lockfile": true}})", true},
        Case{"s3_lockfile_off", R"({"type": "s3", "config": {"use_lockfile": false, "dynamodb_table": ""}})", false},
        Case{"s3_dynamodb", R"({"type": "s3", "config": {"dynamodb_table": "locks"}})", true},
        Case{"http_bare", R"({"type": "http", "config": {"address": "http://x", "lock_address": null}})", false},
        Case{"http_locking", R"({"type": "http", "config": {"lock_address": "http://x/lock"}})", true},
        Case{"oss_bare", R"({"type": "oss", "config": {"tablestore_endpoint": "x", "tablestore_table": null}})", false},
        Case{"oss_locking", R"({"type": "oss", "config": {"tablestore_endpoint": "x", "tablestore_table": "t"}})",
             true},
        Case{"consul", R"({"type": "consul", "config": {"lock": null}})", true},
        Case{"consul_off", R"({"type": "consul", "config": {"lock": false}})", false},
        Case{"gcs", R"({"type": "gcs", "config": {}})", true},
        Case{"azurerm", R"({"type": "azurerm", "config": {}})", true},
        Case{"pg", R"({"type": "pg", "config": {}})", true},
        Case{"kubernetes", R"({"type": "kubernetes", "config": {}})", true},
        Case{"local", R"({"type": "local", "config": {"path": "x.tfstate"}})", true},
        Case{"one_that_is_not_known", R"({"type": "etcdv3", "config": {}})", false},
        Case{"without_settings", R"({"type": "s3"})", false}),
    [](const auto& param) { return param.param.name; });

TEST(BackendLocks, WithoutAnInitItIsTheLocalOneWhichLocks) {
  test::TempDir dir;

  const auto backend = backend_of(dir.path(), "default");

  ASSERT_TRUE(backend);
  EXPECT_TRUE(backend->locks);
  EXPECT_EQ(backend->kind, "local");
}

}  // namespace
}  // namespace stackscaler::terraform
