// SPDX-License-Identifier: Apache-2.0
#include "api/events.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace stackscaler::api {
namespace {

namespace asio = boost::asio;

// Keeps what it is given, and is gone when told.
class Sink final : public http::BodyWriter {
 public:
  std::string text;
  bool gone = false;
  asio::awaitable<bool> write(std::string bytes) override {
    text += bytes;
    co_return !gone;
  }
};

class EventsTest : public testing::Test {
 protected:
  // Runs the stream beside the test; ended() tells.
  void follow(const std::shared_ptr<http::BodyStream>& stream, Sink& sink) {
    ++running_;
    asio::co_spawn(io, stream->run(sink), [this, stream](const std::exception_ptr& e) {
      EXPECT_EQ(e, nullptr);
      --running_;
    });
    turn();
  }
  void turn() {
    io.restart();
    io.poll();
  }
  [[nodiscard]] int running() const { return running_; }
  ~EventsTest() override {
    events.close();
    turn();
  }

  asio::io_context io;
  SystemClock clock{io.get_executor()};
  Events events{io.get_executor(), clock, "boot"};

 private:
  int running_ = 0;
};

TEST_F(EventsTest, WhoListensGetsEachEventWithItsId) {
  Sink sink;
  events.publish("policy", "{\"before\":1}");
  follow(events.follow(""), sink);

  events.publish("policy", "{\"a\":1}");
  turn();

  EXPECT_EQ(sink.text, ": hello\n\nid: boot-2\nevent: policy\ndata: {\"a\":1}\n\n");
}

TEST_F(EventsTest, WhoComesBackGetsWhatCameMeanwhile) {
  events.publish("policy", "1");
  events.publish("policy", "2");
  events.publish("policy", "3");
  Sink sink;

  follow(events.follow("boot-1"), sink);

  EXPECT_EQ(sink.text.find("data: 1"), std::string::npos);
  EXPECT_NE(sink.text.find("data: 2"), std::string::npos);
  EXPECT_NE(sink.text.find("data: 3"), std::string::npos);
  EXPECT_EQ(sink.text.find("resync"), std::string::npos);
}

TEST_F(EventsTest, WhoComesBackTooLateOrFromAnotherProcessIsToldToReadAgain) {
  for (std::size_t i = 0; i < Events::kKept + 10; ++i) events.publish("policy", "x");
  for (const std::string id : {"boot-1", "other-1", "boot-99999", "nonsense"}) {
    Sink sink;
    follow(events.follow(id), sink);

    EXPECT_NE(sink.text.find("event: resync"), std::string::npos) << id;
    EXPECT_EQ(sink.text.find("data: x"), std::string::npos) << id;
  }
}

TEST_F(EventsTest, WhatWasSkippedIsNotMissedUnseen) {
  events.publish("policy", "1");
  const std::string seen = events.last_id();
  events.skip();
  events.publish("policy", "2");
  Sink sink;

  follow(events.follow(seen), sink);

  EXPECT_NE(sink.text.find("event: resync"), std::string::npos);
}

TEST_F(EventsTest, AStreamOfOneThingEndsWithItsLastEvent) {
  Sink sink;
  follow(events.follow_one("op1", "operation", "{\"first\":1}", false), sink);

  events.publish("operation", "{\"other\":1}", "op2");
  events.publish("operation", "{\"second\":1}", "op1");
  turn();
  EXPECT_EQ(running(), 1);
  events.publish("operation", "{\"third\":1}", "op1", true);
  turn();

  EXPECT_EQ(running(), 0);
  EXPECT_EQ(sink.text.find("other"), std::string::npos);
  EXPECT_LT(sink.text.find("first"), sink.text.find("second"));
  EXPECT_LT(sink.text.find("second"), sink.text.find("third"));
}

TEST_F(EventsTest, AStreamOfWhatHasEndedSaysItOnce) {
  Sink sink;

  follow(events.follow_one("op1", "operation", "{}", true), sink);

  EXPECT_EQ(running(), 0);
  EXPECT_NE(sink.text.find("data: {}"), std::string::npos);
}

TEST_F(EventsTest, AClientThatIsGoneEndsItsStream) {
  Sink sink;
  follow(events.follow(""), sink);
  sink.gone = true;

  events.publish("policy", "1");
  turn();

  EXPECT_EQ(running(), 0);
  EXPECT_EQ(events.streams(), 0U);
}

TEST_F(EventsTest, CloseEndsAllStreamsAndThereAreNoNewOnes) {
  Sink one;
  Sink two;
  follow(events.follow(""), one);
  follow(events.follow(""), two);

  events.close();
  turn();

  EXPECT_EQ(running(), 0);
  EXPECT_EQ(events.follow(""), nullptr);
}

TEST_F(EventsTest, ThereAreNoMoreStreamsThanTheLimit) {
  std::vector<std::shared_ptr<http::BodyStream>> kept;
  for (std::size_t i = 0; i < Events::kStreams; ++i) kept.push_back(events.follow(""));

  EXPECT_EQ(events.follow(""), nullptr);
  EXPECT_EQ(events.follow_one("op", "operation", "{}", true), nullptr);
  kept.clear();
  EXPECT_NE(events.follow(""), nullptr);
}

}  // namespace
}  // namespace stackscaler::api
