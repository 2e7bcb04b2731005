// SPDX-License-Identifier: Apache-2.0
#include "terraform/deploy.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "stack/template.hpp"
#include "terraform/adopt.hpp"
#include "terraform/apply.hpp"
#include "terraform/converge.hpp"
#include "terraform/failure.hpp"
#include "terraform/sizing.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace reason = policy::reason;

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMaxPlanFile = 512U << 20U;

std::string list_of(const std::vector<std::string>& lines) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kNamed; ++i) text += (i == 0 ? "" : "; ") + one_line(lines[i], 200);
  if (lines.size() > kNamed) text += "; and " + std::to_string(lines.size() - kNamed) + " more";
  return text;
}

Result<void> make_home(const fs::path& home, const std::string& id) {
  std::error_code ec;
  fs::create_directories(home.parent_path(), ec);
  if (!fs::create_directory(home, ec)) {
    if (ec) return fail(ErrorKind::unavailable, "cannot create " + home.string() + ": " + ec.message());
    return fail(ErrorKind::conflict, reason::kStackExists,
                fs::exists(home / "deploy_metadata.json", ec)
                    ? "stack " + id + " is there already; look at it with: stackscaler stack show " + id
                    : "the folder " + home.string() +
                          " is there already, maybe of a deploy that was cut short before its apply; if nothing in "
                          "it is needed (look for a terraform.tfstate), remove it and repeat");
  }
  fs::permissions(home, fs::perms::owner_all, ec);
  return {};
}

// main.tf, and the template where that sizes the stack; and the new stack's lock.
Result<Descriptor> fill_home(const fs::path& home, const std::string& text, bool uses, const std::string& source) {
  auto written = write_file_atomic(home / "main.tf", text, 0600);
  if (!written) return fail(std::move(written).error());
  auto declared = declares_variable(home, kCountName);
  if (!declared) return fail(std::move(declared).error());
  if (!*declared && !uses) {
    return fail(ErrorKind::invalid_input,
                "the template declares no variable \"instance_count\" and doesn't use {{ instance_count }}; use one "
                "of them as the resource's count (count = {{ instance_count }})");
  }
  if (*declared && uses) {
    return fail(ErrorKind::invalid_input,
                "the template declares the variable \"instance_count\" and uses {{ instance_count }}, so it isn't "
                "clear which of them sizes the stack; keep one");
  }
  if (uses) {
    auto kept = write_file_atomic(home / kTemplateCopy, source, 0600);
    if (!kept) return fail(std::move(kept).error());
  }
  return lock_stack(home);
}

}  // namespace

Deploy::Deploy(Services& services, const ports::WritePermit* permit, DeployRequest request, ports::ProgressSink sink)
    : s_(services), permit_(permit), request_(std::move(request)), sink_(std::move(sink)) {}

Deploy::~Deploy() {
  if (claimed_) s_.busy.erase(request_.id);
  std::error_code ignored;
  if (made_ && !applied_) fs::remove_all(target_.entry.home, ignored);
  if (!folder_) return;
  fs::remove(folder_->plan_file(), ignored);
  fs::remove(folder_->count_file(), ignored);
}

asio::awaitable<Result<DeployReport>> Deploy::run() {
  if (auto open = go_ahead(); !open) co_return fail(std::move(open).error());
  auto rendered = render();
  if (!rendered) co_return fail(std::move(rendered).error());
  auto claimed = co_await claim();
  if (!claimed) co_return fail(std::move(claimed).error());
  auto prepared = co_await prepare();
  if (!prepared) co_return fail(std::move(prepared).error());
  co_return co_await look_or_apply();
}

Result<void> Deploy::go_ahead() const {
  if (s_.stopping) return fail(ErrorKind::cancelled, reason::kStopping, "the program is stopping");
  if (permit_ != nullptr) return permit_->check();
  return {};
}

