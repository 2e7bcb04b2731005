// SPDX-License-Identifier: Apache-2.0
//
// Metadata: what deploy_metadata.json says about one stack.
//
// What it is: the fields that the program reads and writes, and the text they came from. render_metadata() puts the
// fields back into that text: fields that are not ours, and the order of keys, survive a rewrite.
// What it is not: the source of the count. `instance_count` is the last known one; the Terraform state is the truth.
// Errors: invalid_input for a file that is no JSON object or whose known fields have another type.
// Threads: values; the functions are pure. Format: JSON (RFC 8259); times are RFC 3339, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace stackscaler::stack {

// Recorded when a stack is adopted (law 12), kept under the key `terraform`.
struct TerraformRecord {
  std::string folder;  // the root module, absolute; empty: the registry folder itself
  std::string workspace = "default";
  std::string backend = "local";
  std::string lineage;
  std::uint64_t serial = 0;  // the highest ever seen: a lower one means that the state was replaced
  std::string resource;      // the counted resource's address without index
  std::string variable = "instance_count";
  std::string template_file;  // sized by this template, relative to the registry folder or absolute; empty: by variable
  std::vector<std::string> dependents;
  std::string init_fingerprint;  // of the configuration at the last successful init
  std::string state_path;        // of a local backend, absolute
};

struct Metadata {
  std::string template_;
  std::optional<int> instance_count;  // context.instance_count
  std::string last_scaled_at;
  std::string last_scale_reason;
  std::optional<TerraformRecord> terraform;  // absent: deployed by other means, never adopted
  std::vector<std::string> public_context;   // names in `context` whose values may be shown
  std::string raw;                           // the text it was read from; empty: new
};

[[nodiscard]] Result<Metadata> parse_metadata(std::string_view text);
[[nodiscard]] Result<std::string> render_metadata(const Metadata& metadata);

// The `context` of the text it was read from, as JSON, with `name` set to `value`; {} when there is none.
[[nodiscard]] Result<std::string> context_with(const Metadata& metadata, const std::string& name, int value);
// The texts in the context, at any depth, that publicContext does not name: they may be secrets.
[[nodiscard]] std::vector<std::string> private_values(const Metadata& metadata);
// Replaces the context. `json`: one JSON object.
[[nodiscard]] Result<void> set_context(Metadata& metadata, const std::string& json);

}  // namespace stackscaler::stack
