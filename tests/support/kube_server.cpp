// SPDX-License-Identifier: Apache-2.0
#include "support/kube_server.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/beast/core/detail/base64.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace stackscaler::test {

using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::string base64(const std::string& text) {
  namespace codec = boost::beast::detail::base64;
  std::string out(codec::encoded_size(text.size()), '\0');
  out.resize(codec::encode(out.data(), text.data(), text.size()));
  return out;
}

std::filesystem::path parts_folder() {
  if (const char* assets = std::getenv("KUBEBUILDER_ASSETS"); assets != nullptr && *assets != '\0') return assets;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::filesystem::path base = cache != nullptr && *cache != '\0'
                                         ? std::filesystem::path(cache)
                                         : std::filesystem::path(home == nullptr ? "/" : home) / ".cache";
  return base / "stackscaler" / "envtest" / STK_KUBERNETES_VERSION;
}

// The program of the parts' folder, or what the PATH has.
std::string part(const std::string& name) {
  const std::filesystem::path own = parts_folder() / name;
  return ::access(own.c_str(), X_OK) == 0 ? own.string() : name;
}

bool on_path(const std::string& name) {
  std::istringstream folders(std::getenv("PATH") == nullptr ? "" : std::getenv("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return true;
  }
  return false;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

std::string random_word() {
  std::array<unsigned char, 16> bytes{};
  std::ifstream("/dev/urandom", std::ios::binary).read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::runtime_error refused(const std::string& what, const KubeAnswer& answer) {
  return std::runtime_error(fmt::format("{}: {} {}", what, answer.status, answer.body));
}

}  // namespace

std::string KubeServer::missing() {
  constexpr const char* kHow = ": run scripts/kubernetes-parts";
  if (::access((parts_folder() / "kube-apiserver").c_str(), X_OK) != 0) {
    return "no kube-apiserver in " + parts_folder().string() + kHow;
  }
  for (const char* name : {"etcd", "kubectl"}) {
    if (part(name) == name && !on_path(name)) return std::string("no ") + name + " found" + kHow;
  }
  return "";
}

std::string KubeServer::program(const std::string& name) {
  return part(name);
}

KubeServer& KubeServer::shared() {
  static KubeServer server;
  static const Result<void> started = server.start();
  if (!started) throw std::runtime_error(started.error().message());
  return server;
}

KubeServer::KubeServer() : admin_token_(random_word()) {
  serving_ = authority_.issue("apiserver");
  service_accounts_ = authority_.issue("service-accounts");
  write(folder_ / "tokens.csv", admin_token_ + ",admin,admin,\"system:masters\"\n");
}

Result<void> KubeServer::start() {
  if (auto launched = launch_etcd(); !launched) return launched;
  const auto port = apiserver_.launch_on_free_port([this](int free) { return launch_apiserver(free); });
  if (!port) return fail(port.error());
  port_ = *port;
  admin_ = std::make_unique<KubeApi>(port_, ca_file(), admin_token_);
  return {};
}

Result<void> KubeServer::restart() {
  stop();
  return launch_apiserver(port_);
}

Result<void> KubeServer::launch_etcd() {
  const auto launch = [this](int port) {
    const std::string clients = fmt::format("http://127.0.0.1:{}", port);
    const std::string peers = fmt::format("http://127.0.0.1:{}", free_port());
    const std::vector<std::string> arguments{part("etcd"),
                                             "--data-dir=" + (folder_ / "etcd").string(),
                                             "--listen-client-urls=" + clients,
                                             "--advertise-client-urls=" + clients,
                                             "--listen-peer-urls=" + peers,
                                             "--initial-advertise-peer-urls=" + peers,
                                             "--initial-cluster=default=" + peers,
                                             "--unsafe-no-fsync",
                                             "--log-level=warn"};
    return etcd_.launch(arguments, [port] {
      return exchange(port, "GET /health HTTP/1.0\r\n\r\n", 2s).find("\"true\"") != std::string::npos;
    });
  };
  const auto port = etcd_.launch_on_free_port(launch);
  if (!port) return fail(port.error());
  etcd_port_ = *port;
  return {};
}

Result<void> KubeServer::launch_apiserver(int port) {
  const std::vector<std::string> arguments{
      part("kube-apiserver"),
      "--bind-address=127.0.0.1",
      "--advertise-address=192.0.2.1",  // nothing is ever sent there; a loopback address is refused
      "--endpoint-reconciler-type=none",
      fmt::format("--secure-port={}", port),
      fmt::format("--etcd-servers=http://127.0.0.1:{}", etcd_port_),
      "--tls-cert-file=" + serving_.certificate,
      "--tls-private-key-file=" + serving_.key,
      "--cert-dir=" + folder_.path().string(),
      "--client-ca-file=" + ca_file(),
      "--token-auth-file=" + (folder_ / "tokens.csv").string(),
      "--authorization-mode=RBAC",
      "--service-cluster-ip-range=10.96.0.0/16",
      "--service-account-issuer=https://kubernetes.default.svc",
      "--service-account-key-file=" + service_accounts_.certificate,
      "--service-account-signing-key-file=" + service_accounts_.key,
      "--profiling=false"};
  return apiserver_.launch(arguments, [this, port] { return ready(port); });
}

bool KubeServer::ready(int port) const {
  KubeApi api(port, ca_file(), admin_token_);
  api.set_patience(5s);
  for (const char* target : {"/readyz", "/api/v1/namespaces/default"}) {
    const auto answer = api.get(target);
    if (!answer || answer->status != 200) return false;
  }
  return true;
}

Result<void> KubeServer::compact() {
  const auto post = [this](const std::string& path, const std::string& body) {
    return exchange(etcd_port_,
                    fmt::format("POST {} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                path, body.size(), body),
                    10s);
  };
  const std::string status = post("/v3/maintenance/status", "{}");
  const auto at = status.find("\"revision\":\"");
  if (at == std::string::npos) return fail(ErrorKind::unavailable, "etcd says no revision: " + status);
  const std::string revision = status.substr(at + 12, status.find('"', at + 12) - at - 12);
  const std::string done = post("/v3/kv/compaction", fmt::format(R"({{"revision":"{}","physical":true}})", revision));
  if (done.find(" 200 ") == std::string::npos) return fail(ErrorKind::unavailable, "etcd did not compact: " + done);
  return {};
}

KubeAnswer KubeServer::request(const std::string& verb, const std::string& target, const std::string& body,
                               const std::string& content_type) {
  auto answer = admin_->send(verb, target, body, content_type);
  if (!answer) throw std::runtime_error(answer.error().message());
  return std::move(*answer);
}

std::string KubeServer::make_namespace(const std::string& prefix) {
  const std::string name = fmt::format("{}-{}", prefix, ++serial_);
  const json object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
  const KubeAnswer answer = request("POST", "/api/v1/namespaces", object.dump());
  if (answer.status != 201) throw refused("namespace " + name, answer);
  return name;
}

Result<void> KubeServer::install_crd(const std::string& yaml) {
  const KubectlRun applied = kubectl({"apply", "--server-side", "--force-conflicts", "-f", "-"}, yaml);
  if (applied.exit_code != 0) return fail(ErrorKind::invalid_input, applied.err);
  const KubectlRun waited = kubectl({"wait", "--for=condition=Established", "--timeout=60s", "-f", "-"}, yaml);
  if (waited.exit_code != 0) return fail(ErrorKind::timeout, waited.err);
  return {};
}

std::string KubeServer::write_kubeconfig(const std::string& user_json, const std::string& namespace_) {
  const json cluster{{"server", url()}, {"certificate-authority-data", base64(slurp(ca_file()))}};
  const json context{{"cluster", "test"}, {"user", "test"}, {"namespace", namespace_}};
  json config{{"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", "test"}};
  config["clusters"] = json::array({json{{"name", "test"}, {"cluster", cluster}}});
  config["users"] = json::array({json{{"name", "test"}, {"user", json::parse(user_json)}}});
  config["contexts"] = json::array({json{{"name", "test"}, {"context", context}}});
  const std::filesystem::path path = folder_ / fmt::format("kubeconfig-{}", ++serial_);
  write(path, config.dump(2));
  return path.string();
}

std::string KubeServer::admin_kubeconfig() {
  if (admin_kubeconfig_.empty()) admin_kubeconfig_ = kubeconfig_for_user("admin", {"system:masters"});
  return admin_kubeconfig_;
}

CertificateFiles KubeServer::user_certificate(const std::string& user, const std::vector<std::string>& groups) {
  CertificateWish wish;
  wish.organizations = groups;
  return authority_.issue(user, wish);
}

std::string KubeServer::kubeconfig_for_user(const std::string& user, const std::vector<std::string>& groups) {
  const CertificateFiles files = user_certificate(user, groups);
  const json credentials{{"client-certificate-data", base64(slurp(files.certificate))},
                         {"client-key-data", base64(slurp(files.key))}};
  return write_kubeconfig(credentials.dump(), "default");
}

std::string KubeServer::kubeconfig_for_token(const std::string& token, const std::string& namespace_) {
  return write_kubeconfig(json{{"token", token}}.dump(), namespace_);
}

std::string KubeServer::service_account_token(const std::string& namespace_, const std::string& name, Duration valid) {
  const std::string accounts = fmt::format("/api/v1/namespaces/{}/serviceaccounts", namespace_);
  const json account{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", name}}}};
  const KubeAnswer made = request("POST", accounts, account.dump());
  if (made.status != 201 && made.status != 409) throw refused("ServiceAccount " + name, made);
  json wish{{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenRequest"}};
  wish["spec"]["expirationSeconds"] = std::chrono::ceil<std::chrono::seconds>(valid).count();
  const KubeAnswer answer = request("POST", fmt::format("{}/{}/token", accounts, name), wish.dump());
  if (answer.status != 201) throw refused("token of " + name, answer);
  return json::parse(answer.body).at("status").at("token").get<std::string>();
}

KubectlRun KubeServer::kubectl(const std::vector<std::string>& arguments, const std::string& input,
                               const std::string& kubeconfig) {
  const std::string stem = (folder_ / fmt::format("kubectl-{}", ++serial_)).string();
  write(stem + ".in", input);
  std::vector<std::string> words{part("kubectl"),
                                 "--kubeconfig=" + (kubeconfig.empty() ? admin_kubeconfig() : kubeconfig),
                                 "--cache-dir=" + (folder_ / "kubectl-cache").string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    ::dup2(::open((stem + ".in").c_str(), O_RDONLY), 0);
    ::dup2(::open((stem + ".out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
    ::dup2(::open((stem + ".err").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(stem + ".out"), slurp(stem + ".err")};
}

}  // namespace stackscaler::test
