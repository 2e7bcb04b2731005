// SPDX-License-Identifier: Apache-2.0
//
// Where the API server's verdict on a document may differ from that of `stackscaler validate`, and why. An entry that
// no document needs fails the test, so the list is what there is.
#pragma once

#include <array>

namespace stackscaler::crd {

enum class Accepts { parser, server };  // who alone of the two

struct Difference {
  const char* documents;  // a regular expression over whole names
  Accepts accepts;
  const char* reason;
};

inline constexpr std::array kDifferences{
    Difference{".*: null", Accepts::server, "an API server takes null for absent"},
    Difference{"golden/(all_problems_at_once#2|unterminated_quote#2|valid_advisors#[123])", Accepts::parser,
               "a metric's name is n, without quotes: to YAML 1.1, which API servers and kubectl read, that is false"},
    Difference{"golden/document_without_marker", Accepts::server,
               "an API server reads one document and does not look at what follows it"},
    Difference{"golden/bounds_cross_a_default", Accepts::server,
               "the other bound is a default, which the controller's environment may set"},
    Difference{"everything/spec/schedules/0/start: .*", Accepts::server, "the words of a cron line"},
    Difference{"everything/spec/schedules/0/timeZone: .*", Accepts::server, "names of the tz database"},
    Difference{"everything/spec/advisor/consult/every: .*", Accepts::server,
               "from 1s to 24h: where a word and a mapping are allowed there are no rules below"},
};

}  // namespace stackscaler::crd
