// The pages for people: an expression and its value now, and the server's state.
#include <chrono>
#include <string>
#include <vector>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/html.h"
#include "base/number_text.h"
#include "promql/engine.h"
#include "rules/manager.h"

namespace silverback::api {
namespace {

std::string query_form(const Context& context, std::string_view expression) {
  return "<form action=\"" + escape_html(context.options.external_path) +
         "/graph\"><input type=\"text\" name=\"g0.expr\" aria-label=\"Expression\" value=\"" +
         escape_html(expression) +
         "\" placeholder=\"PromQL, for example: up\"> <button>Query</button></form>\n";
}

std::string row(std::string_view name, std::string_view value) {
  std::string html = "<tr><td>";
  html.append(escape_html(name)).append("</td><td class=\"value\">").append(escape_html(value));
  return html.append("</td></tr>\n");
}

std::string number_text(double v) {
  std::string text;
  append_json_float(text, v);
  return text;
}

std::string cut_note(std::size_t rows) {
  if (rows <= kHtmlRowsMax) return {};
  return "<p class=\"note\">Showing " + std::to_string(kHtmlRowsMax) + " of " +
         std::to_string(rows) + " rows.</p>\n";
}

// A range vector is shown by its samples: `value @timestamp` each.
std::string series_text(const promql::Series& series) {
  std::string text;
  for (const Sample& sample : series.floats) {
    if (!text.empty()) text += "\n";
    append_json_float(text, sample.v);
    text += " @";
    append_json_timestamp(text, sample.t);
  }
  for (const HistogramSample& sample : series.histograms) {
    if (!text.empty()) text += "\n";
    text += "histogram @";
    append_json_timestamp(text, sample.t);
  }
  return text;
}

std::string value_table(const promql::Value& value) {
  std::string html = "<table><thead><tr><th>Element</th><th>Value</th></tr></thead><tbody>\n";
  std::size_t rows = 1;
  if (const auto* scalar = std::get_if<promql::Scalar>(&value)) {
    html += row("scalar", number_text(scalar->v));
  } else if (const auto* text = std::get_if<promql::String>(&value)) {
    html += row("string", text->v);
  } else if (const auto* vector = std::get_if<promql::Vector>(&value)) {
    rows = vector->size();
    for (std::size_t i = 0; i < std::min(rows, kHtmlRowsMax); ++i) {
      const promql::VectorSample& sample = (*vector)[i];
      html += row(sample.metric.to_string(), sample.h ? "histogram" : number_text(sample.v));
    }
  } else {
    const auto& matrix = std::get<promql::Matrix>(value);
    rows = matrix.size();
    for (std::size_t i = 0; i < std::min(rows, kHtmlRowsMax); ++i) {
      html += row(matrix[i].metric.to_string(), series_text(matrix[i]));
    }
  }
  html += "</tbody></table>\n";
  if (rows == 0) return "<p>Empty query result.</p>\n";
  return html + cut_note(rows);
}

std::string notes(const promql::QueryResult& result) {
  std::string html;
  for (const std::string& text : result.warnings) {
    html.append("<p class=\"error\">").append(escape_html(text)).append("</p>\n");
  }
  for (const std::string& text : result.infos) {
    html.append("<p class=\"note\">").append(escape_html(text)).append("</p>\n");
  }
  return html;
}

// A rule and its alerts. `rows` counts them, up to kHtmlRowsMax.
std::string rule_rows(const Context& context, const rules::RuleSpec& spec,
                      const rules::RuleStatus& status, std::size_t& rows) {
  std::string html =
      "<tr><td><strong>" + escape_html(spec.text.name()) + "</strong> <a href=\"" +
      escape_html(context.options.external_path + templates::table_link(spec.query)) + "\">" +
      escape_html(spec.query) + "</a>";
  if (!status.last_error.empty())
    html += "<p class=\"error\">" + escape_html(status.last_error) + "</p>";
  html += "</td><td>";
  html += spec.text.is_alert() ? to_string(status.state) : to_string(status.health);
  html += "</td></tr>\n";
  ++rows;
  for (const rules::Alert& alert : status.alerts) {
    if (rows++ >= kHtmlRowsMax) break;
    html += row(alert.labels.to_string() + " since " + format_rfc3339_ns(alert.active_at) +
                    ", value " + number_text(alert.value),
                to_string(alert.state));
  }
  return html;
}

std::string flag_table(const Context& context) {
  std::string html = "<h2>Flags</h2><table><tbody>\n";
  for (const auto& [name, value] : context.options.flags) html += row("--" + name, value);
  return html + "</tbody></table>\n";
}

}  // namespace

Response page_home(const Context& context, const Request&) {
  return html_page(context.options.external_path, "Query", query_form(context, ""));
}

// Every alert links here: `/graph?g0.expr=…`.
Response page_graph(const Context& context, const Request& request) {
  const std::string_view expression = request.form.get("g0.expr");
  std::string body = query_form(context, expression);
  if (expression.empty()) return html_page(context.options.external_path, "Query", body);
  promql::QueryOptions options;
  options.canceled = &request.canceled;
  const Result<promql::QueryResult> result = context.storage.engine->instant(
      *context.storage.samples, expression, context.dependencies.clock->now(), options);
  if (!result) {
    body.append("<p class=\"error\">").append(escape_html(result.error().message));
    body.append("</p>\n");
  } else {
    body += notes(*result) + value_table(result->value);
  }
  return html_page(context.options.external_path, "Query", body);
}

Response page_alerts(const Context& context, const Request&) {
  std::string body;
  std::size_t rows = 0;
  const std::vector<rules::GroupStatus> groups = context.storage.rules == nullptr
                                                     ? std::vector<rules::GroupStatus>()
                                                     : context.storage.rules->groups();
  for (const rules::GroupStatus& group : groups) {
    body += "<h2>" + escape_html(group.spec->name) + "</h2><p class=\"note\">" +
            escape_html(group.spec->file) + "</p>\n";
    body += "<table><thead><tr><th>Rule</th><th>State</th></tr></thead><tbody>\n";
    for (std::size_t i = 0; i < group.rules.size() && rows < kHtmlRowsMax; ++i)
      body += rule_rows(context, group.spec->rules[i], group.rules[i], rows);
    body += "</tbody></table>\n";
  }
  if (groups.empty()) body = "<p>No rules are configured.</p>";
  if (rows >= kHtmlRowsMax) body += "<p class=\"note\">More are not shown.</p>\n";
  return html_page(context.options.external_path, "Alerts", body);
}

Response page_status(const Context& context, const Request&) {
  std::string body = "<table><tbody>\n";
  body += row("Version", context.options.version);
  body += row("Revision", context.options.revision);
  body += row("Started", format_rfc3339(context.started));
  body += row("Ready", context.ready ? "yes" : "not yet");
  body += row("Retention", context.dependencies.config_status().storage_retention);
  body += "</tbody></table>\n" + flag_table(context);
  return html_page(context.options.external_path, "Status", body);
}

}  // namespace silverback::api
