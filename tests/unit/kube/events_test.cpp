// SPDX-License-Identifier: Apache-2.0
//
// The event recorder with time that the test owns.
#include "kube/events.hpp"

#include <gtest/gtest.h>

#include "unit/kube/harness.hpp"

namespace stackscaler::kube {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using test::Fault;
using test::run;

const std::string kEvents = "/apis/events.k8s.io/v1/namespaces/ns/events";

EventDraft scaled(const std::string& name = "web", const std::string& note = "from 2 to 4") {
  EventDraft draft;
  draft.regarding.api_version = "stackscaler.dev/v1alpha1";
  draft.regarding.kind = "ScalingPolicy";
  draft.regarding.namespace_ = "ns";
  draft.regarding.name = name;
  draft.regarding.uid = "uid-" + name;
  draft.reason = "Scaled";
  draft.action = "ScaleUp";
  draft.note = note;
  return draft;
}

class EventsTest : public testing::Test {
 protected:
  void start(EventOptions options = EventOptions()) {
    options.reporting_instance = "pod-1";
    recorder.emplace(h.io.get_executor(), h.client, h.clock, h.random, h.log, options);
    group.spawn("events", recorder->run());
  }
  ~EventsTest() override { h.stop(group); }
  std::vector<Json> made() const {
    std::vector<Json> out;
    for (const auto& [path, object] : h.api.objects()) out.push_back(object);
    return out;
  }

  test::Harness h{true};
  std::optional<EventRecorder> recorder;
  TaskGroup group{h.io.get_executor(), h.log};
};

TEST_F(EventsTest, AnEventHasAllThatKubectlShows) {
  start();

  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 1; });

  const Json event = made().front();
  EXPECT_EQ(event["reason"], "Scaled");
  EXPECT_EQ(event["action"], "ScaleUp");
  EXPECT_EQ(event["type"], "Normal");
  EXPECT_EQ(event["note"], "from 2 to 4");
  EXPECT_EQ(event["reportingController"], "stackscaler.dev/controller");
  EXPECT_EQ(event["reportingInstance"], "pod-1");
  EXPECT_EQ(event["eventTime"], "2026-01-05T10:00:00.000000Z");
  EXPECT_EQ(event["regarding"]["name"], "web");
  EXPECT_EQ(event["regarding"]["uid"], "uid-web");
  EXPECT_TRUE(event["metadata"]["name"].get<std::string>().starts_with("web."));
  EXPECT_FALSE(event.contains("series"));
}

TEST_F(EventsTest, TheSameEventAgainBecomesASeriesPatchedNowAndThen) {
  start();
  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 1; });

  for (int i = 0; i < 20; ++i) recorder->record(scaled());
  h.fake.advance(9s);
  const auto early = recorder->stats().patched;
  h.fake.advance(2s);
  h.until([&] { return recorder->stats().patched == 1; });

  EXPECT_EQ(early, 0U);
  ASSERT_EQ(made().size(), 1U);
  EXPECT_EQ(made().front()["series"]["count"], 21);
  EXPECT_EQ(made().front()["series"]["lastObservedTime"], "2026-01-05T10:00:00.000000Z");
}

TEST_F(EventsTest, AfterTheWindowAndForAnotherReasonOrObjectThereIsANewOne) {
  start();
  recorder->record(scaled());
  EventDraft other = scaled();
  other.reason = "ScaleFailed";
  other.type = EventType::warning;
  recorder->record(other);
  recorder->record(scaled("db"));
  h.until([&] { return recorder->stats().created == 3; });

  h.fake.advance(6min);
  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 4; });

  EXPECT_EQ(made().size(), 4U);
  EXPECT_EQ(recorder->stats().patched, 0U);
}

TEST_F(EventsTest, ASeriesWhoseEventTheServerHasForgottenBeginsAnew) {
  start();
  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 1; });
  h.api.erase(h.api.objects().begin()->first);

  recorder->record(scaled());
  h.fake.advance(10s);
  h.until([&] { return recorder->stats().created == 2; });

  EXPECT_EQ(made().size(), 1U);
}

TEST_F(EventsTest, OneObjectCanNotFloodTheServer) {
  EventOptions options;
  options.burst = 5;
  start(options);
  for (int i = 0; i < 50; ++i) {
    EventDraft draft = scaled();
    draft.reason = "Reason" + std::to_string(i);
    recorder->record(draft);
  }
  recorder->record(scaled("db"));
  h.until([&] { return recorder->stats().created == 6; });

  h.fake.advance(30s);
  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 7; });

  EXPECT_EQ(recorder->stats().dropped, 45U);
}

TEST_F(EventsTest, AFullQueueDropsAndNeverBlocks) {
  EventOptions options;
  options.queue = 3;
  start(options);

  for (int i = 0; i < 10; ++i) recorder->record(scaled("web" + std::to_string(i)));

  EXPECT_EQ(recorder->stats().dropped, 7U);
  h.until([&] { return recorder->stats().created == 3; });
}

TEST_F(EventsTest, WhatTheServerRefusesIsDroppedAndSaidOnceUntilItWorksAgain) {
  start();
  for (int i = 0; i < 3; ++i) h.api.fail_next(Fault::gone);
  for (int i = 0; i < 3; ++i) recorder->record(scaled("web" + std::to_string(i)));
  h.until([&] { return recorder->stats().dropped == 3; });

  recorder->record(scaled("db"));
  h.until([&] { return recorder->stats().created == 1; });

  int warnings = 0;
  for (const std::string& line : h.log.lines()) warnings += line.find("are dropped") != std::string::npos ? 1 : 0;
  EXPECT_EQ(warnings, 1);
  h.until([&] { return h.log.contains("sent again"); });
}

TEST_F(EventsTest, ALongNoteIsCutAtACharacter) {
  start();
  std::string note(1023, 'x');
  note += "\xc3\xa4 and more";

  recorder->record(scaled("web", note));
  h.until([&] { return recorder->stats().created == 1; });

  EXPECT_EQ(made().front()["note"], std::string(1023, 'x'));
}

TEST_F(EventsTest, FlushSendsWhatIsStillWaiting) {
  start();
  recorder->record(scaled());
  h.until([&] { return recorder->stats().created == 1; });
  recorder->record(scaled());
  h.until([&] { return h.fake.sleepers() == 1; });
  h.stop(group);

  run(h.io, recorder->flush(5s));

  EXPECT_EQ(recorder->stats().patched, 1U);
  EXPECT_EQ(made().front()["series"]["count"], 2);
}

}  // namespace
}  // namespace stackscaler::kube
