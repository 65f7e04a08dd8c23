#include "admin/admin_server.h"

#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "admin/connection_page.h"
#include "admin/json_text.h"
#include "admin/metrics_text.h"
#include "admin/process_stats.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 4> kPaths = {"/metrics", "/healthz", "/readyz",
                                                    "/connections"};

HttpAnswer plain(int status, std::string_view text) {
  return {status, "text/plain; charset=utf-8", std::string(text), {}};
}

HttpAnswer json(int status, std::string text) {
  return {status, "application/json", std::move(text), {}};
}

MetricsView view_of(const Gateway& gateway, const BuildInfo& build) {
  MetricsView view;
  view.version = build.version;
  view.poller = build.poller;
  view.poller_fallback = build.poller_fallback;
  view.ready = gateway.ready();
  for (size_t i = 0; i < gateway.shard_count(); ++i) view.shards.push_back(&gateway.metrics(i));
  for (const Reactor* reactor : gateway.reactors()) {
    const PollerCounters& poller = reactor->poller().counters();
    view.reactors.push_back({reactor->turns().value(), reactor->letters_posted().value(),
                             reactor->letters_run().value(), reactor->mailbox_full().value(),
                             poller.calls.value(), poller.events.value(), poller.rearms.value(),
                             poller.starved.value()});
  }
  for (const Acceptor* acceptor : gateway.acceptors()) {
    view.accepted += acceptor->accepted().value();
    view.accept_exhausted += acceptor->exhausted().value();
  }
  view.refused_over_limit = gateway.refused_over_limit();
  view.connections_max = gateway.connections_max();
  view.log_lines_dropped = log_dropped();
  view.process = read_process_stats();
  return view;
}

}  // namespace

AdminServer::AdminServer(Gateway& gateway, BuildInfo build)
    : gateway_(gateway),
      build_(std::move(build)),
      process_start_ms_(read_process_stats().start_time_ms) {}

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::start(const Address& at, Gateway& gateway,
                                                                BuildInfo build) {
  std::unique_ptr<AdminServer> admin(new AdminServer(gateway, std::move(build)));
  SLUICE_ASSIGN_OR_RETURN(admin->http_,
                          HttpServer::start(at, [self = admin.get()](const HttpRequest& request) {
                            return self->answer(request);
                          }));
  return admin;
}

HttpAnswer AdminServer::answer(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpAnswer refusal = json(
        405, error_json(absl::StrCat(request.method, " is not allowed here; use GET or HEAD")));
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  if (request.path == "/metrics") return metrics();
  if (request.path == "/healthz") return plain(200, "ok");
  if (request.path == "/readyz") {
    return gateway_.ready() ? plain(200, "ready") : plain(503, "draining");
  }
  if (request.path == "/connections") return connections(request);
  return json(404, not_found_json(request.path, kPaths));
}

HttpAnswer AdminServer::metrics() {
  MetricsView view = view_of(gateway_, build_);
  view.process.start_time_ms = process_start_ms_;
  return {200, std::string(kMetricsContentType), render_metrics(view), {}};
}

HttpAnswer AdminServer::connections(const HttpRequest& request) {
  const absl::StatusOr<ConnectionPage> page = page_from_query(request.query);
  if (!page.ok()) return json(400, error_json(std::string(page.status().message())));
  const std::vector<ConnectionRecord> records =
      gateway_.list_connections(page->offset, page->limit);
  uint64_t total = 0;
  for (size_t i = 0; i < gateway_.shard_count(); ++i) {
    total += gateway_.metrics(i).connections.value();
  }
  return json(200, connections_json(total, *page, records));
}

}  // namespace sluice
