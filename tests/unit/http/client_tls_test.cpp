// SPDX-License-Identifier: Apache-2.0
//
// The client against servers that speak real TLS, with certificates made for the test.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "http/client.hpp"
#include "support/certificates.hpp"
#include "support/raw_server.hpp"
#include "support/run.hpp"
#include "support/temp_dir.hpp"
#include "support/tls_server.hpp"

namespace stackscaler::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::CertificateWish;
using test::TlsServer;

class TlsTest : public testing::Test {
 protected:
  TlsTest() { tls.ca_file = authority.file(); }

  Result<Response> get(const std::string& url, Duration deadline = 5s) {
    Request request(Method::get, parse_url(url).value());
    request.tls = std::make_shared<const TlsOptions>(tls);
    request.deadline = deadline;
    return test::run(io, client.send(std::move(request)));
  }
  std::string failure(const std::string& url, Duration deadline = 5s) {
    const auto answer = get(url, deadline);
    if (answer) return "it answered " + answer->body;
    kind = answer.error().kind();
    return answer.error().message();
  }

  asio::io_context io;
  test::TempDir folder;
  test::Authority authority{folder.path(), "test"};
  TlsOptions tls;
  Client client{io.get_executor()};
  ErrorKind kind = ErrorKind::internal;
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(TlsTest, ATrustedServerAnswersOnOneKeptConnection) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));

  const auto first = get(server.url());
  const auto second = get(server.url());

  ASSERT_TRUE(first) << first.error().message();
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_EQ(second->body, "hello");
  EXPECT_EQ(server.handshakes(), 1);
  EXPECT_EQ(server.asked_name(), "localhost");
}

TEST_F(TlsTest, AnAddressIsAcceptedWhenTheCertificateHasIt) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));

  const auto answer = get(server.url("127.0.0.1"));

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(server.asked_name(), "") << "SNI is for names";
}

TEST_F(TlsTest, WithoutACaFileTheSystemsAuthoritiesAreAskedAndDoNotKnowOurs) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));
  tls.ca_file.clear();

  const std::string why = failure(server.url());

  EXPECT_SAYS(why, "signed by an authority that is not trusted: name the authority's certificate as the CA file");
  EXPECT_EQ(server.handshakes(), 0);
}

TEST_F(TlsTest, AnotherAuthoritysServerIsRefused) {
  test::Authority other(folder.path(), "other");
  TlsServer server(io, other.issue("server"), TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "authority that is not trusted");
  EXPECT_EQ(kind, ErrorKind::unavailable);
}

TEST_F(TlsTest, ASelfSignedCertificateIsRefusedUntilItIsNamed) {
  CertificateWish wish;
  wish.self_signed = true;
  const auto files = authority.issue("server", wish);
  TlsServer server(io, files, TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "is self-signed and not trusted");

  tls.ca_file = files.certificate;
  const auto answer = get(server.url());
  EXPECT_TRUE(answer) << answer.error().message();
}

TEST_F(TlsTest, AnExpiredCertificateIsRefused) {
  CertificateWish wish;
  wish.begins = -2h;
  wish.ends = -1h;
  TlsServer server(io, authority.issue("server", wish), TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "the server's certificate has expired: renew it");
}

TEST_F(TlsTest, ACertificateOfTheFutureIsRefused) {
  CertificateWish wish;
  wish.begins = 1h;
  wish.ends = 2h;
  TlsServer server(io, authority.issue("server", wish), TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "not valid yet: compare the clocks");
}

TEST_F(TlsTest, ACertificateForAnotherNameIsRefusedAndItsNamesAreSaid) {
  CertificateWish wish;
  wish.alternative_names = "DNS:mimir.example.com,IP:10.0.0.1";
  TlsServer server(io, authority.issue("server", wish), TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "is not for 'localhost' but for mimir.example.com, 10.0.0.1");
  EXPECT_SAYS(failure(server.url("127.0.0.1")), "is not for '127.0.0.1'");

  tls.server_name = "mimir.example.com";
  const auto answer = get(server.url());
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(server.asked_name(), "mimir.example.com");
}

