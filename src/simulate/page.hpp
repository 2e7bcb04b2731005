// SPDX-License-Identifier: Apache-2.0
//
// Page: a simulation as one HTML file that needs nothing else: no request leaves it (its own Content-Security-Policy
// forbids that), plots are drawn by a little script of ours from the data in it.
//
// For each policy: its measures, load and capacity, utilization, and each decision with its reason. Long simulations
// are cut into spans, each with its highest load and utilization and its lowest serving count. Every text from outside
// is escaped for the place where it stands. Any thread, one at a time.
#pragma once

#include <string>
#include <vector>

#include "simulate/replay.hpp"

namespace stackscaler::simulate {

class Page {
 public:
  explicit Page(const Load& load);

  // For each policy: begin, every step in order, end.
  void begin(const std::string& policy, const std::string& advisor);
  void step(const Step& step);
  void end(const Measures& measures);
  [[nodiscard]] std::string render() const;

 private:
  struct Span {
    double load = 0;
    double used = 0;
    int serving = 0;
    int total = 0;
  };
  struct Event {
    std::int64_t seconds;
    int from;
    int to;
    std::string reason;
    std::string message;
  };
  struct Run {
    std::string policy;
    std::string advisor;
    std::vector<Span> spans;
    std::vector<Event> events;
    std::size_t ticks = 0;
    std::size_t events_left_out = 0;
    Measures measures;
  };
  [[nodiscard]] std::string data(const Run& run) const;

  Load load_;
  std::size_t ticks_a_span_;
  std::vector<Run> runs_;
};

// A JSON string literal that may stand in a script element: '<', '>', '&' and line separators are escaped, too.
[[nodiscard]] std::string script_string(std::string_view text);
[[nodiscard]] std::string html_text(std::string_view text);

}  // namespace stackscaler::simulate
