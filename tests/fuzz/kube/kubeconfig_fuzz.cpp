// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a kubeconfig give a configuration with a server's URL, or an error that names the file.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "kube/config.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace kube = stackscaler::kube;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto config = kube::parse_kubeconfig(text, "kubeconfig.yaml", "/etc", "");
  if (!config) {
    if (config.error().message().find("kubeconfig.yaml") == std::string::npos) std::abort();
    return 0;
  }
  if (config->server.host.empty() || config->namespace_.empty()) std::abort();
  if (config->exec && config->exec->command.empty()) std::abort();
  return 0;
}
