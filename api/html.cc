#include "api/html.h"

namespace silverback::api {
namespace {

// No script, no image, no font, nothing from elsewhere; the style by the hash of its text would be
// stricter still, but a hash cannot be read, and a style can do no harm without anything to load.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

constexpr std::string_view kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem }
nav { border-bottom: 1px solid #8886; padding: .8rem 0 } nav a { margin-right: 1.2rem }
input[type=text] { font: 14px/1.4 monospace; padding: .4rem; width: calc(100% - 7rem) }
button { padding: .4rem 1rem } table { border-collapse: collapse; margin-top: 1rem; width: 100% }
td, th { border-bottom: 1px solid #8884; padding: .25rem .6rem; text-align: left; vertical-align: top }
td { font-family: monospace; overflow-wrap: anywhere } td.value { text-align: right }
.error { border-left: 4px solid #c33; padding: .4rem .8rem } .note { color: #777 }
:root { color-scheme: light dark }
)";

}  // namespace

Response html_page(std::string_view prefix, std::string_view title, std::string_view body) {
  struct Link {
    std::string_view path, text;
  };
  constexpr Link kLinks[] = {{"/graph", "Query"},
                             {"/alerts", "Alerts"},
                             {"/targets", "Targets"},
                             {"/service-discovery", "Service discovery"},
                             {"/status", "Status"}};
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  page.append("<meta name=\"viewport\" content=\"width=device-width\"><title>");
  page.append(escape_html(title)).append(" - Silverback</title><style>").append(kStyle);
  page.append("</style></head>\n<body><nav><b>Silverback</b> &nbsp; ");
  for (const Link& link : kLinks) {
    page.append("<a href=\"").append(escape_html(prefix)).append(link.path).append("\">");
    page.append(link.text).append("</a>");
  }
  page.append("</nav>\n<h1>").append(escape_html(title)).append("</h1>\n").append(body);
  page.append("\n</body></html>\n");
  return {.status = 200,
          .content_type = std::string(kHtmlType),
          .body = std::move(page),
          .headers = {{"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                      {"Referrer-Policy", "same-origin"},
                      {"X-Frame-Options", "DENY"}}};
}

}  // namespace silverback::api
