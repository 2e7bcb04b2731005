// SPDX-License-Identifier: Apache-2.0
//
// The machine-readable stream of `terraform plan -json` and `terraform apply -json`: one JSON object a line.
//
// What it is: what the guard, the progress line and the error texts need of it. Types and fields that are not known
// are ignored; an action that is not known is kept as it is, and so is the type of a line that plans something
// (planned_*, deferred_*), so that the guard can refuse it. What it is not: a judge. Broken lines are counted, not
// forgiven. The stream holds no attribute values, but an apply's holds plain outputs and what provisioners print: keep
// it in files that only the owner reads. Bounds: a line 1 MiB, a stream 64 MiB; beyond that the stream is `truncated`.
// Threads: a value, no locks. Source: developer.hashicorp.com/terraform/internals/machine-readable-ui.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace stackscaler::terraform {

struct PlannedChange {
  std::string address;
  std::string action;  // as in the stream: create, update, delete, replace, read, noop, move, import, remove, forget …
  std::string reason;  // "delete_because_count_index", "tainted", or ""
  std::string previous_address;  // moved from
  bool importing = false;
};

struct ChangeSummary {
  std::int64_t add = 0;
  std::int64_t change = 0;
  std::int64_t remove = 0;
  std::int64_t import = 0;
  std::int64_t forget = 0;
  bool unknown_counts = false;  // a count other than 0 under a name that is not known
};

struct Diagnostic {
  bool error = false;
  std::string summary;
  std::string detail;
  std::string address;
  std::string location;  // "main.tf:11", or ""
};

// A change that an apply has begun and not ended.
struct RunningChange {
  std::string action;
  std::int64_t since_ms = 0;   // when it began, of the stream's own clock; 0: not said
  std::int64_t elapsed_s = 0;  // as the stream last said
};

struct PlanStream {
  std::string version;  // "1.11.4"
  std::string ui;       // the version of the stream's format: "1.2"
  bool tofu = false;
  std::vector<PlannedChange> changes;
  std::vector<PlannedChange> drift;
  std::optional<ChangeSummary> plan_summary;
  std::optional<ChangeSummary> apply_summary;
  std::vector<Diagnostic> diagnostics;  // at most 100
  std::string unknown_planned;  // types of lines that announce something and are not known: "planned_action_invocation"
  bool outputs_change = false;
  std::map<std::string, std::string> done;       // address -> action, of what an apply has completed
  std::vector<std::string> errored;              // addresses
  std::map<std::string, RunningChange> running;  // by address
  std::int64_t latest_ms = 0;  // the newest time stamp in the stream, milliseconds since 1970; 0: none
  std::size_t hooks = 0;       // lines of an apply at work on a resource (apply_*, provision_*)
  std::size_t malformed = 0;   // lines that are no object, or miss what their type must have
  bool truncated = false;
  bool torn = false;  // the last line had no end
  [[nodiscard]] const Diagnostic* first_error() const;
};

// Takes the stream in pieces as they come: feed() any number of times, then finish() once.
class StreamParser {
 public:
  void feed(std::string_view bytes);
  void finish();
  [[nodiscard]] const PlanStream& stream() const { return stream_; }

 private:
  void line(std::string_view text);
  PlanStream stream_;
  std::string rest_;
  std::size_t total_ = 0;
  bool skipping_ = false;  // inside a line that is too long
};

[[nodiscard]] PlanStream parse_stream(std::string_view text);

// "1 of 2 created", "1 of 3 deleted", "2 of 2 created, 1 failed", and what runs for the longest time, from a second on:
// "1 of 3 created, aws_instance.app[2] 34s". A replacement counts as one "replaced". "" before anything is planned.
[[nodiscard]] std::string progress_text(const PlanStream& stream);

// The first error in one line: "creating EC2 Instance: … (aws_instance.app[2], main.tf:11) and 2 more errors", at most
// 530 bytes; "" when there is none. Details are left out: they may repeat what a provisioner printed.
[[nodiscard]] std::string error_text(const PlanStream& stream);

// True when that error says that somebody else holds the state lock.
[[nodiscard]] bool lock_held(const PlanStream& stream);
// True when that error says that `terraform init` has to run first.
[[nodiscard]] bool init_needed(const PlanStream& stream);

// Cuts at `limit` bytes on a character boundary, and turns runs of blanks and control characters into one blank.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit);

}  // namespace stackscaler::terraform
