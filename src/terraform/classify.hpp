// SPDX-License-Identifier: Apache-2.0
//
// What a failed Terraform call failed of, told from the words of its diagnostics and of its standard error.
//
// What it is: a table of phrases that Terraform's core, its backends and the large providers print, and what each class
// means for the caller. What it is not: sure; a text that matches nothing is `other`, which is tried again with
// backoff. config waits for a change of the specification or the configuration (ErrorKind::invalid_input); all others
// are tried again with the common backoff (controller/hold.hpp). Pure. Sources: the messages of terraform 1.11 and of
// the AWS, Google and Azure providers; AWS' common error codes.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "terraform/stream.hpp"

namespace stackscaler::terraform {

enum class Fault { other, config, init_needed, credentials, quota, lock, provider_crash, network, timeout };
[[nodiscard]] std::string_view to_string(Fault fault);

// `text`: a diagnostic's summary and detail, or standard error.
[[nodiscard]] Fault classify(std::string_view text);
// Of the stream's errors the first that is of a class, else of `err`.
[[nodiscard]] Fault classify(const PlanStream& stream, std::string_view err);

// The reason for people's eyes and scripts: `fallback` for `other`, `timeout`.
[[nodiscard]] std::string_view reason_of(Fault fault, std::string_view fallback);
[[nodiscard]] ErrorKind kind_of(Fault fault);

}  // namespace stackscaler::terraform
