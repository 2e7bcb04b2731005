// SPDX-License-Identifier: Apache-2.0
//
// The informer against a server that fails by script and by chance.
#include "kube/informer.hpp"

#include <gtest/gtest.h>

#include "unit/kube/harness.hpp"

namespace stackscaler::kube {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::FakeApi;
using test::Fault;

const std::string kMaps = "/api/v1/namespaces/ns/configmaps";

// Keeps what it is told, and checks that nothing is told that makes no sense.
class Mirror final : public Sink {
 public:
  void on_upsert(const Object& object) override {
    const auto found = objects.find(object.key.name);
    if (found != objects.end() && found->second == Json::parse(object.json)) ++repeated;
    objects[object.key.name] = Json::parse(object.json);
    told.push_back("+" + object.key.name);
  }
  void on_remove(const ObjectKey& key) override {
    if (objects.erase(key.name) == 0) ++unknown_removed;
    told.push_back("-" + key.name);
  }
  void on_synced() override { ++synced; }

  std::map<std::string, Json> objects;
  std::vector<std::string> told;
  int synced = 0;
  int repeated = 0;
  int unknown_removed = 0;
};

InformerOptions quick_informer() {
  InformerOptions options;
  options.page = 3;
  options.watch_shortest = options.watch_longest = 0ms;
  options.half_open = 60ms;
  options.backoff_first = 1ms;
  options.backoff_cap = 4ms;
  options.calm = 30ms;
  options.list_deadline = 200ms;
  return options;
}

class InformerTest : public testing::Test {
 protected:
  void start(InformerOptions options = quick_informer()) {
    InformerTarget target;
    target.resource = test::config_maps();
    target.namespace_ = "ns";
    informer.emplace(h.client, h.clock, h.random, h.log, target, mirror, options);
    group.spawn("informer", informer->run());
  }
  ~InformerTest() override { h.stop(group); }

  void put(const std::string& name, int value) {
    Json object = {{"data", {{"value", std::to_string(value)}}}};
    h.api.put(kMaps + "/" + name, object);
  }
  std::map<std::string, Json> truth() const {
    std::map<std::string, Json> out;
    for (const auto& [path, object] : h.api.objects()) out[path.substr(path.rfind('/') + 1)] = object;
    return out;
  }
  bool watching() const { return std::holds_alternative<Watching>(informer->state()) && h.api.watches() > 0; }