TEST_F(TlsTest, AWildcardStandsForOneWholeLabelOnly) {
  CertificateWish wish;
  wish.alternative_names = "DNS:*.example.com";
  TlsServer server(io, authority.issue("server", wish), TlsServer::answering("hello"));

  tls.server_name = "mimir.example.com";
  EXPECT_TRUE(get(server.url()));
  tls.server_name = "a.b.example.com";
  EXPECT_SAYS(failure(server.url()), "is not for 'a.b.example.com'");
}

TEST_F(TlsTest, TheCommonNameIsNoHostName) {
  CertificateWish wish;
  wish.alternative_names = "DNS:other";
  TlsServer server(io, authority.issue("localhost", wish), TlsServer::answering("hello"));

  EXPECT_SAYS(failure(server.url()), "is not for 'localhost'");
}

TEST_F(TlsTest, AClientCertificateIsShownToAServerThatWantsOne) {
  TlsServer::Wish wish;
  wish.client_ca = authority.file();
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);
  const auto ours = authority.issue("client");
  tls.certificate_file = ours.certificate;
  tls.key_file = ours.key;

  const auto answer = get(server.url());

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(TlsTest, AMissingClientCertificateIsSaid) {
  TlsServer::Wish wish;
  wish.client_ca = authority.file();
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);

  EXPECT_SAYS(failure(server.url()), "client certificate");
}

TEST_F(TlsTest, AClientCertificateOfAnotherAuthorityIsRefusedAndSaid) {
  test::Authority other(folder.path(), "other");
  TlsServer::Wish wish;
  wish.client_ca = authority.file();
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);
  const auto ours = other.issue("client");
  tls.certificate_file = ours.certificate;
  tls.key_file = ours.key;

  EXPECT_SAYS(failure(server.url()), "refuses the client certificate");
}

TEST_F(TlsTest, AServerWithOnlyOldVersionsIsRefused) {
  TlsServer::Wish wish;
  wish.newest_version = TLS1_1_VERSION;
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);

  EXPECT_SAYS(failure(server.url()), "TLS");
  EXPECT_EQ(server.handshakes(), 0);
}

TEST_F(TlsTest, TlsOneTwoIsSpoken) {
  TlsServer::Wish wish;
  wish.newest_version = TLS1_2_VERSION;
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);

  const auto answer = get(server.url());

  EXPECT_TRUE(answer) << answer.error().message();
}

TEST_F(TlsTest, APlainServerIsTold) {
  test::RawServer server(io, [](test::RawSocket& socket, int) -> asio::awaitable<void> {
    co_await test::send_bytes(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    static_cast<void>(co_await test::read_request_head(socket));
  });

  EXPECT_SAYS(failure("https://127.0.0.1:" + std::to_string(server.port()) + "/"), "does not speak TLS on this port");
}

TEST_F(TlsTest, AHandshakeThatNeverEndsMeetsTheDeadline) {
  TlsServer::Wish wish;
  wish.no_handshake = true;
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);

  EXPECT_SAYS(failure(server.url(), 100ms), "no answer within 100ms");
  EXPECT_EQ(kind, ErrorKind::timeout);
}

// Files.

TEST_F(TlsTest, FilesThatCannotBeUsedAreNamed) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));
  const std::string junk = (folder / "junk.pem").string();
  std::ofstream(junk) << "s3cret-content";
  const auto ours = authority.issue("client");
  const auto others = authority.issue("others");

  tls.ca_file = (folder / "none.pem").string();
  EXPECT_SAYS(failure(server.url()), "none.pem: No such file");
  EXPECT_EQ(kind, ErrorKind::invalid_input);
  tls.ca_file = junk;
  EXPECT_SAYS(failure(server.url()), "junk.pem: no certificates in PEM");
  EXPECT_EQ(failure(server.url()).find("s3cret"), std::string::npos);
  tls.ca_file = folder.path().string();
  EXPECT_SAYS(failure(server.url()), "not a regular file");
  tls.ca_file = authority.file();
  tls.certificate_file = ours.certificate;
  EXPECT_SAYS(failure(server.url()), "needs both");
  tls.key_file = others.key;
  EXPECT_SAYS(failure(server.url()), "others.key: not an unencrypted key in PEM that belongs to");
  EXPECT_EQ(server.handshakes(), 0);
}