Result<void> Deploy::render() {
  if (!stack::valid_stack_id(request_.id)) {
    return fail(ErrorKind::invalid_input, "'" + request_.id +
                                              "' can't be the id of a stack: use letters, digits, '.', '_' and '-', "
                                              "starting with a letter or a digit");
  }
  Json context = Json::parse(request_.context, nullptr, false);
  if (!context.is_object()) return fail(ErrorKind::invalid_input, "the context is no JSON object");
  const auto given = context.find(kCountName);
  if (!request_.instances && given != context.end() && given->is_number_integer()) {
    const auto count = given->get<std::int64_t>();
    if (count >= 1 && count <= policy::kMaxInstances) request_.instances = static_cast<int>(count);
  }
  if (!request_.instances || *request_.instances < 1) {
    return fail(ErrorKind::invalid_input,
                "how many instances? Use --instances N, or instance_count in the context; at least 1");
  }
  context[kCountName] = *request_.instances;
  auto rendered = stack::render_template(request_.template_name, request_.template_text, context.dump());
  if (!rendered) return fail(std::move(rendered).error());
  main_tf_ = std::move(rendered->text);
  const auto& unused = rendered->unused;
  uses_count_ = std::find(unused.begin(), unused.end(), kCountName) == unused.end();
  for (const std::string& name : unused) {
    if (name != kCountName) report_.warnings.push_back("the template doesn't use '" + name + "' of the context");
  }
  Json metadata;
  metadata["template"] = request_.template_name;
  metadata["context"] = std::move(context);
  metadata_ = metadata.dump(2);
  return {};
}

asio::awaitable<Result<void>> Deploy::claim() {
  target_.entry.id = request_.id;
  target_.entry.home = s_.registry.home_of(request_.id);
  target_.variable = kCountName;
  target_.workspace = "default";
  target_.redactor = redactor_for(target_.environment, target_.ref.backend_config, s_.tool.own());
  if (!s_.busy.insert(request_.id).second) {
    co_return fail(ErrorKind::conflict, reason::kStackBusy, "stack " + request_.id + " is being changed already");
  }
  claimed_ = true;
  auto make = [home = target_.entry.home, id = request_.id] { return make_home(home, id); };
  auto made = co_await offload(s_.pool, std::move(make));
  if (!made) co_return made;
  made_ = true;
  if (uses_count_) target_.template_file = target_.entry.home / kTemplateCopy;
  auto fill = [home = target_.entry.home, text = main_tf_, uses = uses_count_, source = request_.template_text] {
    return fill_home(home, text, uses, source);
  };
  auto lock = co_await offload(s_.pool, std::move(fill));
  if (!lock) co_return fail(std::move(lock).error());
  lock_ = std::move(*lock);
  auto canonical = [home = target_.entry.home] {
    std::error_code ec;
    return fs::canonical(home, ec);
  };
  target_.entry.folder = co_await offload(s_.pool, std::move(canonical));
  target_.entry.metadata.terraform.emplace();
  auto slot = co_await s_.admission->enter(Admission::Told());
  if (!slot) co_return fail(std::move(slot).error());
  slot_ = std::move(*slot);
  co_return go_ahead();
}

asio::awaitable<Result<void>> Deploy::prepare() {
  auto version = co_await s_.tool.version();
  if (!version) co_return fail(std::move(version).error());
  if (permit_ != nullptr && !version->tested() && !s_.options.allow_terraform_version) {
    co_return fail(ErrorKind::invalid_input, reason::kTerraformVersion,
                   s_.tool.binary() + " " + version->text +
                       " was not tested: it is used for plans only, until --allow-terraform-version");
  }
  record_.id = s_.random.id();
  record_.stack = request_.id;
  record_.folder = target_.entry.folder.string();
  record_.workspace = target_.workspace;
  record_.requested_by = "stack deploy";
  record_.to = *request_.instances;
  record_.reason = reason::kManual;
  record_.message = "deployed from " + request_.template_name;
  record_.started = s_.clock.wall_now();
  folder_.emplace(s_.options.data, record_.id);
  record_.stream = folder_->apply_stream().string();
  auto make = [folder = *folder_, keep = s_.options.keep_operations, to = record_.to]() -> Result<void> {
    auto created = folder.create(keep);
    if (!created) return created;
    return folder.write_count(kCountName, to);
  };
  co_return co_await offload(s_.pool, std::move(make));
}

