// SPDX-License-Identifier: Apache-2.0
//
// The model client over real TLS: certificates are checked, and a key reaches only the server that they prove.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "advisor/model_client.hpp"
#include "support/certificates.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_server.hpp"

namespace stackscaler::advisor {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

const std::string kWords = R"({"action":"scale_up","target":6,"confidence":0.9,"reason":"load"})";
const std::string kKey = "sk-very-secret-key-0123456789";

std::string body_for(policy::AdvisorType type) {
  if (type == policy::AdvisorType::gemini) {
    return json{{"candidates", {{{"content", {{"parts", {{{"text", kWords}}}}}}, {"finishReason", "STOP"}}}}}.dump();
  }
  return json{{"choices", {{{"message", {{"content", kWords}}}, {"finish_reason", "stop"}}}}}.dump();
}

class AdvisorTls : public testing::TestWithParam<policy::AdvisorType> {
 protected:
  ~AdvisorTls() override { http.close(); }
  ModelReply ask(const std::string& url, std::shared_ptr<const http::TlsOptions> tls) {
    auto key = [](const std::string&) { return std::optional<std::string>(kKey); };
    ModelClient client(http, clock, log, nullptr, key, std::move(tls));
    policy::Advisor settings;
    settings.type = GetParam();
    settings.base_url = url;
    settings.timeout = 5s;
    return test::run(io, client.ask(settings, Prompt{"be brief", "{}"}));
  }
  [[nodiscard]] static std::shared_ptr<const http::TlsOptions> trusting(const test::Authority& authority) {
    http::TlsOptions tls;
    tls.ca_file = authority.file();
    return std::make_shared<const http::TlsOptions>(tls);
  }

  boost::asio::io_context io;
  test::FakeClock clock{io};
  test::MemoryLog log;
  http::Client http{io.get_executor()};
  test::TempDir dir;
  test::Authority authority{dir.path(), "right"};
};

TEST_P(AdvisorTls, AProvedServerIsAsked) {
  test::TlsServer server(io, authority.issue("model"), test::TlsServer::answering(body_for(GetParam())));

  const ModelReply reply = ask(server.url(), trusting(authority));

  ASSERT_TRUE(reply.text) << reply.text.error().message();
  EXPECT_EQ(*reply.text, kWords);
  EXPECT_EQ(server.asked_name(), "localhost");
}

TEST_P(AdvisorTls, AServerThatIsNotProvedGetsNoKey) {
  test::Authority other(dir.path(), "other");
  test::TlsServer server(io, authority.issue("model"),
                         [](test::TlsSocket&) -> boost::asio::awaitable<void> { co_return; });

  const ModelReply reply = ask(server.url(), trusting(other));

  ASSERT_FALSE(reply.text);
  EXPECT_EQ(reply.text.error().reason(), "AdvisorUnreachable");
  EXPECT_EQ(reply.text.error().message().find(kKey), std::string::npos);
  for (const std::string& line : log.lines()) EXPECT_EQ(line.find(kKey), std::string::npos) << line;
}

TEST_P(AdvisorTls, AnAnswerCutOffWithinTlsIsNotUsed) {
  test::TlsServer server(
      io, authority.issue("model"),
      test::TlsServer::cutting("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + body_for(GetParam())));

  const ModelReply reply = ask(server.url(), trusting(authority));

  ASSERT_FALSE(reply.text);
  EXPECT_EQ(reply.text.error().reason(), "AdvisorUnreachable");
}

INSTANTIATE_TEST_SUITE_P(Both, AdvisorTls, testing::Values(policy::AdvisorType::gemini, policy::AdvisorType::openai),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

}  // namespace
}  // namespace stackscaler::advisor
