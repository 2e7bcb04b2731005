// SPDX-License-Identifier: Apache-2.0
//
// Doctor: a look at one stack for what is wrong with it, and for orphans: instances that carry the stack's mark and are
// not in its state, as a terraform that was killed while it created them leaves behind.
//
// It changes nothing, neither the stack's files nor the cloud: the orphans come from a plan, never applied, of a
// configuration of data sources in a folder of its own (terraform/doctor_query.hpp). What it finds is told with the
// commands that would put it right; running them is for a person.
// Errors: only when there is no such stack; all else is a line of the report. Threads: the loop's.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "policy/types.hpp"

namespace stackscaler::terraform {

struct Services;

struct DoctorRequest {
  policy::StackRef stack;
  std::filesystem::path query;  // a configuration with the output `instances`; empty: see find_query()
};

enum class Health { ok, note, problem };  // note: nothing to do, or not looked at; the message says which
[[nodiscard]] std::string_view to_string(Health health);

struct Check {
  std::string name;
  Health health = Health::ok;
  std::string message;
};

struct Orphan {
  std::string id;
  std::string import_command;  // for a shell
  std::string remove_command;  // "": not known for this type
};

struct DoctorReport {
  std::string id;
  std::vector<Check> checks;
  std::vector<Orphan> orphans;
  [[nodiscard]] bool sound() const;  // no problem among the checks
};

// Copies what it needs before its first suspension; `services` must outlive it.
[[nodiscard]] boost::asio::awaitable<Result<DoctorReport>> examine_stack(Services& services, DoctorRequest request);

}  // namespace stackscaler::terraform