  test::Harness h;
  Mirror mirror;
  std::optional<Informer> informer;
  TaskGroup group{h.io.get_executor(), h.log};
};

TEST_F(InformerTest, ListsByPagesThenFollowsWhatChanges) {
  for (int i = 0; i < 8; ++i) put("a" + std::to_string(i), i);
  start();
  h.until([&] { return watching(); });
  const auto listed = mirror.objects;
  const int lists = h.api.requests_of(http::Method::get, kMaps) - 1;

  put("a3", 33);
  h.api.erase(kMaps + "/a4");
  put("b", 1);
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_EQ(listed.size(), 8U);
  EXPECT_EQ(lists, 3) << "8 objects in pages of 3";
  EXPECT_EQ(mirror.synced, 1);
  EXPECT_EQ(mirror.told.size(), 11U);
  EXPECT_EQ(informer->size(), 8U);
  EXPECT_EQ(informer->trouble(), "");
}

TEST_F(InformerTest, ADroppedWatchIsResumedWithoutANewList) {
  put("a", 1);
  start();
  h.until([&] { return watching(); });

  h.api.fail_next(Fault::cut);
  put("a", 2);
  put("b", 1);
  h.until([&] { return mirror.objects == truth() && h.api.faults() == 1; });

  EXPECT_EQ(informer->stats().lists, 1U);
  EXPECT_GE(informer->stats().watches, 2U);
  EXPECT_EQ(mirror.repeated, 0);
}

TEST_F(InformerTest, AfterGoneItListsAgainAndNoticesWhatWasDeletedMeanwhile) {
  for (int i = 0; i < 5; ++i) put("a" + std::to_string(i), i);
  start();
  h.until([&] { return watching(); });
  mirror.told.clear();

  // Within one turn of the loop: the watch never hears of these.
  h.api.erase(kMaps + "/a1");
  put("a2", 22);
  h.api.compact();
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_GE(informer->stats().lists, 2U);
  EXPECT_EQ(mirror.told.size(), 2U) << "what has not changed is not told again";
  EXPECT_EQ(mirror.unknown_removed, 0);
}

TEST_F(InformerTest, AnObjectMadeAgainUnderItsNameIsToldAsGoneFirst) {
  put("a", 1);
  start();
  h.until([&] { return watching(); });
  mirror.told.clear();

  h.api.erase(kMaps + "/a");
  put("a", 1);
  h.api.compact();
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_EQ(mirror.told, (std::vector<std::string>{"-a", "+a"}));
}

TEST_F(InformerTest, AHalfOpenConnectionIsGivenUp) {
  put("a", 1);
  start();
  h.until([&] { return watching(); });

  h.api.fail_next(Fault::silent);
  put("a", 2);
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_EQ(informer->stats().lists, 1U);
}

TEST_F(InformerTest, AServerWhoseVersionsWentBackIsListedAgain) {
  put("a", 1);
  put("b", 1);
  const FakeApi::Snapshot before = h.api.snapshot();
  put("b", 2);
  put("c", 1);
  start();
  h.until([&] { return watching() && mirror.objects.size() == 3; });

  h.api.restore(before);
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_EQ(mirror.objects.size(), 2U);
  EXPECT_GE(informer->stats().lists, 2U);
}

TEST_F(InformerTest, ALineOverTheCapAndGarbageLeadToANewListNotToALoss) {
  InformerOptions options = quick_informer();
  options.line_limit = 2000;
  put("a", 1);
  start(options);
  h.until([&] { return watching(); });

  h.api.say(std::string(3000, 'x'));
  h.until([&] { return informer->stats().lists == 2 && watching(); });
  h.api.say(std::string(500, '['));
  h.until([&] { return informer->stats().lists == 3 && watching(); });
  h.api.say(R"({"type":"ADDED","object":{"metadata":{"resourceVersion":"99999"}}})");
  h.until([&] { return informer->stats().lists == 4 && watching(); });
  put("b", 1);
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_EQ(mirror.repeated, 0);
}

TEST_F(InformerTest, AServerThatEndsEveryWatchAtOnceIsNotAskedInABusyLoop) {
  InformerOptions options = quick_informer();
  options.backoff_first = 20ms;
  options.backoff_cap = 20ms;
  start(options);
  h.until([&] { return watching(); });
  for (int i = 0; i < 40; ++i) h.api.fail_next(Fault::drop);

  const auto begin = std::chrono::steady_clock::now();
  h.until([&] { return informer->stats().failures >= 10; });

  // Each failure is waited after for at least half of 20 ms.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 90ms);
  EXPECT_LE(h.api.requests().size(), 25U);
}

TEST_F(InformerTest, TroubleIsSaidOnceAndItsEndToo) {
  start();
  h.until([&] { return watching(); });
  for (int i = 0; i < 6; ++i) h.api.fail_next(Fault::broken);
  put("a", 1);
  h.until([&] { return !informer->trouble().empty(); });
  h.until([&] { return mirror.objects == truth() && informer->trouble().empty(); });
  put("a", 2);
  h.until([&] { return h.log.contains("works again"); });

  int warnings = 0;
  for (const std::string& line : h.log.lines())
    warnings += line.find("watching the cluster fails") != std::string::npos;
  EXPECT_EQ(warnings, 1);
}

class InformerFaultsTest : public InformerTest, public testing::WithParamInterface<std::uint64_t> {};

// One fault in five answers and events, of all kinds, while the truth changes all the time.
TEST_P(InformerFaultsTest, AfterAHundredFaultsTheStoreEqualsTheTruth) {
  constexpr int kFaults = 100;
  for (int i = 0; i < 20; ++i) put("a" + std::to_string(i), i);
  Random change(GetParam());
  h.api.fail_by_chance(GetParam() + 1000, 0.2);
  start();

  int turn = 0;
  h.until([&] {
    for (int i = 0; i < 2; ++i) {
      const std::string name = "a" + std::to_string(static_cast<int>(change.unit() * 30.0));
      const double what = change.unit();
      if (what < 0.25) {
        h.api.erase(kMaps + "/" + name);
      } else if (what < 0.95) {
        put(name, ++turn);
      } else if (what < 0.96) {
        h.api.compact();
      }
    }
    return h.api.faults() >= kFaults;
  });
  h.api.work_again();
  put("last", ++turn);
  h.until([&] { return mirror.objects == truth(); });

  EXPECT_GE(h.api.faults(), kFaults);
  EXPECT_EQ(informer->size(), truth().size());
  EXPECT_EQ(mirror.unknown_removed, 0);
  EXPECT_EQ(mirror.repeated, 0);
  EXPECT_GE(mirror.synced, 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, InformerFaultsTest, testing::Values(1, 2, 3, 4, 5, 6, 7, 8));

}  // namespace
}  // namespace stackscaler::kube
