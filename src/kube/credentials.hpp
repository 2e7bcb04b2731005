// SPDX-License-Identifier: Apache-2.0
//
// Credentials: what a request to the API server carries to prove who we are, kept fresh.
//
// A token as given; a token file, read again at most half a minute after it was read last, so that a rotated token
// needs no restart; an exec plugin (client.authentication.k8s.io v1 and v1beta1), run when there is no credential or it
// has expired, once for all who wait for it. Its child gets no terminal, has a minute, and is killed with its process
// group when it takes longer or the caller is cancelled; what it says on stderr is in the error, what it says on stdout
// never is. refused() drops a credential that the server answered with 401, so that the next get() asks anew. What it
// is not: an OIDC or cloud provider's client; that is a plugin's business. Threads: the executor's one thread; files
// are read on `pool`. Lifetime: must outlive its requests; clock and pool must outlive it. Errors: invalid_input (no
// such program, an answer that is no ExecCredential, an unreadable file), unavailable (the plugin failed), timeout,
// cancelled. Source: Kubernetes, "Authenticating", client-go credential plugins.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>

#include "async/clock.hpp"
#include "async/offload.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "kube/config.hpp"

namespace stackscaler::kube {

struct Credential {
  Secret authorization;                         // the header's value; empty: a certificate, or nothing
  std::shared_ptr<const http::TlsOptions> tls;  // with the client certificate, if there is one
  std::uint64_t generation = 0;                 // which answer it is from
};

class Credentials {
 public:
  Credentials(boost::asio::any_io_executor executor, ClusterConfig config, Clock& clock, BlockingPool& pool);
  ~Credentials();
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  [[nodiscard]] boost::asio::awaitable<Result<Credential>> get();
  // The server did not take it (401). Nothing when a newer one is there already.
  void refused(const Credential& credential);
  // Whether asking again after refused() may give another one.
  [[nodiscard]] bool renewable() const;
  [[nodiscard]] const ClusterConfig& config() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace stackscaler::kube