TEST_F(TlsTest, AReplacedCaFileCountsForTheNextConnection) {
  test::Authority other(folder.path(), "other");
  TlsServer server(io, other.issue("server"), TlsServer::answering("hello"));
  EXPECT_SAYS(failure(server.url()), "authority that is not trusted");

  std::filesystem::copy_file(other.file(), tls.ca_file, std::filesystem::copy_options::overwrite_existing);

  const auto answer = get(server.url());
  EXPECT_TRUE(answer) << answer.error().message();
}

TEST_F(TlsTest, ConnectionsAreNotSharedBetweenTlsIdentities) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));
  ASSERT_TRUE(get(server.url()));

  tls.ca_file.clear();

  EXPECT_SAYS(failure(server.url()), "not trusted");
}

TEST_F(TlsTest, APlainAndATlsConnectionToOnePortAreNotMixed) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));
  ASSERT_TRUE(get(server.url()));

  const auto answer = get("http://localhost:" + std::to_string(server.port()) + "/");

  EXPECT_FALSE(answer);
}

// The end of a TLS connection without its closing word.

TEST_F(TlsTest, ACutAfterAWholeBodyOfKnownLengthIsFine) {
  TlsServer server(io, authority.issue("server"),
                   TlsServer::cutting("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));

  const auto answer = get(server.url());

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(TlsTest, ACutInsideABodyOfKnownLengthIsAnError) {
  TlsServer server(io, authority.issue("server"),
                   TlsServer::cutting("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"));

  EXPECT_SAYS(failure(server.url()), "closed in the middle of the answer");
}

TEST_F(TlsTest, ACutWhereOnlyTheEndTellsTheLengthIsAnError) {
  TlsServer server(io, authority.issue("server"), TlsServer::cutting("HTTP/1.1 200 OK\r\n\r\n{\"value\":1"));

  EXPECT_SAYS(failure(server.url()), "closed in the middle of the answer");
}

TEST_F(TlsTest, AnIdleConnectionThatTheServerClosedIsReplaced) {
  TlsServer server(io, authority.issue("server"),
                   TlsServer::cutting("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
  ASSERT_TRUE(get(server.url()));

  const auto again = get(server.url());

  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(server.handshakes(), 2);
}

TEST_F(TlsTest, ALargeAnswerArrivesWhole) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering(std::string(3'000'000, 'x')));

  const auto answer = get(server.url());

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body.size(), 3'000'000U);
}

std::string content_of(const std::string& file) {
  std::ifstream in(file);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

TEST_F(TlsTest, AuthorityCertificateAndKeyMayBeGivenAsTextInsteadOfFiles) {
  TlsServer::Wish wish;
  wish.client_ca = authority.file();
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"), wish);
  const auto ours = authority.issue("ours");
  tls.ca_file = "/does/not/exist";
  tls.ca_pem = content_of(authority.file());
  tls.certificate_pem = content_of(ours.certificate);
  tls.key_pem = Secret(content_of(ours.key));

  const auto answer = get(server.url());

  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "hello");
}

TEST_F(TlsTest, TextThatIsNoPemAndAKeyOfAnotherCertificateAreSaidWithoutTheirContent) {
  TlsServer server(io, authority.issue("server"), TlsServer::answering("hello"));
  const auto ours = authority.issue("ours");
  const auto other = authority.issue("other");
  tls.certificate_pem = content_of(ours.certificate);
  tls.key_pem = Secret(content_of(other.key));

  const std::string mismatch = failure(server.url());
  tls.key_pem = Secret("hunter2");
  const std::string no_key = failure(server.url());
  tls.certificate_pem.clear();
  const std::string half = failure(server.url());
  tls = TlsOptions();
  tls.ca_pem = "hunter2";
  const std::string no_authority = failure(server.url());

  EXPECT_SAYS(mismatch, "the key given: not an unencrypted key in PEM that belongs to the certificate given");
  EXPECT_SAYS(no_key, "the key given: not an unencrypted key in PEM");
  EXPECT_SAYS(half, "needs both");
  EXPECT_SAYS(no_authority, "the authority given: no certificates in PEM");
  EXPECT_EQ((no_key + no_authority).find("hunter2"), std::string::npos);
  EXPECT_EQ(kind, ErrorKind::invalid_input);
}

}  // namespace
}  // namespace stackscaler::http
