// SPDX-License-Identifier: Apache-2.0
#include "terraform/failure.hpp"

#include "policy/reasons.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace reason = policy::reason;

namespace {

std::string what_it_said(const PlanStream& stream, const std::string& err, Fault fault) {
  std::string text = error_text(stream);
  if (text.empty()) text = stderr_text(err);
  if (text.empty()) text = "it ended without saying why";
  if (fault == Fault::provider_crash) {
    if (const std::string crash = crash_text(err); !crash.empty()) text += "; the plugin's last words: " + crash;
  }
  return text;
}

}  // namespace

FailedCall failed_call(const Services& services, const Target& target, std::string_view call, std::string_view reason) {
  FailedCall failed;
  failed.who = "stack " + target.entry.id + ": ";
  failed.call = call;
  failed.reason = reason;
  failed.folder = target.entry.folder;
  failed.now = services.clock.wall_now();
  return failed;
}

std::optional<StateLock> lock_in(const RunResult& result, const PlanStream& stream) {
  for (const Diagnostic& diagnostic : stream.diagnostics) {
    if (!diagnostic.error) continue;
    if (auto lock = parse_lock(diagnostic.detail)) return lock;
  }
  return parse_lock(without_frames(result.err));
}

std::string crash_text(const std::string& err) {
  constexpr std::size_t kMost = 300;
  for (const std::string_view sign : {"panic:", "fatal error:", "Stack trace from the terraform-provider"}) {
    const std::size_t at = err.find(sign);
    if (at != std::string::npos) return one_line(std::string_view(err).substr(at), kMost);
  }
  return {};
}

ApplyEnd apply_end(const Followed& followed, const std::string& err, WallTime now) {
  ApplyEnd end;
  if (followed.exit.signal != 0) {
    end.reason = reason::kApplyInterrupted;
    end.text = "terraform was killed by signal " + std::to_string(followed.exit.signal);
    return end;
  }
  const Fault fault = classify(followed.stream, err);
  end.kind = kind_of(fault);
  end.reason = reason_of(fault, reason::kApplyFailed);
  end.text = what_it_said(followed.stream, err, fault);
  if (fault != Fault::lock) return end;
  RunResult result;
  result.err = err;
  if (const auto lock = lock_in(result, followed.stream)) {
    end.text = "the Terraform state lock is " + describe(*lock, now);
  }
  return end;
}

Error call_error(const FailedCall& failed, const RunResult& result, const PlanStream& stream) {
  const std::string call = failed.who + std::string(failed.call);
  if (result.timed_out) {
    return Error(ErrorKind::timeout, failed.reason,
                 call + " took longer than " + format_duration(failed.deadline) + " and was interrupted");
  }
  if (result.flooded) {
    return Error(ErrorKind::unavailable, failed.reason,
                 call + " printed more than can be taken in and was interrupted");
  }
  const Fault fault = classify(stream, result.err);
  const ErrorKind kind = kind_of(fault);
  const std::string_view why = reason_of(fault, failed.reason);
  if (fault == Fault::lock) {
    return Error(kind, why, failed.who + lock_sentence(lock_in(result, stream), failed.now, failed.folder));
  }
  std::string text = call + " failed: ";
  const bool silent = stream.first_error() == nullptr && result.err.empty();
  text += result.exit.signal != 0 && silent ? "it was killed by signal " + std::to_string(result.exit.signal)
                                            : what_it_said(stream, result.err, fault);
  if (fault == Fault::init_needed) text += "; run: terraform -chdir=" + failed.folder.string() + " init";
  return Error(kind, why, std::move(text));
}

}  // namespace stackscaler::terraform