asio::awaitable<Result<void>> Deploy::check_empty() {
  std::vector<std::string> arguments{"state", "pull"};
  RunSpec spec = run_spec(s_, target_, std::move(arguments), s_.options.pull_deadline);
  auto result = co_await s_.tool.run(std::move(spec));
  if (!result) co_return fail(std::move(result).error());
  if (!result->exit.success() || result->flooded) {
    FailedCall failed = failed_call(s_, target_, "terraform state pull", reason::kStateUnreadable);
    failed.deadline = s_.options.pull_deadline;
    const PlanStream nothing;
    co_return fail(call_error(failed, *result, nothing));
  }
  if (result->out.find_first_not_of(" \r\n\t") == std::string::npos) co_return Result<void>{};
  auto parse = [text = std::move(result->out)] { return parse_state(text); };
  auto state = co_await offload(s_.pool, std::move(parse));
  const bool nothing = state ? state->resources == 0 : state.error().reason() == reason::kStateChanged;
  if (nothing) co_return Result<void>{};
  co_return fail(ErrorKind::conflict, reason::kStackExists,
                 "stack " + request_.id +
                     ": the template's backend holds a state already, and deploy creates only; if that stack is meant, "
                     "take it in from its own folder with: stackscaler stack adopt");
}

asio::awaitable<Result<void>> Deploy::plan() {
  tell("Planning");
  auto initialised = co_await ensure_init(s_, target_);
  if (!initialised) co_return initialised;
  auto empty = co_await check_empty();
  if (!empty) co_return empty;
  PlanSpec spec;
  spec.operation = record_.id;
  if (!by_template(target_)) spec.count_file = folder_->count_file();
  if (permit_ != nullptr) spec.plan_file = folder_->plan_file();
  spec.stream_file = folder_->plan_stream();
  auto stream = co_await make_plan(s_, target_, std::move(spec));
  if (!stream) co_return fail(std::move(stream).error());
  const std::vector<std::string> more = beyond_creation(*stream);
  if (!more.empty()) {
    co_return fail(
        ErrorKind::invalid_input, reason::kPlanRefused,
        "stack " + request_.id + ": the plan is not one that only creates, so nothing was changed: " + list_of(more));
  }
  report_.summary = creation_summary(*stream);
  co_return Result<void>{};
}

asio::awaitable<Result<DeployReport>> Deploy::look_or_apply() {
  if (permit_ != nullptr) {
    auto written = co_await journal();
    if (!written) co_return fail(std::move(written).error());
  }
  auto planned = co_await plan();
  if (planned && permit_ != nullptr) planned = co_await commit_to_apply();
  if (!planned) {
    Error error = std::move(planned).error();
    record_.count_after = 0;
    if (permit_ != nullptr) co_await close(ports::Phase::abandoned, error.reason(), error.message());
    co_return fail(std::move(error));
  }
  report_.id = request_.id;
  report_.folder = target_.entry.folder;
  report_.count = record_.to;
  if (permit_ == nullptr) co_return report_;
  co_return co_await apply();
}

asio::awaitable<Result<void>> Deploy::commit_to_apply() {
  auto hash = [file = folder_->plan_file()]() -> Result<std::string> {
    auto bytes = read_file(file, kMaxPlanFile);
    if (!bytes) return fail(std::move(bytes).error());
    return sha256_hex(*bytes);
  };
  auto digest = co_await offload(s_.pool, std::move(hash));
  if (!digest) co_return fail(std::move(digest).error());
  record_.plan_digest = std::move(*digest);
  record_.plan_summary = report_.summary;
  record_.phase = ports::Phase::planned;
  auto written = co_await journal();
  if (!written) co_return written;
  if (!by_template(target_)) {
    auto put = co_await put_user_count(s_, target_, record_.to, IfMissing::create);
    if (!put) co_return put;
  }
  // Before the apply: from then on the stack is in the registry, whatever becomes of this program.
  auto save = [&registry = s_.registry, id = request_.id, text = metadata_, now = format_rfc3339(s_.clock.wall_now()),
               why = record_.message, by_template = by_template(target_)]() -> Result<void> {
    auto metadata = stack::parse_metadata(text);
    if (!metadata) return fail(std::move(metadata).error());
    metadata->last_scaled_at = now;
    metadata->last_scale_reason = why;
    if (by_template) metadata->terraform.emplace().template_file = kTemplateCopy;
    stack::StackEntry entry;
    entry.id = id;
    entry.home = registry.home_of(id);
    entry.folder = entry.home;
    entry.metadata = std::move(*metadata);
    return registry.save(entry);
  };
  auto saved = co_await offload(s_.pool, std::move(save));
  if (!saved) co_return saved;
  co_return go_ahead();
}

