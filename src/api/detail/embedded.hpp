// SPDX-License-Identifier: Apache-2.0
//
// What cmake/EmbedAssets.cmake generates at build time: web/dist and openapi.json. Private to src/api.
#pragma once

#include <span>
#include <string_view>

#include "api/assets.hpp"

namespace stackscaler::api::detail {

[[nodiscard]] std::span<const Asset> embedded_assets();
[[nodiscard]] std::string_view embedded_openapi();

}  // namespace stackscaler::api::detail
