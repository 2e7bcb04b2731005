// SPDX-License-Identifier: Apache-2.0
#include "cluster/secret_files.hpp"

#include <functional>
#include <utility>

#include "base/digest.hpp"
#include "base/files.hpp"
#include "policy/reasons.hpp"

namespace stackscaler::cluster {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

// Each secret that the policy names and the field that is to hold its file.
void each_reference(policy::ScalingPolicy& policy,
                    const std::function<void(const policy::SecretRef& ref, std::string& file)>& visit) {
  policy::Spec& spec = policy.spec;
  const auto look = [&](const policy::SecretRef& ref, std::string& file) {
    if (!ref.empty()) visit(ref, file);
  };
  for (policy::EnvVariable& variable : spec.stack.env) look(variable.secret, variable.file);
  for (policy::Metric& metric : spec.metrics) {
    if (!metric.source) continue;
    look(metric.source->bearer_secret, metric.source->bearer_file);
    look(metric.source->basic_password_secret, metric.source->basic_password_file);
  }
  look(spec.advisor.key_secret, spec.advisor.key_file);
}

Result<void> write_secret(const fs::path& file, const Secret& value) {
  std::error_code ec;
  fs::create_directories(file.parent_path(), ec);
  if (ec) return fail(ErrorKind::unavailable, "cannot create " + file.parent_path().string() + ": " + ec.message());
  for (const fs::path& folder : {file.parent_path().parent_path(), file.parent_path()}) {
    fs::permissions(folder, fs::perms::owner_all, ec);
  }
  return write_file_atomic(file, value.reveal(), 0600);
}

}  // namespace

SecretFiles::SecretFiles(kube::Client& client, BlockingPool& pool, Logger& logger, fs::path folder)
    : client_(client), pool_(pool), logger_(logger), folder_(std::move(folder)) {
  std::error_code ec;
  fs::remove_all(folder_, ec);
  fs::create_directories(folder_, ec);
  fs::permissions(folder_, fs::perms::owner_all, ec);
}

bool SecretFiles::needed(const policy::ScalingPolicy& policy) {
  policy::ScalingPolicy copy = policy;
  bool any = false;
  each_reference(copy, [&](const policy::SecretRef&, std::string&) { any = true; });
  return any;
}

fs::path SecretFiles::file_of(const Id& id) const {
  return folder_ / id.namespace_ / id.name / id.key;
}

asio::awaitable<Result<void>> SecretFiles::place(policy::ScalingPolicy& policy) {
  std::set<Id> named;
  each_reference(policy, [&](const policy::SecretRef& ref, std::string& file) {
    Id id{policy.key.namespace_, ref.name, ref.key};
    file = file_of(id).string();
    named.insert(std::move(id));
  });
  used_[policy.key] = named;
  drop_unused();
  for (const Id& id : named) {
    Id copy = id;
    auto fetched = co_await fetch(std::move(copy));
    if (!fetched) co_return fail(std::move(fetched).error());
  }
  co_return Result<void>{};
}

asio::awaitable<Result<void>> SecretFiles::fetch(Id id) {
  kube::SecretKey which{id.namespace_, id.name, id.key};
  auto value = co_await kube::read_secret_key(client_, std::move(which));
  if (!value) {
    if (value.error().kind() == ErrorKind::cancelled) co_return fail(std::move(value).error());
    co_return fail(value.error().kind(), policy::reason::kSecretUnavailable,
                   "Secret " + id.namespace_ + "/" + id.name + ", key " + id.key + ": " + value.error().message());
  }
  std::string digest = sha256_hex(value->reveal());
  const auto known = held_.find(id);
  if (known != held_.end() && known->second == digest) co_return Result<void>{};
  auto work = [file = file_of(id), secret = std::move(*value)] { return write_secret(file, secret); };
  auto written = co_await offload(pool_, std::move(work));
  if (!written) co_return fail(std::move(written).error());
  held_[id] = std::move(digest);
  co_return Result<void>{};
}

asio::awaitable<void> SecretFiles::refresh() {
  std::vector<Id> all;
  all.reserve(held_.size());
  for (const auto& [id, digest] : held_) all.push_back(id);
  for (const Id& id : all) {
    if (!held_.contains(id)) continue;  // forgotten meanwhile
    Id copy = id;
    auto fetched = co_await fetch(std::move(copy));
    if (fetched) {
      troubled_.erase(id);
    } else if (fetched.error().kind() == ErrorKind::cancelled) {
      co_return;
    } else if (troubled_.insert(id).second) {
      logger_.warn("a secret can't be read again; what it was is used", kv("err", fetched.error().message()));
    }
  }
  drop_unused();
}

void SecretFiles::forget(const policy::PolicyKey& key) {
  used_.erase(key);
  drop_unused();
}

void SecretFiles::drop_unused() {
  std::set<Id> wanted;
  for (const auto& [key, ids] : used_) wanted.insert(ids.begin(), ids.end());
  std::erase_if(held_, [&](const auto& entry) {
    if (wanted.contains(entry.first)) return false;
    std::error_code ec;
    fs::remove(file_of(entry.first), ec);
    troubled_.erase(entry.first);
    return true;
  });
}

}  // namespace stackscaler::cluster
