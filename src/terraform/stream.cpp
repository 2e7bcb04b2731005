// SPDX-License-Identifier: Apache-2.0
#include "terraform/stream.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/time.hpp"

namespace stackscaler::terraform {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxLine = 1U << 20U;
constexpr std::size_t kMaxStream = 64U << 20U;
constexpr std::size_t kMaxDiagnostics = 100;

const Json* member(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* key) {
  const Json* value = member(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::string address_of(const Json& owner, const char* key) {
  const Json* resource = member(owner, key);
  return resource == nullptr ? std::string() : text_of(*resource, "addr");
}

std::optional<PlannedChange> change_of(const Json& line) {
  const Json* change = member(line, "change");
  if (change == nullptr) return std::nullopt;
  PlannedChange planned;
  planned.address = address_of(*change, "resource");
  planned.action = text_of(*change, "action");
  planned.reason = text_of(*change, "reason");
  planned.previous_address = address_of(*change, "previous_resource");
  planned.importing = member(*change, "importing") != nullptr;
  if (planned.address.empty() || planned.action.empty()) return std::nullopt;
  return planned;
}

// A count must be a whole number: anything else makes the summary useless, and so absent.
std::optional<ChangeSummary> summary_of(const Json& changes) {
  if (!changes.is_object()) return std::nullopt;
  ChangeSummary summary;
  for (const auto& [key, value] : changes.items()) {
    if (key == "operation") continue;
    if (!value.is_number_integer()) return std::nullopt;
    const auto count = value.get<std::int64_t>();
    if (key == "add") {
      summary.add = count;
    } else if (key == "change") {
      summary.change = count;
    } else if (key == "remove") {
      summary.remove = count;
    } else if (key == "import") {
      summary.import = count;
    } else if (key == "forget") {
      summary.forget = count;
    } else if (count != 0) {
      summary.unknown_counts = true;
    }
  }
  if (member(changes, "add") == nullptr || member(changes, "change") == nullptr ||
      member(changes, "remove") == nullptr) {
    return std::nullopt;
  }
  return summary;
}

Diagnostic diagnostic_of(const Json& object) {
  Diagnostic diagnostic;
  diagnostic.error = text_of(object, "severity") == "error";
  diagnostic.summary = text_of(object, "summary");
  diagnostic.detail = text_of(object, "detail");
  diagnostic.address = text_of(object, "address");
  if (const Json* range = member(object, "range")) {
    diagnostic.location = text_of(*range, "filename");
    const Json* start = member(*range, "start");
    const Json* line = start == nullptr ? nullptr : member(*start, "line");
    if (line != nullptr && line->is_number_integer()) {
      diagnostic.location += ":" + std::to_string(line->get<std::int64_t>());
    }
  }
  return diagnostic;
}

bool any_output_changes(const Json& outputs) {
  if (!outputs.is_object()) return false;
  return std::any_of(outputs.begin(), outputs.end(), [](const Json& output) {
    const std::string action = text_of(output, "action");
    return !action.empty() && action != "noop" && action != "no-op";
  });
}

// The time stamp of a line, "2026-11-24T05:59:18.123456Z" with any offset; 0 when it has none that can be read.
std::int64_t time_of(const Json& json) {
  const auto time = parse_rfc3339(text_of(json, "@timestamp"));
  if (!time) return 0;
  return std::chrono::duration_cast<std::chrono::milliseconds>(time->time_since_epoch()).count();
}

// Only for the progress line: what is missing here is no fault of the stream.
void take_running(const Json& json, bool begins, PlanStream& stream) {
  const Json* hook = member(json, "hook");
  const std::string address = hook == nullptr ? std::string() : address_of(*hook, "resource");
  if (address.empty()) return;
  stream.latest_ms = std::max(stream.latest_ms, time_of(json));
  if (begins) {
    stream.running[address] = RunningChange{text_of(*hook, "action"), time_of(json), 0};
    return;
  }
  const auto running = stream.running.find(address);
  const Json* elapsed = member(*hook, "elapsed_seconds");
  if (running != stream.running.end() && elapsed != nullptr && elapsed->is_number()) {
    running->second.elapsed_s = static_cast<std::int64_t>(std::clamp(elapsed->get<double>(), 0.0, 1e9));
  }
}

// What a line of that type adds to the stream; false when it lacks what its type must have.
bool take(const Json& json, const std::string& type, PlanStream& stream) {
  if (type.starts_with("apply_") || type.starts_with("provision_")) ++stream.hooks;
  if (type == "planned_change" || type == "resource_drift") {
    auto change = change_of(json);
    if (!change) return false;
    (type == "planned_change" ? stream.changes : stream.drift).push_back(std::move(*change));
  } else if (type == "change_summary") {
    const Json* changes = member(json, "changes");
    auto summary = changes == nullptr ? std::nullopt : summary_of(*changes);
    if (!summary) return false;
    (text_of(*changes, "operation") == "plan" ? stream.plan_summary : stream.apply_summary) = summary;
  } else if (type == "diagnostic") {
    const Json* diagnostic = member(json, "diagnostic");
    if (diagnostic == nullptr) return false;
    if (stream.diagnostics.size() < kMaxDiagnostics) stream.diagnostics.push_back(diagnostic_of(*diagnostic));
  } else if (type == "outputs") {
    const Json* outputs = member(json, "outputs");
    if (outputs != nullptr) stream.outputs_change = stream.outputs_change || any_output_changes(*outputs);
  } else if (type == "version") {
    stream.version = text_of(json, "terraform");
    if (stream.version.empty()) stream.version = text_of(json, "tofu");
    stream.tofu = member(json, "tofu") != nullptr;
    stream.ui = text_of(json, "ui");
  } else if (type == "apply_start" || type == "apply_progress") {
    take_running(json, type == "apply_start", stream);
  } else if (type == "apply_complete" || type == "apply_errored") {
    const Json* hook = member(json, "hook");
    std::string address = hook == nullptr ? std::string() : address_of(*hook, "resource");
    if (address.empty()) return false;
    stream.running.erase(address);
    stream.latest_ms = std::max(stream.latest_ms, time_of(json));
    if (type == "apply_complete") {
      stream.done[std::move(address)] = text_of(*hook, "action");
    } else {
      stream.errored.push_back(std::move(address));
    }
  } else if ((type.starts_with("planned_") || type.starts_with("deferred_")) && stream.unknown_planned.size() < 200) {
    stream.unknown_planned += (stream.unknown_planned.empty() ? "" : ", ") + type;
  }
  return true;
}

struct Tally {
  std::string_view word;
  std::size_t done = 0;
  std::size_t all = 0;
  [[nodiscard]] std::string text() const {
    if (all == 0) return {};
    return std::to_string(done) + " of " + std::to_string(all) + " " + std::string(word);
  }
};

void append(std::string& list, const std::string& entry) {
  if (entry.empty()) return;
  list += (list.empty() ? "" : ", ") + entry;
}

// "aws_instance.app[2] 34s"; "" when nothing has run for a second yet.
std::string longest_running(const PlanStream& stream) {
  std::int64_t most = 0;
  const std::string* address = nullptr;
  for (const auto& [name, change] : stream.running) {
    const std::int64_t by_time = change.since_ms == 0 ? 0 : (stream.latest_ms - change.since_ms) / 1000;
    const std::int64_t elapsed = std::max(change.elapsed_s, by_time);
    if (elapsed <= most) continue;
    most = elapsed;
    address = &name;
  }
  if (address == nullptr) return {};
  return one_line(*address, 120) + " " + format_duration(std::chrono::seconds(most));
}

}  // namespace

const Diagnostic* PlanStream::first_error() const {
  const auto found = std::find_if(diagnostics.begin(), diagnostics.end(), [](const auto& d) { return d.error; });
  return found == diagnostics.end() ? nullptr : &*found;
}

void StreamParser::feed(std::string_view bytes) {
  total_ += bytes.size();
  if (total_ > kMaxStream) {
    stream_.truncated = true;
    return;
  }
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end);
    if (!skipping_ && rest_.size() + piece.size() > kMaxLine) {
      ++stream_.malformed;
      skipping_ = true;
      rest_.clear();
    }
    if (!skipping_) rest_.append(piece);
    if (end == std::string_view::npos) return;
    if (!skipping_) line(rest_);
    rest_.clear();
    skipping_ = false;
    bytes.remove_prefix(end + 1);
  }
}

