// SPDX-License-Identifier: Apache-2.0
#include "controller/implicit.hpp"

#include <gtest/gtest.h>

#include "fakes.hpp"
#include "policy/implicit.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::controller {
namespace {

namespace fs = std::filesystem;

class Recorded final : public ports::PolicySink {
 public:
  void upsert(std::shared_ptr<const policy::ScalingPolicy> policy) override {
    policies[policy->key.str()] = std::move(policy);
  }
  void remove(const policy::PolicyKey& key) override { policies.erase(key.str()); }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, policy] : policies) out.push_back(name);
    return out;
  }
  std::map<std::string, std::shared_ptr<const policy::ScalingPolicy>> policies;
};

using Names = std::vector<std::string>;

class ImplicitTest : public testing::Test {
 protected:
  ImplicitTest() {
    defaults_.bounds = {2, 7};
    defaults_.interval = 3min;
    defaults_.confidence_threshold = 0.9;
    implicit_ = std::make_unique<ImplicitPolicies>(ImplicitPolicies::Parts{io_.get_executor(), pool_, clock_, log_,
                                                                           registry_, journal_, index_, sink_,
                                                                           defaults_, [this] { return sound_; }});
  }

  void adopt(const std::string& id, bool adopted = true) {
    stack::StackEntry entry;
    entry.id = id;
    entry.home = registry_.home_of(id);
    fs::create_directories(folder(id));
    if (adopted) entry.metadata.terraform.emplace().folder = folder(id).string();
    ASSERT_TRUE(registry_.save(entry));
  }
  [[nodiscard]] fs::path folder(const std::string& id) const { return dir_ / ("tf-" + id); }
  void managed_before(const std::string& stack, const std::string& policy) {
    ports::DecisionRecord decision;
    decision.stack = stack;
    decision.policy = policy;
    journal_.decisions.push_back(decision);
  }
  void refresh() { ASSERT_TRUE(test::run(io_, implicit_->refresh())); }

  test::TempDir dir_;
  asio::io_context io_;
  BlockingPool pool_{1};
  test::FakeClock clock_{io_};
  test::MemoryLog log_;
  stack::Registry registry_{dir_ / "stacks"};
  FakeJournal journal_;
  source::PolicyIndex index_;
  Recorded sink_;
  policy::Defaults defaults_;
  bool sound_ = true;
  std::unique_ptr<ImplicitPolicies> implicit_;
};

TEST_F(ImplicitTest, EveryAdoptedStackFollowsTheDefaults) {
  adopt("web");
  adopt("api");
  adopt("foreign", false);

  refresh();

  EXPECT_EQ(sink_.names(), (Names{"_implicit/api", "_implicit/web"}));
  const policy::ScalingPolicy& web = *sink_.policies["_implicit/web"];
  EXPECT_EQ(web.spec.stack.id, "web");
  EXPECT_EQ(web.spec.bounds, (policy::Bounds{2, 7}));
  EXPECT_EQ(web.spec.interval, 3min);
  EXPECT_EQ(web.spec.advisor.confidence_threshold, 0.9);
  ASSERT_EQ(web.spec.metrics.size(), 2U);
  EXPECT_EQ(web.spec.metrics[0].preset, policy::Preset::cpu);
  EXPECT_EQ(web.spec.metrics[1].preset, policy::Preset::memory);
  EXPECT_NE(web.spec_digest, sink_.policies["_implicit/api"]->spec_digest);
  EXPECT_TRUE(index_.knows(web.key));
}

TEST_F(ImplicitTest, AStackThatAPolicyNamesByIdOrByFolderIsLeftToIt) {
  adopt("web");
  adopt("api");
  adopt("db");
  fs::create_directory_symlink(folder("api"), dir_ / "link");
  refresh();
  auto by_id = policy_of("shop");
  by_id->spec.stack.id = "web";
  auto by_path = policy_of("shop-api");
  by_path->spec.stack.id = "";
  by_path->spec.stack.path = (dir_ / "link").string();

  implicit_->upsert(by_id);
  implicit_->upsert(by_path);
  refresh();

  EXPECT_EQ(sink_.names(), (Names{"_implicit/db", "default/shop", "default/shop-api"}));
}

TEST_F(ImplicitTest, AStackThatIsGoneIsTakenBack) {
  adopt("web");
  refresh();

  fs::remove_all(registry_.home_of("web"));
  refresh();

  EXPECT_EQ(sink_.names(), Names{});
  EXPECT_FALSE(index_.knows({std::string(policy::kImplicitNamespace), "web"}));
}

TEST_F(ImplicitTest, AStackThatAWrittenPolicyManagedIsNotTakenOverWhileADocumentIsBroken) {
  adopt("web");
  adopt("new");
  managed_before("web", "default/shop");
  sound_ = false;

  refresh();
  clock_.advance(1h);
  refresh();
  EXPECT_EQ(sink_.names(), Names{"_implicit/new"});
  EXPECT_EQ(implicit_->waiting().at("web"), "default/shop");
  EXPECT_TRUE(log_.contains("a stack is left alone for now: a policy that is not there managed it stack=web"));

  sound_ = true;
  refresh();
  clock_.advance(2min);
  refresh();
  EXPECT_EQ(sink_.names(), Names{"_implicit/new"});  // a checkout may be half done
  clock_.advance(1min);
  refresh();
  EXPECT_EQ(sink_.names(), (Names{"_implicit/new", "_implicit/web"}));
}

TEST_F(ImplicitTest, APolicyThatComesBackInTimeKeepsItsStack) {
  adopt("web");
  managed_before("web", "default/shop");
  auto shop = policy_of("shop");
  shop->spec.stack.id = "web";
  implicit_->upsert(shop);
  refresh();

  implicit_->remove(shop->key);
  refresh();
  clock_.advance(2min);
  implicit_->upsert(shop);
  refresh();
  clock_.advance(10min);
  refresh();
  EXPECT_EQ(sink_.names(), Names{"default/shop"});

  implicit_->remove(shop->key);
  refresh();
  EXPECT_EQ(sink_.names(), Names{});  // the time counts anew
}

TEST_F(ImplicitTest, TheLookGoesOnByTheMinuteAndAtOnceWhenPoliciesChange) {
  TaskGroup group(io_.get_executor(), log_);
  const auto settle = [&](const Names& wanted) {
    for (int i = 0; i < 2000 && sink_.names() != wanted; ++i) {
      io_.restart();
      io_.run_for(std::chrono::milliseconds(5));
    }
    EXPECT_EQ(sink_.names(), wanted);
  };
  group.spawn("watch", implicit_->watch());
  io_.poll();
  adopt("web");
  clock_.advance(1min);
  settle({"_implicit/web"});

  io_.restart();
  io_.run_for(std::chrono::milliseconds(20));
  auto shop = policy_of("shop");
  shop->spec.stack.id = "web";
  implicit_->upsert(shop);
  settle({"default/shop"});
  group.request_stop();
  test::run(io_, group.join());
}

}  // namespace
}  // namespace stackscaler::controller
