// SPDX-License-Identifier: Apache-2.0
//
// Where the API server's verdict on a document may differ from that of `stackscaler validate`, and why. An entry that
// no document needs fails the test, so the list is what there is.
#pragma once

#include <array>

namespace stackscaler::crd {

enum class Accepts { file, cluster };  // who alone of the two

struct Difference {
  const char* documents;  // a regular expression over whole names
  Accepts accepts;
  const char* reason;
};

inline constexpr std::array kDifferences{
    Difference{".*: null", Accepts::cluster, "an API server takes null for absent"},
    Difference{"golden/(all_problems_at_once#2|unterminated_quote#2|valid_advisors#[123])", Accepts::file,
               "a metric's name is n, without quotes: to YAML 1.1, which API servers and kubectl read, that is false"},
    Difference{"golden/document_without_marker", Accepts::cluster,
               "an API server reads one document and does not look at what follows it"},
    Difference{"golden/valid_everything", Accepts::file,
               "a status with fields that are not of the schema: files are not asked for their status"},
    Difference{"golden/bounds_cross_a_default", Accepts::cluster,
               "the other bound is a default, which the controller's environment may set"},
    Difference{"everything/spec/schedules/0/start: .*", Accepts::cluster, "the words of a cron line"},
    Difference{"everything/spec/schedules/0/timeZone: .*", Accepts::cluster, "names of the tz database"},
    Difference{"everything/spec/advisor/consult/every: .*", Accepts::cluster,
               "from 1s to 24h: where a word and a mapping are allowed there are no rules below"},
    Difference{"cluster.*", Accepts::cluster, "secrets of a cluster and coverage, which policy files do not know yet"},
};

}  // namespace stackscaler::crd
