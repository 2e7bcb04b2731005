// SPDX-License-Identifier: Apache-2.0
#include "stack/registry.hpp"

#include <gtest/gtest.h>

#include "base/files.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::stack {
namespace {

namespace fs = std::filesystem;

class RegistryTest : public ::testing::Test {
 protected:
  void put(const std::string& id, const fs::path& folder, const std::string& workspace = "default") {
    StackEntry entry;
    entry.id = id;
    entry.home = registry_.home_of(id);
    entry.metadata.terraform.emplace().folder = folder.string();
    entry.metadata.terraform->workspace = workspace;
    ASSERT_TRUE(registry_.save(entry));
  }
  test::TempDir dir_;
  Registry registry_{dir_ / "work"};
};

TEST_F(RegistryTest, WithoutARootThereAreNoStacks) {
  const auto stacks = registry_.list();

  ASSERT_TRUE(stacks);
  EXPECT_TRUE(stacks->empty());
}

TEST_F(RegistryTest, ABrokenStackIsReportedAndHidesNoOther) {
  put("b", dir_ / "b");
  fs::create_directories(dir_ / "work/a");
  fs::create_directories(dir_ / "work/notes");
  ASSERT_TRUE(write_file_atomic(dir_ / "work/a/deploy_metadata.json", "{oops", 0600));

  const auto stacks = registry_.list();

  ASSERT_TRUE(stacks);
  ASSERT_EQ(stacks->size(), 2U);
  EXPECT_EQ((*stacks)[0].id, "a");
  EXPECT_FALSE((*stacks)[0].entry);
  EXPECT_NE((*stacks)[0].problem.find("deploy_metadata.json"), std::string::npos);
  EXPECT_EQ((*stacks)[1].id, "b");
  EXPECT_TRUE((*stacks)[1].entry);
}

TEST_F(RegistryTest, FindsByIdAndByRealPath) {
  fs::create_directory(dir_ / "infra");
  fs::create_directory_symlink(dir_ / "infra", dir_ / "link");
  put("web", dir_ / "infra");
  StackName by_id;
  by_id.id = "web";
  StackName by_link;
  by_link.path = (dir_ / "link").string();

  EXPECT_EQ(registry_.find(by_id)->folder, dir_ / "infra");
  ASSERT_TRUE(registry_.find(by_link));
  EXPECT_EQ(registry_.find(by_link)->id, "web");
}

TEST_F(RegistryTest, OneFolderMayHoldAStackForEachWorkspace) {
  fs::create_directory(dir_ / "infra");
  put("a", dir_ / "infra", "blue");
  put("b", dir_ / "infra", "green");
  StackName green;
  green.path = (dir_ / "infra").string();
  green.workspace = "green";

  const auto found = registry_.find(green);

  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, "b");
}

TEST_F(RegistryTest, AMissingStackIsSaidWithTheCommandToRun) {
  StackName by_id;
  by_id.id = "web";
  StackName by_path;
  by_path.path = "/no/such/folder";

  for (const auto& ref : {by_id, by_path}) {
    const auto found = registry_.find(ref);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind(), ErrorKind::not_found);
    EXPECT_EQ(found.error().reason(), kStackNotAdopted);
    EXPECT_NE(found.error().message().find("stackscaler stack adopt "), std::string::npos);
  }
}

TEST_F(RegistryTest, MetadataIsTheOwnersAlone) {
  put("web", "");

  EXPECT_EQ(fs::status(dir_ / "work/web/deploy_metadata.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(RegistryTest, AnIdIsNoWayOutOfTheRoot) {
  for (const char* id : {"..", "../x", "a/..", "../a", "a/", "/a", "a//b", "a/b/c", "", ".hidden", "-rf", "a b"})
    EXPECT_FALSE(valid_stack_id(id)) << id;
  for (const char* id : {"web", "Web-2.eu_west", "1", "shop/web"}) EXPECT_TRUE(valid_stack_id(id)) << id;
  EXPECT_FALSE(registry_.load("../work"));
}

TEST_F(RegistryTest, StacksOfANamespaceAreInItsFolderAndListedWithTheOthers) {
  put("web", "");
  put("shop/web", "");
  put("shop/api", "");
  fs::create_directories(dir_ / "work/empty");

  const auto stacks = registry_.list();

  ASSERT_TRUE(stacks);
  std::vector<std::string> ids;
  for (const auto& listed : *stacks) ids.push_back(listed.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"shop/api", "shop/web", "web"}));
  EXPECT_EQ(registry_.load("shop/web")->folder, dir_ / "work/shop/web");
}

TEST_F(RegistryTest, ConfinedAStackIsWithinItsNamespacesFolderWhateverLinksAndMetadataSay) {
  fs::create_directories(dir_ / "elsewhere");
  fs::create_directories(dir_ / "work/team");
  put("shop/inside", "");
  put("shop/named", (dir_ / "elsewhere").string());
  put("other/web", "");
  put("shop/of-another", (dir_ / "work/other/web").string());
  put("real/web", "");
  fs::create_directory_symlink(dir_ / "work/real/web", dir_ / "work/team/linked");
  registry_.confine();

  EXPECT_TRUE(registry_.load("shop/inside"));
  for (const char* id : {"shop/named", "shop/of-another", "team/linked"}) {
    const auto entry = registry_.load(id);
    ASSERT_FALSE(entry) << id;
    EXPECT_EQ(entry.error().reason(), kStackOutsideRoot) << id;
  }
}

}  // namespace
}  // namespace stackscaler::stack