void StreamParser::finish() {
  stream_.torn = skipping_ || !rest_.empty();
  rest_.clear();
  skipping_ = false;
}

void StreamParser::line(std::string_view text) {
  if (text.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object() || !take(json, text_of(json, "type"), stream_)) ++stream_.malformed;
}

PlanStream parse_stream(std::string_view text) {
  StreamParser parser;
  parser.feed(text);
  parser.finish();
  return parser.stream();
}

std::string progress_text(const PlanStream& stream) {
  Tally created{"created"};
  Tally deleted{"deleted"};
  Tally replaced{"replaced"};
  std::set<std::string> replacing;
  for (const PlannedChange& change : stream.changes) {
    created.all += change.action == "create" ? 1 : 0;
    deleted.all += change.action == "delete" ? 1 : 0;
    if (change.action == "replace") replacing.insert(change.address);
  }
  replaced.all = replacing.size();
  for (const auto& [address, action] : stream.done) {
    // Of a replacement the stream tells a deletion and a creation; done it is when both are.
    const bool replaces = replacing.contains(address);
    if (action == "create") ++(replaces ? replaced : created).done;
    if (action == "delete" && !replaces) ++deleted.done;
  }
  std::string text;
  for (const Tally& tally : {created, deleted, replaced}) append(text, tally.text());
  if (text.empty()) return text;
  if (!stream.errored.empty()) append(text, std::to_string(stream.errored.size()) + " failed");
  append(text, longest_running(stream));
  return text;
}

