#include "api/target_pages.h"

#include <algorithm>
#include <string>

#include "api/context.h"
#include "api/endpoints.h"
#include "api/html.h"
#include "api/targets.h"
#include "base/number_text.h"

namespace silverback::api {
namespace {

using scrape::PoolStatus;
using scrape::Target;
using scrape::TargetStatus;

constexpr std::string_view kNoJobs =
    "<p>No jobs are configured: the server scrapes nothing but its own metrics, and samples arrive "
    "by remote write.</p>\n";

std::string cell(std::string_view text) { return "<td>" + escape_html(text) + "</td>"; }

// A link if a browser would ask a server for it: relabelling can make a URL of any scheme.
std::string link(const std::string& url) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return escape_html(url);
  return "<a href=\"" + escape_html(url) + "\">" + escape_html(url) + "</a>";
}

std::string last_scrape_text(const TargetStatus& status) {
  if (status.last_scrape == 0) return "never";
  return format_rfc3339_ns(status.last_scrape) + ", took " + format_float(status.last_seconds) +
         " s";
}

std::string target_row(const TargetStatus& status, const ServerOptions& own) {
  const Target& target = *status.target;
  std::string html = "<tr><td>" + link(global_url(target.url, own));
  if (!status.last_error.empty())
    html += "<p class=\"error\">" + escape_html(status.last_error) + "</p>";
  html += "</td>" + cell(to_string(status.health)) + cell(target.own_labels.to_string());
  return html + cell(last_scrape_text(status)) + "</tr>\n";
}

std::string discovery_row(const Labels& discovered, std::string_view made) {
  return "<tr>" + cell(discovered.to_string()) + cell(made) + "</tr>\n";
}

std::string pool_title(const PoolStatus& pool) {
  const auto is_up = [](const TargetStatus& one) { return one.health == scrape::Health::kUp; };
  const auto up = std::count_if(pool.active.begin(), pool.active.end(), is_up);
  std::string html = "<h2>" + escape_html(pool.job) + "</h2><p class=\"note\">";
  html += std::to_string(up) + " of " + std::to_string(pool.active.size()) + " up";
  if (pool.dropped_count > 0) html += ", " + std::to_string(pool.dropped_count) + " dropped";
  return html + "</p>\n";
}

// A section for every pool; `write_rows` adds its rows and counts them, up to kHtmlRowsMax in all.
template <class WriteRows>
Response pools_page(const std::vector<PoolStatus>& pools, const ServerOptions& own,
                    std::string_view title, std::string_view columns, WriteRows write_rows) {
  std::string body(pools.empty() ? kNoJobs : std::string_view());
  std::size_t rows = 0;
  for (const PoolStatus& pool : pools) {
    if (rows >= kHtmlRowsMax) break;
    ++rows;  // the title
    body += pool_title(pool);
    body.append("<table><thead><tr>").append(columns).append("</tr></thead><tbody>\n");
    write_rows(pool, body, rows);
    body += "</tbody></table>\n";
  }
  if (rows >= kHtmlRowsMax) body += "<p class=\"note\">More are not shown.</p>\n";
  return html_page(own.external_path, title, body);
}

}  // namespace

Response targets_page(const std::vector<PoolStatus>& pools, const ServerOptions& own) {
  return pools_page(
      pools, own, "Targets", "<th>Endpoint</th><th>State</th><th>Labels</th><th>Last scrape</th>",
      [&own](const PoolStatus& pool, std::string& body, std::size_t& rows) {
        for (std::size_t i = 0; i < pool.active.size() && rows < kHtmlRowsMax; ++i, ++rows)
          body += target_row(pool.active[i], own);
      });
}

Response discovery_page(const std::vector<PoolStatus>& pools, const ServerOptions& own) {
  return pools_page(
      pools, own, "Service discovery", "<th>Discovered labels</th><th>Target labels</th>",
      [](const PoolStatus& pool, std::string& body, std::size_t& rows) {
        for (const TargetStatus& status : pool.active) {
          if (rows >= kHtmlRowsMax) return;
          ++rows;
          body += discovery_row(status.target->discovered, status.target->own_labels.to_string());
        }
        for (const Labels& discovered : pool.dropped) {
          if (rows >= kHtmlRowsMax) return;
          ++rows;
          body += discovery_row(discovered, "dropped");
        }
      });
}

Response page_targets(const Context& context, const Request&) {
  return targets_page(pools_of(context), context.options);
}

Response page_discovery(const Context& context, const Request&) {
  return discovery_page(pools_of(context), context.options);
}

}  // namespace silverback::api
