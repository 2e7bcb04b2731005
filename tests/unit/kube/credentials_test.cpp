// SPDX-License-Identifier: Apache-2.0
//
// Credentials from text, files and real programs.
#include "kube/credentials.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "async/task_group.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_log.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"

namespace stackscaler::kube {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

std::string content_of(const fs::path& file) {
  std::ifstream in(file);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() : config(http::Url("api.example", 6443, "")) {
    config.origin = "context 'c' of kc";
    config.server.secure = true;
  }
  ~CredentialsTest() override { pool.join(); }

  void write(const std::string& name, const std::string& text) { std::ofstream(dir / name) << text; }
  // A plugin whose shell script this is; it counts its runs in the file `runs`.
  void plugin(const std::string& script) {
    write("plugin", "#!/bin/sh\necho run >>'" + (dir / "runs").string() + "'\n" + script + "\n");
    ::chmod((dir / "plugin").c_str(), 0755);
    ExecPlugin exec;
    exec.api_version = "client.authentication.k8s.io/v1";
    exec.command = (dir / "plugin").string();
    config.exec = exec;
  }
  static std::string answer(const std::string& status) {
    return R"(echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":)" + status + "}'";
  }
  int runs() {
    const std::string text = content_of(dir / "runs");
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }
  Credentials& made() {
    if (!credentials) credentials.emplace(io.get_executor(), config, clock, pool);
    return *credentials;
  }
  Result<Credential> get() { return test::run(io, made().get()); }
  std::string header() {
    auto got = get();
    return got ? got->authorization.reveal() : "error: " + got.error().message();
  }

  asio::io_context io;
  test::FakeClock clock{io};
  BlockingPool pool{1};
  test::TempDir dir;
  ClusterConfig config;
  std::optional<Credentials> credentials;
};

TEST_F(CredentialsTest, ATokenAsTextIsSentAsIs) {
  config.token = Secret("abc");

  EXPECT_EQ(header(), "Bearer abc");
  EXPECT_FALSE(made().renewable());
}

TEST_F(CredentialsTest, WithOnlyACertificateThereIsNoHeader) {
  config.tls.certificate_file = "/pki/me.pem";

  const auto got = get();

  ASSERT_TRUE(got);
  EXPECT_TRUE(got->authorization.empty());
  EXPECT_EQ(got->tls->certificate_file, "/pki/me.pem");
}

TEST_F(CredentialsTest, ARotatedTokenFileIsTakenWithinHalfAMinute) {
  write("token", "one\n");
  config.token_file = (dir / "token").string();

  const std::string first = header();
  write("token", "two\n");
  clock.advance(29s);
  const std::string early = header();
  clock.advance(1s);
  const std::string late = header();

  EXPECT_EQ(first, "Bearer one");
  EXPECT_EQ(early, "Bearer one");
  EXPECT_EQ(late, "Bearer two");
}

TEST_F(CredentialsTest, ARefusedTokenIsReadAgainAtOnceButANewerOneIsKept) {
  write("token", "one");
  config.token_file = (dir / "token").string();
  const auto first = get();
  ASSERT_TRUE(first);
  write("token", "two");

  made().refused(*first);
  const auto second = get();
  write("token", "three");
  made().refused(*first);  // an old request's answer comes late

  ASSERT_TRUE(second);
  EXPECT_EQ(second->authorization.reveal(), "Bearer two");
  EXPECT_EQ(header(), "Bearer two");
}

TEST_F(CredentialsTest, AMissingOrEmptyTokenFileIsSaid) {
  config.token_file = (dir / "token").string();

  const std::string missing = header();
  write("token", "\n");
  const std::string empty = header();

  EXPECT_SAYS(missing, "credentials of context 'c' of kc: token file: cannot read " + config.token_file);
  EXPECT_SAYS(empty, "is empty");
}

TEST_F(CredentialsTest, APluginIsAskedOnceUntilItsTokenExpires) {
  plugin(answer(R"({"token":"t","expirationTimestamp":"2026-01-05T10:05:00Z"})"));  // in five minutes

  const std::string first = header();
  clock.advance(4min);
  const std::string second = header();
  const int before = runs();
  clock.advance(51s);
  const std::string third = header();

  EXPECT_EQ(first, "Bearer t");
  EXPECT_EQ(second, "Bearer t");
  EXPECT_EQ(third, "Bearer t");
  EXPECT_EQ(before, 1);
  EXPECT_EQ(runs(), 2);
}

TEST_F(CredentialsTest, ThoseWhoWaitForAPluginShareItsAnswer) {
  plugin(answer(R"({"token":"t"})"));
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  int good = 0;
  auto ask = [](Credentials* from, int* count) -> asio::awaitable<void> {
    auto got = co_await from->get();
    if (got) ++*count;
  };

  for (int i = 0; i < 10; ++i) group.spawn("ask", ask(&made(), &good));
  test::run(io, group.join());

  EXPECT_EQ(good, 10);
  EXPECT_EQ(runs(), 1);
}

TEST_F(CredentialsTest, ARefusedPluginTokenIsAskedForAgain) {
  plugin(answer(R"({"token":"t"})"));
  const auto first = get();
  ASSERT_TRUE(first);

  made().refused(*first);
  const std::string again = header();

  EXPECT_EQ(again, "Bearer t");
  EXPECT_EQ(runs(), 2);
  EXPECT_TRUE(made().renewable());
}

