// SPDX-License-Identifier: Apache-2.0
#include "terraform/doctor.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "policy/reasons.hpp"
#include "terraform/address.hpp"
#include "terraform/doctor_query.hpp"
#include "terraform/sizing.hpp"
#include "terraform/steps.hpp"

namespace stackscaler::terraform {

namespace asio = boost::asio;
using Json = nlohmann::json;

namespace {

constexpr std::size_t kMaxCountFile = 1U << 20U;

std::string list_of(const std::vector<int>& numbers) {
  std::string text;
  for (const int n : numbers) text += (text.empty() ? "" : ", ") + std::to_string(n);
  return text.empty() ? "none" : text;
}

// For a shell, always in quotes: an id is whatever the provider says.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
    }
  }
  return out + "'";
}

class Doctor {
 public:
  Doctor(Services& services, DoctorRequest request) : services_(services), request_(std::move(request)) {}

  asio::awaitable<Result<DoctorReport>> run() {
    auto target = co_await resolve(services_, request_.stack);
    if (!target) co_return fail(std::move(target).error());
    target_ = std::move(*target);
    report_.id = target_.entry.id;
    const bool tool = co_await check_tool();
    auto look = [this] {
      check_files();
      return true;
    };
    (void)co_await offload(services_.pool, std::move(look));
    co_await check_journal();
    if (!tool) co_return std::move(report_);
    const bool readable = co_await check_state();
    if (readable) co_await check_orphans();
    co_return std::move(report_);
  }

 private:
  void add(const char* name, Health health, std::string message) {
    report_.checks.push_back(Check{name, health, std::move(message)});
  }

  asio::awaitable<bool> check_tool() {
    auto version = co_await services_.tool.version();
    if (!version) {
      add("terraform", Health::problem, version.error().message());
      co_return false;
    }
    const std::string what = services_.tool.binary() + " " + version->text;
    if (version->tested() || services_.options.allow_terraform_version) {
      add("terraform", Health::ok, what);
    } else {
      add("terraform", Health::problem, what + " was never tested: without --allow-terraform-version it only plans");
    }
    co_return true;
  }

  // On the pool; the loop waits meanwhile.
  void check_files() {
    const stack::TerraformRecord& record = *target_.entry.metadata.terraform;
    const auto now = fingerprint(target_.entry.folder);
    if (!now) {
      add("init", Health::problem, now.error().message());
    } else if (*now == record.init_fingerprint) {
      add("init", Health::ok, "the configuration is that of the last init");
    } else {
      add("init", Health::note,
          "the configuration changed since the last init, or a policy gives backend settings, which are not known "
          "here: "
          "the next scaling may run terraform init");
    }
    auto backend = backend_of(target_.entry.folder, target_.workspace);
    if (backend) {
      backend_ = std::move(*backend);
    } else {
      add("backend", Health::problem, backend.error().message());
    }
    if (by_template(target_)) return;  // main.tf is looked at when the count is known
    auto text = read_file(target_.entry.folder / kCountFile, kMaxCountFile);
    if (text) {
      const Json json = Json::parse(*text, nullptr, false);
      const auto value = json.is_object() ? json.find(target_.variable) : json.end();
      if (json.is_object() && value != json.end() && value->is_number_integer()) file_count_ = value->get<int>();
      if (!file_count_) file_problem_ = std::string(kCountFile) + " holds no whole number " + target_.variable;
    } else if (text.error().kind() != ErrorKind::not_found) {
      file_problem_ = text.error().message();
    }
    for (const std::string& file : overriding_files(target_.entry.folder, target_.variable)) {
      file_problem_ = file + " is loaded after " + kCountFile + " and names " + target_.variable;
    }
  }

  asio::awaitable<void> check_journal() {
    auto open = co_await services_.journal.unfinished_operations();
    if (!open) {
      add("journal", Health::problem, open.error().message());
      co_return;
    }
    bool found = false;
    for (const ports::OperationRecord& record : *open) {
      if (record.stack != report_.id) continue;
      found = true;
      add("journal", Health::problem,
          "operation " + record.id + " (" + std::to_string(record.from) + " -> " + std::to_string(record.to) + ", " +
              std::string(ports::to_string(record.phase)) + " since " + format_rfc3339(record.started) +
              ") is open: it runs now, or the next `stackscaler run` brings it to its end");
    }
    if (!found) add("journal", Health::ok, "no operation is open");
  }

  asio::awaitable<bool> check_state() {
    std::vector<std::string> arguments{"state", "pull"};
    RunSpec spec = run_spec(services_, target_, std::move(arguments), services_.options.pull_deadline);
    auto pulled = co_await services_.tool.run(std::move(spec));
    if (!pulled || !pulled->exit.success()) {
      add("state", Health::problem,
          "terraform state pull failed: " + (pulled ? stderr_text(pulled->err) : pulled.error().message()));
      co_return false;
    }
    auto parse = [this, text = std::move(pulled->out)] {
      known_ = known_ids(text, target_.resource);
      return parse_state(text);
    };
    auto state = co_await offload(services_.pool, std::move(parse));
    if (!state) {
      add("state", Health::problem, state.error().message());
      co_return false;
    }
    auto expected = check_known(target_, backend_, *state);
    if (!expected) {
      add("state", Health::problem, expected.error().message());
      co_return false;
    }
    add("state", Health::ok, backend_.kind + " backend, serial " + std::to_string(state->serial));
    check_indexes(*state);
    check_counts();
    co_return true;
  }