std::string error_text(const PlanStream& stream) {
  const Diagnostic* error = stream.first_error();
  if (error == nullptr) return {};
  std::string where = error->address;
  if (!error->location.empty()) where += (where.empty() ? "" : ", ") + error->location;
  where = one_line(where, 160);
  std::string text = one_line(error->summary, 330);
  if (!where.empty()) text += " (" + where + ")";
  const auto errors =
      std::count_if(stream.diagnostics.begin(), stream.diagnostics.end(), [](const Diagnostic& d) { return d.error; });
  if (errors > 1) text += " and " + std::to_string(errors - 1) + (errors == 2 ? " more error" : " more errors");
  return text;
}

bool lock_held(const PlanStream& stream) {
  const Diagnostic* error = stream.first_error();
  return error != nullptr && error->summary.find("acquiring the state lock") != std::string::npos;
}

bool init_needed(const PlanStream& stream) {
  constexpr std::string_view kSigns[] = {"nitialization required",
                                         "equired plugins are not installed",
                                         "odule not installed",
                                         "nconsistent dependency lock file",
                                         "odule source has changed",
                                         "odule version requirements have changed",
                                         "ackend initialization required",
                                         "ackend configuration changed"};
  const Diagnostic* error = stream.first_error();
  if (error == nullptr) return false;
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return error->summary.find(sign) != std::string::npos; });
}

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= limit) {
      while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
      if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0x80U) out.pop_back();
      return out + "…";
    }
    const bool blank = static_cast<unsigned char>(c) <= 0x20U || c == 0x7F;
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out.push_back(blank ? ' ' : c);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace stackscaler::terraform
