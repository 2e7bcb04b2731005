// SPDX-License-Identifier: Apache-2.0
//
// TlsOptions: how the HTTP client proves an https server and itself.
//
// Verification can't be turned off. The server's certificate must chain to a trusted authority (RFC 5280), be for the
// host (RFC 6125; an address must be among the certificate's addresses) and be valid now; TLS 1.2 or later. Files are
// PEM and are looked at again for every new connection: a replaced certificate needs no restart. A TLS connection is
// used for ten minutes at most, so that a replaced authority or certificate reaches every request by then.
// A plain value. Any thread.
#pragma once

#include <string>

#include "base/secret.hpp"

namespace stackscaler::http {

struct TlsOptions {
  std::string ca_file;           // trusted instead of the system's authorities; empty: the system's
  std::string certificate_file;  // ours, with its chain; both or none of this and key_file
  std::string key_file;          // not encrypted
  std::string ca_pem;            // the three as PEM text; each wins over its file
  std::string certificate_pem;
  Secret key_pem;
  std::string server_name;  // what the certificate must be for and SNI says; empty: the URL's host
  bool operator==(const TlsOptions&) const = default;
};

}  // namespace stackscaler::http
