// SPDX-License-Identifier: Apache-2.0
//
// A stack whose state is in a bucket and locked there (use_lockfile), without the AWS provider: the backend is
// terraform's.
#include <gtest/gtest.h>

#include "../terraform/rig.hpp"
#include "policy/reasons.hpp"
#include "support/moto_process.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;

std::string stack_in(const test::MotoProcess& moto) {
  return "terraform {\n  backend \"s3\" {\n    bucket = \"states\"\n    key = \"web\"\n    region = \"us-east-1\"\n"
         "    use_lockfile = true\n    use_path_style = true\n    skip_credentials_validation = true\n"
         "    skip_metadata_api_check = true\n    skip_requesting_account_id = true\n"
         "    skip_region_validation = true\n    skip_s3_checksum = true\n    endpoints = { s3 = \"" +
         moto.url() + "\" }\n  }\n}\n\n" + test::counted_stack();
}

TEST(S3BackendContract, AStackIsObservedScaledAndExaminedThroughItsBucket) {
  if (const std::string missing = test::aws_missing(); !missing.empty()) GTEST_SKIP() << missing;
  test::MotoProcess moto;
  const auto started = moto.start();
  ASSERT_TRUE(started) << started.error().message();
  moto.use_aws_environment();
  moto.make_bucket("states");
  test::Rig rig(1, stack_in(moto));
  EXPECT_EQ(rig.metadata().terraform->backend, "s3");

  const auto up = rig.host.scale(3);

  ASSERT_TRUE(up) << up.error().message();
  const auto view = rig.host.observe();
  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->count, 3);
  EXPECT_FALSE(fs::exists(rig.stack.folder() / "terraform.tfstate")) << "there is no state but the bucket's";

  // Somebody else's run holds the lock in the bucket.
  moto.put_object("states", "web.tflock",
                  R"({"ID":"1","Operation":"OperationTypeApply","Who":"ci@runner","Path":"states/web"})");
  const auto locked = rig.host.scale(2);

  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().reason(), policy::reason::kStateLocked) << locked.error().message();
  EXPECT_NE(locked.error().message().find("ci@runner"), std::string::npos) << locked.error().message();
  const auto after = rig.host.observe();
  ASSERT_TRUE(after) << "an observation takes no lock: " << after.error().message();
  EXPECT_EQ(after->count, 3);
}

}  // namespace
}  // namespace stackscaler