  void check_indexes(const State& state) {
    indexes_ = state.indexes(target_.resource);
    const bool holes = !indexes_.empty() && indexes_.back() + 1 != static_cast<int>(indexes_.size());
    const std::vector<int> tainted = state.tainted(target_.resource);
    if (holes) {
      add("indexes", Health::problem,
          target_.resource + " has the indexes " + list_of(indexes_) +
              ": those missing below the highest are created "
              "by the next scaling up");
    } else if (!tainted.empty()) {
      add("indexes", Health::problem, target_.resource + " is tainted at " + list_of(tainted));
    } else {
      add("indexes", Health::ok, plural(static_cast<int>(indexes_.size()), "instance") + " of " + target_.resource);
    }
    for (const std::string& dependent : target_.dependents) {
      if (state.indexes(dependent) == indexes_) continue;
      add("dependents", Health::problem,
          dependent + " has the indexes " + list_of(state.indexes(dependent)) + " and " + target_.resource + " has " +
              list_of(indexes_));
    }
  }

  void check_counts() {
    const int count = static_cast<int>(indexes_.size());
    const std::string holds = ", and the state holds " + std::to_string(count);
    const auto& last = target_.entry.metadata.instance_count;
    if (!last || *last == count) {
      add("metadata", Health::ok, "agrees with the state");
    } else {
      add("metadata", Health::problem,
          "the last known count is " + std::to_string(*last) + holds + ": somebody else changed it");
    }
    if (by_template(target_)) {
      auto rendered = check_main(target_, {count});
      add("main.tf", rendered ? Health::ok : Health::problem,
          rendered ? "is what the template renders for the state's count" : rendered.error().message());
    } else if (!file_problem_.empty()) {
      add("variables", Health::problem, file_problem_);
    } else if (!file_count_) {
      add("variables", Health::ok, std::string("there is no ") + kCountFile);
    } else if (*file_count_ == count) {
      add("variables", Health::ok, std::string(kCountFile) + " agrees with the state");
    } else {
      add("variables", Health::problem,
          std::string(kCountFile) + " says " + std::to_string(*file_count_) + holds +
              ": a terraform that is run by hand would change the count");
    }
  }

  asio::awaitable<void> check_orphans() {
    auto find = [this] { return find_query(target_, request_.query); };
    auto query = co_await offload(services_.pool, std::move(find));
    if (!query) {
      const bool none = query.error().kind() == ErrorKind::not_found && request_.query.empty();
      add("orphans", none ? Health::note : Health::problem, query.error().message());
      co_return;
    }
    auto found = co_await ask(services_, target_, std::move(*query));
    if (!found) {
      add("orphans", Health::problem, "not looked for: " + found.error().message());
      co_return;
    }
    for (const std::string& id : *found) {
      if (!known_.all.contains(id)) add_orphan(id);
    }
    if (report_.orphans.empty()) {
      add("orphans", Health::ok, plural(static_cast<int>(found->size()), "instance") + " found, all in the state");
    } else {
      add("orphans", Health::problem,
          plural(static_cast<int>(report_.orphans.size()), "instance") +
              " not in the state: import them, or remove them");
    }
    std::string gone;
    for (const std::string& id : known_.counted) {
      if (!found->contains(id)) gone += (gone.empty() ? "" : ", ") + id;
    }
    if (!gone.empty()) add("gone", Health::problem, "in the state, but not found: " + one_line(gone, 400));
  }

  void add_orphan(const std::string& id) {
    // Where it would fit: the lowest index that is free.
    int index = 0;
    while (std::binary_search(indexes_.begin(), indexes_.end(), index)) ++index;
    indexes_.insert(std::lower_bound(indexes_.begin(), indexes_.end(), index), index);
    Orphan orphan;
    orphan.id = id;
    // A stack that a template sizes has no such variable.
    const std::string sized =
        by_template(target_) ? "" : "-var " + quoted(target_.variable + "=" + std::to_string(indexes_.size())) + " ";
    orphan.import_command = "terraform -chdir=" + quoted(target_.entry.folder.string()) + " import " + sized +
                            quoted(known_.before + std::to_string(index) + known_.after) + " " + quoted(id);
    const auto address = parse_address(target_.resource);
    if (address && address->type == "aws_instance") {
      orphan.remove_command = "aws ec2 terminate-instances --instance-ids " + quoted(id);
    }
    report_.orphans.push_back(std::move(orphan));
  }

  Services& services_;
  DoctorRequest request_;
  Target target_;
  Backend backend_;
  KnownIds known_;
  std::vector<int> indexes_;
  std::optional<int> file_count_;
  std::string file_problem_;
  DoctorReport report_;
};

}  // namespace

std::string_view to_string(Health health) {
  switch (health) {
    case Health::ok: return "ok";
    case Health::note: return "note";
    case Health::problem: return "problem";
  }
  return "?";
}

bool DoctorReport::sound() const {
  return std::none_of(checks.begin(), checks.end(), [](const Check& c) { return c.health == Health::problem; });
}

asio::awaitable<Result<DoctorReport>> examine_stack(Services& services, DoctorRequest request) {
  Doctor doctor(services, std::move(request));
  co_return co_await doctor.run();
}

}  // namespace stackscaler::terraform
