// SPDX-License-Identifier: Apache-2.0
#include "controller/webhook.hpp"

#include <gtest/gtest.h>

#include "support/run.hpp"
#include "support/scripted_http.hpp"

namespace stackscaler::controller {
namespace {

using namespace std::chrono_literals;

class WebhookTest : public ::testing::Test {
 protected:
  Result<int> post(const std::string& url, Duration timeout = 5s) {
    return test::run(io_, post_json(client_, url, R"({"hook":"preScaleIn"})", timeout));
  }
  void TearDown() override { client_.close(); }

  boost::asio::io_context io_;
  test::ScriptedHttp server_{io_};
  http::Client client_{io_.get_executor()};
};

TEST_F(WebhookTest, PostsTheJsonAndGivesTheStatusWhateverItIs) {
  server_.answer("/drain", 204, "");
  server_.answer("/busy", 503, "later");

  EXPECT_EQ(post(server_.url() + "/drain").value(), 204);
  EXPECT_EQ(post(server_.url() + "/busy").value(), 503);
  ASSERT_EQ(server_.requests().size(), 2U);
  const http::IncomingRequest& request = server_.requests().front();
  EXPECT_EQ(request.method, http::Method::post);
  EXPECT_EQ(request.body, R"({"hook":"preScaleIn"})");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/json");
}

TEST_F(WebhookTest, AServerThatSaysNothingIsATimeout) {
  server_.hang("/drain");

  const auto status = post(server_.url() + "/drain", 200ms);

  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind(), ErrorKind::timeout);
}

TEST_F(WebhookTest, AUrlThatCannotBeCalledIsInvalidInput) {
  for (const char* url : {"ftp://127.0.0.1/", "nonsense"}) {
    const auto status = post(url);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind(), ErrorKind::invalid_input);
  }
}

}  // namespace
}  // namespace stackscaler::controller
