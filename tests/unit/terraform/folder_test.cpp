// SPDX-License-Identifier: Apache-2.0
#include "terraform/folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "support/temp_dir.hpp"
#include "terraform/backend.hpp"

namespace stackscaler::terraform {
namespace {

namespace fs = std::filesystem;
namespace reason = policy::reason;

class FolderTest : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text, unsigned mode = 0644) {
    fs::create_directories((dir_ / name).parent_path());
    ASSERT_TRUE(write_file_atomic(dir_ / name, text, mode));
  }
  std::string get(const std::string& name) { return read_file(dir_ / name, 1U << 20U).value_or("(missing)"); }
  test::TempDir dir_;
};

TEST_F(FolderTest, WithoutInitTheBackendIsLocal) {
  EXPECT_EQ(backend_of(dir_.path(), "default")->state_file, dir_ / "terraform.tfstate");
  EXPECT_EQ(backend_of(dir_.path(), "blue")->state_file, dir_ / "terraform.tfstate.d/blue/terraform.tfstate");
}

TEST_F(FolderTest, ReadsTheBackendThatInitLeft) {
  put(".terraform/terraform.tfstate", R"({"backend":{"type":"s3","config":{"bucket":"b"}}})");
  EXPECT_EQ(backend_of(dir_.path(), "default")->kind, "s3");
  EXPECT_TRUE(backend_of(dir_.path(), "default")->state_file.empty());

  put(".terraform/terraform.tfstate", R"({"backend":{"type":"local","config":{"path":"../x/s.json"}}})");
  EXPECT_EQ(backend_of(dir_.path(), "default")->state_file, (dir_ / "../x/s.json").lexically_normal());

  put(".terraform/terraform.tfstate", "{torn");
  EXPECT_FALSE(backend_of(dir_.path(), "default"));
}

TEST_F(FolderTest, TheFingerprintFollowsConfigurationAndInitOnly) {
  put("main.tf", "a");
  const auto first = fingerprint(dir_.path()).value();
  put("notes.txt", "x");
  put("stackscaler.auto.tfvars.json", "{}");
  EXPECT_EQ(fingerprint(dir_.path()).value(), first);

  put("main.tf", "b");
  const auto edited = fingerprint(dir_.path()).value();
  put(".terraform.lock.hcl", "l");
  const auto locked = fingerprint(dir_.path()).value();
  fs::create_directory(dir_ / ".terraform");
  const auto initialised = fingerprint(dir_.path()).value();

  EXPECT_NE(edited, first);
  EXPECT_NE(locked, edited);
  EXPECT_NE(initialised, locked);
}

TEST_F(FolderTest, TheFingerprintCoversLocalModulesAndBackendSettings) {
  const auto root = dir_ / "root";
  fs::create_directories(root / ".terraform" / "modules");
  fs::create_directories(dir_ / "shared");
  std::ofstream(root / "main.tf") << "module \"a\" {}";
  std::ofstream(dir_ / "shared" / "main.tf") << "one";
  std::ofstream(root / ".terraform" / "modules" / "modules.json")
      << R"({"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"a","Source":"../shared","Dir":"../shared"},)"
      << R"({"Key":"b","Source":"./gone","Dir":"gone"},{"Key":"c","Source":"x/y/z","Dir":".terraform/modules/c"}]})";
  const auto first = fingerprint(root).value();

  EXPECT_EQ(fingerprint(root).value(), first);
  std::ofstream(dir_ / "shared" / "main.tf") << "two";
  const auto edited = fingerprint(root).value();
  EXPECT_NE(edited, first);
  const auto with_setting = fingerprint(root, {"bucket=b"}).value();
  EXPECT_NE(with_setting, edited);
  EXPECT_NE(fingerprint(root, {"bucket=c"}).value(), with_setting);
  std::ofstream(root / "prod.tfbackend") << "bucket = \"b\"";
  const auto with_file = fingerprint(root, {"prod.tfbackend"}).value();
  std::ofstream(root / "prod.tfbackend") << "bucket = \"c\"";
  EXPECT_NE(fingerprint(root, {"prod.tfbackend"}).value(), with_file);
  EXPECT_FALSE(fingerprint(root, {"missing.tfbackend"}));
}

