// SPDX-License-Identifier: Apache-2.0
//
// Stacks whose state is kept elsewhere: Terraform's http backend against a server of the test's own, and S3 on moto.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "rig.hpp"
#include "support/http_backend.hpp"
#include "support/moto_process.hpp"
#include "terraform/state.hpp"

namespace stackscaler {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;
using test::counted_stack;
using test::Host;
using test::HttpBackend;
using test::Rig;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("'" + from + "' is not there");
  return text.replace(at, from.size(), to);
}

class RemoteContract : public ::testing::Test {
 protected:
  void SetUp() override { STK_NEED_TERRAFORM(); }

  Result<ports::ScaleReport> scale(Host& host, policy::StackRef stack, int to) {
    ports::ScaleOrder order;
    order.stack = std::move(stack);
    order.to = to;
    order.requested_by = "test";
    return test::run(host.io, host.driver.scale(host.permit, std::move(order), nullptr));
  }
  void expect_state_changed(Rig& rig, const std::string& hint) {
    const std::string before = backend_.state();
    const auto view = rig.host.observe();
    const auto report = rig.host.scale(3);
    ASSERT_FALSE(view);
    EXPECT_EQ(view.error().reason(), reason::kStateChanged) << view.error().message();
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().reason(), reason::kStateChanged) << report.error().message();
    EXPECT_NE(report.error().message().find(hint), std::string::npos) << report.error().message();
    EXPECT_TRUE(rig.host.journal.writes.empty());
    EXPECT_EQ(backend_.state(), before);
  }

  HttpBackend backend_;
};

TEST_F(RemoteContract, AStackOnARemoteBackendIsAdoptedObservedAndScaled) {
  Rig rig(1, backend_.block() + counted_stack());
  EXPECT_EQ(rig.metadata().terraform->backend, "http");
  EXPECT_FALSE(fs::exists(rig.stack.folder() / "terraform.tfstate"));

  const auto view = rig.host.observe();
  const auto up = rig.host.scale(3);
  const auto down = rig.host.scale(2);

  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->count, 1);
  ASSERT_TRUE(up) << up.error().message();
  EXPECT_EQ(up->count_after, 3);
  ASSERT_TRUE(down) << down.error().message();
  EXPECT_EQ(terraform::parse_state(backend_.state())->indexes("terraform_data.app"), (std::vector<int>{0, 1}));
  EXPECT_EQ(backend_.lock(), "");
}

TEST_F(RemoteContract, Law12UnknownIsNotZeroOnARemoteBackend) {
  Rig rig(1, backend_.block() + counted_stack());
  ASSERT_TRUE(rig.host.scale(2));
  rig.host.journal.writes.clear();
  const std::string good = backend_.state();
  const auto state = terraform::parse_state(good).value();

  backend_.put_state("");
  expect_state_changed(rig, "empty");
  backend_.put_state(replaced(good, state.lineage, "00000000-1111-2222-3333-444444444444"));
  expect_state_changed(rig, "lineage");
  backend_.put_state(
      replaced(good, "\"serial\": " + std::to_string(state.serial), "\"serial\": " + std::to_string(state.serial - 1)));
  expect_state_changed(rig, "older");
}

TEST_F(RemoteContract, Law12UnknownIsNotZeroAnotherBackend) {
  Rig rig(1, backend_.block() + counted_stack());
  rig.stack.write("main.tf", counted_stack());
  rig.stack.terraform("init -migrate-state -force-copy -input=false");

  const auto view = rig.host.observe();

  ASSERT_FALSE(view);
  EXPECT_EQ(view.error().reason(), reason::kStateChanged) << view.error().message();
  EXPECT_NE(view.error().message().find("backend was http and is local"), std::string::npos);
}

TEST_F(RemoteContract, ABackendThatDoesNotAnswerIsNoCount) {
  Rig rig(1, backend_.block() + counted_stack());
  backend_.fail_with(503);

  const auto view = rig.host.observe();
  const auto report = rig.host.scale(2);

  ASSERT_FALSE(view);
  EXPECT_NE(view.error().kind(), ErrorKind::invalid_input) << view.error().message();
  ASSERT_FALSE(report);
  EXPECT_TRUE(rig.host.journal.writes.empty());

  backend_.fail_with(401);
  const auto refused = rig.host.observe();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), reason::kCredentialsInvalid) << refused.error().message();
  EXPECT_EQ(refused.error().kind(), ErrorKind::unauthorized);
}

TEST_F(RemoteContract, BackendSettingsReachInitAndStayInside) {
  Rig rig(1, counted_stack());
  const std::string secret = "hunter22-of-the-backend";
  rig.stack.write("main.tf", "terraform {\n  backend \"http\" {}\n}\n" + counted_stack());
  rig.stack.write("web.tfbackend", "lock_address = \"" + backend_.address() + "/lock\"\nlock_method = \"PUT\"\n");
  policy::StackRef stack = Host::ref("web");
  stack.backend_config = {"web.tfbackend",        "address=" + backend_.address(),
                          "unlock_method=DELETE", "unlock_address=" + backend_.address() + "/lock",
                          "username=stk",         "password=" + secret};
  // The move to the backend is a person's: init says so, and none of the settings.
  const auto moved = scale(rig.host, stack, 2);

  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().message().find(secret), std::string::npos) << moved.error().message();
  EXPECT_TRUE(rig.host.journal.writes.empty());

  rig.stack.terraform(
      "init -migrate-state -force-copy -input=false -backend-config=web.tfbackend -backend-config=address=" +
      backend_.address() + " -backend-config=unlock_method=DELETE -backend-config=unlock_address=" +
      backend_.address() + "/lock -backend-config=username=stk -backend-config=password=" + secret);
  terraform::AdoptRequest request;
  request.folder = rig.stack.folder();
  request.id = "web";
  request.accept_state = true;
  ASSERT_TRUE(rig.host.adopt(std::move(request)));

  const auto report = scale(rig.host, stack, 2);

  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 2);
  for (const auto& entry : fs::recursive_directory_iterator(rig.home.path())) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(read_file(entry.path(), 64U << 20U).value().find(secret), std::string::npos) << entry.path();
  }
}

