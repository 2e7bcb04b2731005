// SPDX-License-Identifier: Apache-2.0
//
// What an API server may send: any bytes as a watch's line, a list, an object or an error give a value with the fields
// that are promised, or an error that fits on a line. The first byte chooses the status of the error.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kube/client.hpp"
#include "kube/detail/exec_credential.hpp"
#include "kube/detail/watch_event.hpp"

namespace {

namespace kube = stackscaler::kube;
using kube::detail::WatchEvent;

void fits_a_line(std::string_view text) {
  if (text.size() > 2000) std::abort();
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
}

void check_event(std::string_view line) {
  const auto event = kube::detail::parse_event(line);
  if (!event) return fits_a_line(event.error().message());
  if ((event->type == WatchEvent::Type::error) != event->error.has_value()) std::abort();
  if (event->error) return fits_a_line(event->error->message());
  if (event->resource_version.empty()) std::abort();
  if (event->type == WatchEvent::Type::bookmark) return;
  if (event->object.key.name.empty()) std::abort();
  if (event->type == WatchEvent::Type::upsert && !kube::parse_object(event->object.json)) std::abort();
}

void check_page(std::string_view body) {
  const auto page = kube::detail::parse_page(body);
  if (!page) return fits_a_line(page.error().message());
  if (page->resource_version.empty()) std::abort();
  for (const kube::Object& object : page->objects) {
    if (object.key.name.empty() || !kube::parse_object(object.json)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_event(text);
  check_page(text);
  fits_a_line(kube::status_error(300 + data[0], text, "GET /x").message());
  const auto credential = kube::detail::parse_exec_credential(text, "client.authentication.k8s.io/v1");
  if (!credential) {
    fits_a_line(credential.error().message());
  } else if (credential->token.empty() && credential->certificate_pem.empty()) {
    std::abort();
  }
  return 0;
}