TEST_F(FolderTest, SweepTakesOldScratchFoldersAndNothingElse) {
  const auto aged = [this](const std::string& name) {
    const fs::path folder = dir_.path() / name;
    fs::create_directories(folder);
    fs::last_write_time(folder, fs::file_time_type::clock::now() - std::chrono::hours(25));
    return folder;
  };
  const std::vector<fs::path> gone{aged("init-1"), aged("doctor-1"), aged("operations/plan-1")};
  const std::vector<fs::path> kept{aged("operations/4e1f"), aged("status")};
  fs::create_directories(dir_.path() / "init-2");

  sweep(dir_.path());

  for (const fs::path& folder : gone) EXPECT_FALSE(fs::exists(folder)) << folder;
  for (const fs::path& folder : kept) EXPECT_TRUE(fs::exists(folder)) << folder;
  EXPECT_TRUE(fs::exists(dir_.path() / "init-2"));
}

TEST_F(FolderTest, AnOperationsEnvironmentIsKeptPrivately) {
  const OperationFolder folder(dir_.path(), "op");
  ASSERT_TRUE(folder.create(5));
  EXPECT_TRUE(folder.read_environment().env.empty());

  ASSERT_TRUE(folder.write_environment(
      {{{"AWS_PROFILE", "p", ""}, {"AWS_SECRET_ACCESS_KEY", "", "/run/key"}}, {"password=x"}}));

  const auto given = folder.read_environment();
  const auto& read = given.env;
  EXPECT_EQ(given.backend_config, std::vector<std::string>{"password=x"});
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].value, "p");
  EXPECT_EQ(read[1].file, "/run/key");
  EXPECT_EQ(fs::status(folder.environment_file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(FolderTest, FindsADeclaredVariable) {
  put("vars.tf", "# variable \"commented\" {}\nvariable \"size\" {\n}\nlocals { x = \"other\" }\n");
  put("more.tf.json", R"({"variable": {"json_size": {}}})");

  EXPECT_TRUE(declares_variable(dir_.path(), "size").value());
  EXPECT_TRUE(declares_variable(dir_.path(), "json_size").value());
  EXPECT_FALSE(declares_variable(dir_.path(), "other").value());
  EXPECT_FALSE(declares_variable(dir_.path(), "commented").value());
  EXPECT_FALSE(declares_variable(dir_ / "missing", "size"));
}

TEST_F(FolderTest, TheCountFileKeepsOtherKeysAndItsMode) {
  put(kCountFile, "{\"b\": 1, \"instance_count\": 2, \"a\": [1]}\n", 0640);

  ASSERT_TRUE(put_count(dir_.path(), "instance_count", 5, IfMissing::create));

  EXPECT_EQ(get(kCountFile), "{\n  \"b\": 1,\n  \"instance_count\": 5,\n  \"a\": [\n    1\n  ]\n}\n");
  EXPECT_EQ(static_cast<unsigned>(fs::status(dir_ / kCountFile).permissions()), 0640U);
}

TEST_F(FolderTest, ACountFileThatIsRightIsNotTouched) {
  put(kCountFile, "{\"instance_count\":2}");
  const FileStamp before = stamp_of(dir_ / kCountFile);

  ASSERT_TRUE(put_count(dir_.path(), "instance_count", 2, IfMissing::create));

  EXPECT_EQ(stamp_of(dir_ / kCountFile), before);
}

TEST_F(FolderTest, ABrokenCountFileIsTheUsersToCorrect) {
  put(kCountFile, "{oops");

  const auto put = put_count(dir_.path(), "instance_count", 2, IfMissing::create);

  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind(), ErrorKind::invalid_input);
  EXPECT_EQ(get(kCountFile), "{oops");
}

TEST_F(FolderTest, LeavesAMissingCountFileMissingWhenToldTo) {
  ASSERT_TRUE(put_count(dir_.path(), "instance_count", 2, IfMissing::leave));
  EXPECT_FALSE(fs::exists(dir_ / kCountFile));
}

TEST_F(FolderTest, NamesVariableFilesThatWouldWin) {
  put("a.auto.tfvars", "instance_count = 1");
  put("z.auto.tfvars", "instance_count = 1");
  put("zz.auto.tfvars.json", R"({"other": 1})");
  put("terraform.tfvars", "instance_count = 1");

  EXPECT_EQ(overriding_files(dir_.path(), "instance_count"), (std::vector<std::string>{"z.auto.tfvars"}));
}

TEST_F(FolderTest, Law4OneHandPerStackTheLockIsExclusive) {
  auto first = lock_stack(dir_.path());
  ASSERT_TRUE(first);

  const auto second = lock_stack(dir_.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), reason::kStackBusy);

  *first = Descriptor();
  EXPECT_TRUE(lock_stack(dir_.path()));
}