TEST_F(RemoteContract, AMissingWorkspaceIsNotCreated) {
  test::TempDir home;
  const test::TerraformStack stack(1);
  Host host(home / "data", home / "stacks");
  terraform::AdoptRequest request;
  request.folder = stack.folder();
  request.id = "web";
  request.workspace = "missing";
  const auto before = stack.tree();

  const auto adopted = host.adopt(std::move(request));

  ASSERT_FALSE(adopted);
  EXPECT_NE(adopted.error().message().find("no workspace missing"), std::string::npos) << adopted.error().message();
  EXPECT_EQ(stack.tree(), before);
  EXPECT_FALSE(fs::exists(stack.folder() / "terraform.tfstate.d"));
}

TEST_F(RemoteContract, AFolderWithBlanksBehindALinkWithModulesBesideItIsScaled) {
  test::TempDir home;
  fs::create_directories(home / "my stacks" / "web app");
  fs::create_directories(home / "my stacks" / "modules" / "tag");
  std::ofstream(home / "my stacks" / "modules" / "tag" / "main.tf") << "output \"tag\" {\n  value = \"one\"\n}\n";
  std::ofstream(home / "my stacks" / "web app" / "main.tf")
      << "module \"tag\" {\n  source = \"../modules/tag\"\n}\n" +
             counted_stack("  input = \"app-${count.index}\"\n", "variable \"zone\" {}\n");
  std::ofstream(home / "my stacks" / "prod vars.tfvars") << "zone = \"z\"\n";
  fs::create_directory_symlink(home / "my stacks" / "web app", home / "link");
  const std::string folder = (home / "link").string();
  const std::string terraform = "cd '" + folder + "' && terraform ";
  ASSERT_EQ(std::system((terraform + "init -input=false >/dev/null && terraform apply -auto-approve -input=false "
                                     "-var instance_count=1 -var zone=z >/dev/null")
                            .c_str()),
            0);
  Host host(home / "data", home / "stacks");
  terraform::AdoptRequest request;
  request.folder = folder;
  request.id = "web";
  ASSERT_TRUE(host.adopt(std::move(request)));
  policy::StackRef stack = Host::ref("web");
  stack.var_files = {"../prod vars.tfvars"};

  const auto first = scale(host, stack, 2);
  // The module's edit alone makes init due again; it is what the fingerprint covers.
  std::ofstream(home / "my stacks" / "modules" / "tag" / "main.tf")
      << "module \"deep\" {\n  source = \"./deep\"\n}\noutput \"tag\" {\n  value = \"two\"\n}\n";
  fs::create_directories(home / "my stacks" / "modules" / "tag" / "deep");
  std::ofstream(home / "my stacks" / "modules" / "tag" / "deep" / "main.tf") << "locals {\n  x = 1\n}\n";
  const auto second = scale(host, stack, 3);

  ASSERT_TRUE(first) << first.error().message();
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->count_after, 3);
}

TEST_F(RemoteContract, TheStateOnS3IsLockedReadAndScaled) {
  if (std::system("command -v moto_server >/dev/null") != 0) {
    GTEST_SKIP() << "moto_server is not on the PATH; install moto (pip install 'moto[server]') to run this test";
  }
  test::MotoProcess moto;
  ASSERT_TRUE(moto.start());
  moto.use_aws_environment();
  moto.make_bucket("states");
  const std::string block =
      "terraform {\n  backend \"s3\" {\n    bucket       = \"states\"\n    key          = \"web.tfstate\"\n"
      "    region       = \"us-east-1\"\n    use_lockfile = true\n    use_path_style = true\n"
      "    skip_credentials_validation = true\n    skip_requesting_account_id  = true\n"
      "    skip_metadata_api_check     = true\n    skip_s3_checksum = true\n    endpoints = { s3 = \"" +
      moto.url() + "\", sts = \"" + moto.url() + "\" }\n  }\n}\n";
  Rig rig(1, block + counted_stack());
  EXPECT_EQ(rig.metadata().terraform->backend, "s3");

  const auto view = rig.host.observe();
  const auto report = rig.host.scale(2);

  ASSERT_TRUE(view) << view.error().message();
  EXPECT_EQ(view->count, 1);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->count_after, 2);

  // Somebody else's apply on the same machine.
  rig.stack.write("main.tf",
                  block + counted_stack("  input = \"app-${count.index}\"\n",
                                        "resource \"terraform_data\" \"slow\" {\n  provisioner "
                                        "\"local-exec\" {\n    command = \"touch began; sleep 8\"\n  }\n}\n"));
  std::thread person([&] { rig.stack.apply(2); });
  while (!fs::exists(rig.stack.folder() / "began")) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto locked = rig.host.scale(3);
  person.join();

  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().reason(), reason::kStateLocked) << locked.error().message();
  const std::string& text = locked.error().message();
  EXPECT_NE(text.find("held by "), std::string::npos) << text;
  EXPECT_NE(text.find("@"), std::string::npos) << text;
  EXPECT_NE(text.find("(OperationTypeApply, since 20"), std::string::npos) << text;
  EXPECT_NE(text.find("force-unlock "), std::string::npos) << text;
}

}  // namespace
}  // namespace stackscaler