asio::awaitable<Result<DeployReport>> Deploy::apply() {
  auto started = co_await start_apply(s_, target_, *folder_, record_.id, lock_.get());
  if (!started) {
    Error error = std::move(started).error();
    record_.count_after = 0;
    co_await close(ports::Phase::abandoned, std::string(reason::kApplyFailed), error.message());
    co_return fail(std::move(error));
  }
  applied_ = true;
  ChildProcess child = std::move(*started);
  s_.applies.push_back(&child);
  record_.phase = ports::Phase::applying;
  record_.pid = child.id().pid;
  record_.pid_start = child.id().start;
  record_.boot_id = child.id().boot_id;
  auto written = co_await journal();
  if (!written)
    s_.log.error("the journal lacks the pid of an apply", kv("operation", record_.id), kv("pid", record_.pid));
  tell("Applying");
  ports::OperationProgress progress;
  progress.id = record_.id;
  progress.phase = "Applying";
  progress.to = record_.to;
  progress.since = record_.started;
  Followed followed = co_await follow(s_, child, folder_->apply_stream(), std::move(progress), sink_);
  std::erase(s_.applies, &child);
  target_.redactor.apply(followed.stream);
  co_return co_await take_in(std::move(followed));
}

asio::awaitable<Result<DeployReport>> Deploy::take_in(Followed followed) {
  const std::string folder = target_.entry.folder.string();
  if (!followed.exit.success()) {
    auto read = [file = folder_->apply_errors()] { return read_file(file, 1U << 20U); };
    auto err = co_await offload(s_.pool, std::move(read));
    ApplyEnd end = apply_end(followed, err ? target_.redactor(*err) : std::string(), s_.clock.wall_now());
    const std::string orphans = orphans_text(followed.stream, request_.id);
    if (!orphans.empty()) end.reason = reason::kPossibleOrphans;
    const std::string outcome = "terraform apply failed: " + end.text + "; what it has created is in the state of " +
                                folder + orphans + ". Finish it with: terraform -chdir=" + folder +
                                " apply, then: stackscaler stack adopt " + folder + " --id " + request_.id +
                                "; or give it up with: terraform -chdir=" + folder + " destroy, and remove the folder";
    co_await close(ports::Phase::failed, std::string(end.reason), outcome);
    co_return fail(end.kind, end.reason, "stack " + request_.id + ": " + outcome);
  }
  tell("Verifying");
  lock_ = Descriptor();  // adopting takes it itself
  AdoptRequest request;
  request.folder = target_.entry.folder;
  request.id = request_.id;
  request.resource = request_.resource;
  auto adopted = co_await adopt_stack(s_, std::move(request));
  if (!adopted) {
    const std::string outcome = "it was applied, but not taken in: " + adopted.error().message() +
                                ". Take it in with: stackscaler stack adopt " + folder + " --id " + request_.id;
    const std::string code = adopted.error().reason();
    co_await close(ports::Phase::failed, code, outcome);
    co_return fail(ErrorKind::unavailable, code, "stack " + request_.id + ": " + outcome);
  }
  record_.count_after = adopted->count;
  report_.count = adopted->count;
  report_.resource = adopted->resource;
  report_.deployed = true;
  for (std::string& warning : adopted->warnings) report_.warnings.push_back(std::move(warning));
  if (adopted->count != record_.to) {
    report_.warnings.push_back("the state holds " + std::to_string(adopted->count) + " of " + adopted->resource +
                               " and " + std::to_string(record_.to) + " were asked for");
  }
  co_await close(ports::Phase::succeeded, record_.reason, "the state holds " + std::to_string(adopted->count));
  co_return report_;
}

asio::awaitable<Result<void>> Deploy::journal() {
  ports::OperationRecord copy = record_;
  auto written = co_await s_.journal.put_operation(std::move(copy));
  if (written) co_return written;
  co_return fail(ErrorKind::unavailable, reason::kJournalUnavailable,
                 "nothing is changed without a journal: " + written.error().message());
}

asio::awaitable<void> Deploy::close(ports::Phase phase, std::string reason, std::string outcome) {
  record_.phase = phase;
  record_.ended = s_.clock.wall_now();
  record_.outcome_reason = std::move(reason);
  record_.outcome = std::move(outcome);
  auto written = co_await journal();
  if (!written) s_.log.error("the journal was not closed; the next start does it", kv("operation", record_.id));
}

void Deploy::tell(std::string phase) {
  if (!sink_) return;
  ports::OperationProgress progress;
  progress.id = record_.id;
  progress.phase = std::move(phase);
  progress.to = record_.to;
  progress.since = record_.started;
  sink_(progress);
}

}  // namespace stackscaler::terraform