TEST_F(FolderTest, OldOperationFoldersGoButNotThoseThatAreOpen) {
  const OperationFolder open(dir_.path(), "open");
  ASSERT_TRUE(open.create(2));
  put("operations/open/plan.tfplan", "p");
  for (const char* id : {"a", "b", "c", "d"}) {
    const OperationFolder folder(dir_.path(), id);
    ASSERT_TRUE(folder.create(2));
    fs::last_write_time(folder.path(), fs::file_time_type::clock::now() - std::chrono::hours('z' - id[0]));
  }

  ASSERT_TRUE(OperationFolder(dir_.path(), "e").create(2));

  EXPECT_TRUE(fs::exists(open.path()));
  EXPECT_FALSE(fs::exists(dir_ / "operations/a"));
  EXPECT_FALSE(fs::exists(dir_ / "operations/b"));
  EXPECT_TRUE(fs::exists(dir_ / "operations/c"));
  EXPECT_TRUE(fs::exists(dir_ / "operations/d"));
  EXPECT_TRUE(fs::exists(dir_ / "operations/e"));
}

TEST_F(FolderTest, AnOperationWithoutAPlanYetKeepsItsFolderAndAForgottenOneDoesNot) {
  const OperationFolder planning(dir_.path(), "planning");
  const OperationFolder forgotten(dir_.path(), "forgotten");
  for (const OperationFolder& folder : {planning, forgotten}) {
    ASSERT_TRUE(folder.create(100));
    ASSERT_TRUE(folder.write_count("n", 2));
  }
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(planning.path(), now - std::chrono::hours(23));
  fs::last_write_time(forgotten.path(), now - std::chrono::hours(25));

  ASSERT_TRUE(OperationFolder(dir_.path(), "new").create(0));

  EXPECT_TRUE(fs::exists(planning.path()));
  EXPECT_FALSE(fs::exists(forgotten.path()));
}

TEST_F(FolderTest, AnOperationsFactsRoundTrip) {
  const OperationFolder folder(dir_.path(), "x");
  ASSERT_TRUE(folder.create(5));
  EXPECT_FALSE(folder.read_facts());

  OperationFolder::Facts facts{"aws_instance.app", "size", {}};
  facts.record.stack = "web";
  facts.record.from = 1;
  facts.record.to = 3;
  facts.record.started = WallTime(std::chrono::hours(500'000));
  ASSERT_TRUE(folder.write_facts(facts));

  ASSERT_TRUE(folder.read_facts());
  EXPECT_EQ(folder.read_facts()->resource, "aws_instance.app");
  EXPECT_EQ(folder.read_facts()->variable, "size");
  const ports::OperationRecord record = folder.read_facts()->record;
  EXPECT_EQ(record.stack, "web");
  EXPECT_EQ(record.from, 1);
  EXPECT_EQ(record.to, 3);
  EXPECT_EQ(record.started, facts.record.started);
}

}  // namespace
}  // namespace stackscaler::terraform
