// SPDX-License-Identifier: Apache-2.0
//
// Error and Result: how every fallible function of the program reports failure.
//
// What it is: a kind (what the caller should do), a message for people, and, where the failure is a
// condition that users meet, a machine-readable reason such as "PlanRefused" (see policy/reasons.hpp).
// What it is not: a stack of causes or an exception. Exceptions stay inside parsers that wrap foreign libraries.
// Threads: a value; copy and move as you like.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace stackscaler {

// What the caller should do about it, not where it happened.
enum class ErrorKind {
  invalid_input,  // somebody has to change a file, a flag or a document
  not_found,      // the thing named does not exist
  conflict,       // somebody else holds or changed it; look again later
  unauthorized,   // credentials are missing or refused
  unavailable,    // the other side failed; try again with backoff
  timeout,        // no answer in time; try again with backoff
  cancelled,      // we are stopping; never logged as an error, never counted as a failure
  internal,       // a fault of this program
};

// The lower-case name, for logs and JSON.
[[nodiscard]] std::string_view to_string(ErrorKind kind);

// A class with constructors, never an aggregate: g++ 12 miscompiles aggregate temporaries inside co_await.
class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}
  Error(ErrorKind kind, std::string_view reason, std::string message)
      : kind_(kind), reason_(reason), message_(std::move(message)) {}

  [[nodiscard]] ErrorKind kind() const { return kind_; }
  // CamelCase reason, or empty when the failure is no condition of its own.
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::string& message() const { return message_; }

  // Puts "what: " before the message: "query cpu: connection refused".
  [[nodiscard]] Error with_context(std::string_view what) &&;

 private:
  ErrorKind kind_;
  std::string reason_;
  std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;

// Shorthand for the failing side: `return fail(ErrorKind::not_found, "no stack 'web'");`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected<Error>(Error(kind, std::move(message)));
}
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, std::string_view reason, std::string message) {
  return std::unexpected<Error>(Error(kind, reason, std::move(message)));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

}  // namespace stackscaler