TEST_F(CredentialsTest, APluginsCertificateGoesIntoTheTlsOptions) {
  config.tls.ca_pem = "authority";
  plugin(answer(R"({"clientCertificateData":"cert","clientKeyData":"key"})"));

  const auto got = get();

  ASSERT_TRUE(got) << got.error().message();
  EXPECT_TRUE(got->authorization.empty());
  EXPECT_EQ(got->tls->certificate_pem, "cert");
  EXPECT_EQ(got->tls->key_pem.reveal(), "key");
  EXPECT_EQ(got->tls->ca_pem, "authority");
}

TEST_F(CredentialsTest, APluginGetsItsArgumentsEnvironmentAndTheCluster) {
  plugin("printf '%s|%s|%s' \"$1\" \"$REGION\" \"$KUBERNETES_EXEC_INFO\" >'" + (dir / "seen").string() + "'\n" +
         answer(R"({"token":"t"})"));
  config.exec->args.emplace_back("a b");
  config.exec->env.emplace_back("REGION", "north");
  config.exec->provide_cluster_info = true;
  config.tls.ca_file = (dir / "ca").string();
  write("ca", "hello");

  ASSERT_EQ(header(), "Bearer t");

  const std::string seen = content_of(dir / "seen");
  EXPECT_TRUE(seen.starts_with("a b|north|{")) << seen;
  EXPECT_SAYS(seen, R"("apiVersion":"client.authentication.k8s.io/v1")");
  EXPECT_SAYS(seen, R"("interactive":false)");
  EXPECT_SAYS(seen, R"("server":"https://api.example:6443")");
  EXPECT_SAYS(seen, R"("certificate-authority-data":"aGVsbG8=")");
}

TEST_F(CredentialsTest, AMissingProgramIsSaidWithTheInstallHint) {
  plugin("");
  config.exec->command = "no-such-login-program";
  config.exec->install_hint = "get it from the shop";

  const auto got = get();

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), ErrorKind::invalid_input);
  EXPECT_SAYS(got.error().message(),
              "cannot start no-such-login-program: No such file or directory; get it from the shop");
}

TEST_F(CredentialsTest, AFailingProgramIsSaidWithItsStderrAndWithoutItsStdout) {
  plugin("echo hunter2; echo 'please log in first' >&2; exit 3");

  const auto got = get();

  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), ErrorKind::unavailable);
  EXPECT_SAYS(got.error().message(), "ended with exit code 3: please log in first");
  EXPECT_EQ(got.error().message().find("hunter2"), std::string::npos);
}

TEST_F(CredentialsTest, AnswersThatAreNoCredentialAreRefusedWithoutTheirContent) {
  plugin("echo hunter2");
  EXPECT_SAYS(header(), "the plugin's answer on stdout is no JSON");
  EXPECT_EQ(header().find("hunter2"), std::string::npos);
  credentials.reset();
  plugin("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\"}'");
  EXPECT_SAYS(header(), "another apiVersion");
  credentials.reset();
  plugin(answer("{}"));
  EXPECT_SAYS(header(), "neither status.token nor");
  credentials.reset();
  plugin(answer(R"({"clientKeyData":"hunter2"})"));
  EXPECT_SAYS(header(), "only one of");
  credentials.reset();
  plugin(answer(R"({"token":"t","expirationTimestamp":"soon"})"));
  EXPECT_SAYS(header(), "no RFC 3339 time");
  credentials.reset();
  plugin(answer(R"({"token":"a\\nb"})"));
  EXPECT_SAYS(header(), "control characters");
}

TEST_F(CredentialsTest, AProgramThatSaysTooMuchIsCutOff) {
  plugin("head -c 3000000 /dev/zero 2>/dev/null");

  EXPECT_SAYS(header(), "context 'c' of kc");
}

TEST_F(CredentialsTest, AProgramThatHangsIsKilledWithItsChildrenAtTheDeadline) {
  plugin("sleep 1000 & echo $! >'" + (dir / "pid.new").string() + "'; mv '" + (dir / "pid.new").string() + "' '" +
         (dir / "pid").string() + "'; wait");
  test::MemoryLog log;
  TaskGroup group(io.get_executor(), log);
  std::optional<Error> said;
  auto ask = [](Credentials* from, std::optional<Error>* out) -> asio::awaitable<void> {
    auto got = co_await from->get();
    if (!got) *out = got.error();
  };
  group.spawn("ask", ask(&made(), &said));
  while (!fs::exists(dir / "pid")) io.poll(), std::this_thread::yield();

  clock.advance(1min);
  test::run(io, group.join());

  ASSERT_TRUE(said);
  EXPECT_EQ(said->kind(), ErrorKind::timeout);
  EXPECT_SAYS(said->message(), "was killed");
  // A killed process needs the processor once more to be gone.
  const std::string child = "/proc/" + content_of(dir / "pid").substr(0, content_of(dir / "pid").find('\n')) + "/stat";
  const auto gone = [&] { return content_of(child).empty() || content_of(child).find(") Z ") != std::string::npos; };
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (!gone() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(gone()) << content_of(child);
}

}  // namespace
}  // namespace stackscaler::kube
