// SPDX-License-Identifier: Apache-2.0
#include "simulate/page.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "simulate/page_parts.hpp"

namespace stackscaler::simulate {
namespace {

constexpr std::size_t kSpans = 12'000;
constexpr std::size_t kEvents = 20'000;
constexpr std::size_t kLongestMessage = 300;

std::int64_t seconds(WallTime time) {
  return time.time_since_epoch() / std::chrono::seconds(1);
}

// "[1,2.5,…]"
template <class Values, class Field>
std::string array(const Values& values, Field field) {
  std::string out = "[";
  for (const auto& value : values) {
    if (out.size() > 1) out += ',';
    out += field(value);
  }
  return out + "]";
}

std::string measures_row(const std::string& policy, const std::string& advisor, const Measures& m) {
  std::string out = fmt::format("<tr><td>{}</td><td>{}</td>", html_text(policy), html_text(advisor));
  for (const double value : {m.instance_hours, m.minutes_above_80, m.minutes_above_90}) {
    out += fmt::format("<td>{:.0f}</td>", value);
  }
  out += fmt::format("<td>{}</td><td>{}</td>", m.actions, m.flaps);
  for (const double value : {m.theta_u, m.theta_o, m.tau_u, m.tau_o, m.upsilon, m.lost_load}) {
    out += fmt::format("<td>{:.2f}</td>", value);
  }
  if (m.cost > 0) out += fmt::format("<td>{:.2f}</td>", m.cost);
  return out + "</tr>\n";
}

constexpr std::string_view kKey =
    "<p class=\"key\"><i style=\"background:var(--load)\"></i><b>needed</b> (load at the SLO)"
    "<i style=\"background:var(--serve)\"></i><b>serving</b>"
    "<i style=\"background:var(--total)\"></i><b>billed</b> (with those that boot)"
    "<i style=\"background:var(--up)\"></i><b>out</b> <i style=\"background:var(--down)\"></i><b>in</b> "
    "&middot; below: utilization. Point for values and reasons, drag to zoom, double-click for all.</p>";

}  // namespace

std::string script_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == '\'') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else if (text.substr(i, 3) == "\xe2\x80\xa8" || text.substr(i, 3) == "\xe2\x80\xa9") {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out + "\"";
}

std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

Page::Page(const Load& load)
    : load_(load), ticks_a_span_(std::max<std::size_t>(1, (load.values.size() + kSpans - 1) / kSpans)) {
  load_.values.clear();
}

void Page::begin(const std::string& policy, const std::string& advisor) {
  runs_.push_back(Run{policy, advisor, {}, {}, 0, 0, {}});
}

void Page::step(const Step& step) {
  Run& run = runs_.back();
  if (run.ticks++ % ticks_a_span_ == 0) {
    run.spans.push_back(Span{step.load, step.utilization, step.serving, step.total});
  } else {
    Span& span = run.spans.back();
    span.load = std::max(span.load, step.load);
    span.used = std::max(span.used, step.utilization);
    span.serving = std::min(span.serving, step.serving);
    span.total = std::max(span.total, step.total);
  }
  if (step.desired == step.total) return;
  if (run.events.size() >= kEvents) {
    ++run.events_left_out;
    return;
  }
  std::string message(step.message.substr(0, kLongestMessage));
  run.events.push_back(
      {seconds(step.time + load_.tick), step.total, step.desired, std::string(step.reason), std::move(message)});
}

void Page::end(const Measures& measures) {
  runs_.back().measures = measures;
}

std::string Page::data(const Run& run) const {
  const auto events = array(run.events, [](const Event& e) {
    return fmt::format("[{},{},{},{},{}]", e.seconds, e.from, e.to, script_string(e.reason), script_string(e.message));
  });
  return fmt::format("{{\"load\":{},\"used\":{},\"serving\":{},\"total\":{},\"events\":{}}}",
                     array(run.spans, [](const Span& s) { return fmt::format("{:.4g}", s.load); }),
                     array(run.spans, [](const Span& s) { return fmt::format("{:.4g}", s.used); }),
                     array(run.spans, [](const Span& s) { return fmt::format("{}", s.serving); }),
                     array(run.spans, [](const Span& s) { return fmt::format("{}", s.total); }), events);
}

std::string Page::render() const {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Stackscaler simulation</title>\n<style>";
  out += kPageStyle;
  const double hours = runs_.empty() ? 0 : runs_.front().measures.hours;
  out += fmt::format(
      "</style></head><body><main>\n<h1>Simulation</h1>\n<p class=\"sub\">{:.0f} hours from {}, a tick every {}; one "
      "instance does {:.6g}; good is up to {:.0f}% utilization.</p>\n",
      hours, format_rfc3339(load_.start), format_duration(load_.tick), load_.capacity, load_.slo * 100);
  const bool cost = std::any_of(runs_.begin(), runs_.end(), [](const Run& run) { return run.measures.cost > 0; });
  out +=
      "<section class=\"wide\"><table><thead><tr><th>policy</th><th>advisor</th><th>instance hours</th><th>min &gt; "
      "80%</th><th>min &gt; 90%</th><th>actions</th><th>flaps</th><th>&theta;<sub>U</sub> "
      "%</th><th>&theta;<sub>O</sub> "
      "%</th><th>&tau;<sub>U</sub> %</th><th>&tau;<sub>O</sub> %</th><th>&upsilon; %</th><th>lost load</th>";
  if (cost) out += "<th>cost</th>";
  out += "</tr></thead><tbody>\n";
  for (const Run& run : runs_) out += measures_row(run.policy, run.advisor, run.measures);
  out += "</tbody></table></section>\n";
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    const Run& run = runs_[i];
    out += fmt::format("<section><h2>{} &middot; {}</h2>{}<div id=\"plot{}\"></div><p class=\"say\" id=\"say{}\"></p>",
                       html_text(run.policy), html_text(run.advisor), kKey, i, i);
    if (run.events_left_out > 0) {
      out += fmt::format("<p class=\"key\">{} later decisions are not shown.</p>", run.events_left_out);
    }
    out += "</section>\n";
  }
  const auto span = std::chrono::duration<double>(load_.tick).count() * static_cast<double>(ticks_a_span_);
  out +=
      fmt::format("<script type=\"application/json\" id=\"data\">{{\"start\":{},\"span\":{},\"slo\":{},\"runs\":{}}}",
                  seconds(load_.start), span, load_.slo, array(runs_, [this](const Run& run) { return data(run); }));
  out += "</script>\n<script>";
  out += kPageScript;
  return out + "</script></main></body></html>\n";
}

}  // namespace stackscaler::simulate
