// The admin port: /metrics, /healthz, /readyz and /connections over plain HTTP, read only.
//
// It changes nothing in the gateway and needs no authentication, so it belongs on loopback or a
// private network. main.cc owns it and keeps it up during a drain, so that /readyz can say so; it
// is stopped before the gateway ends, because a request may be waiting for a reactor's answer. Its
// threads are HttpServer's.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "admin/http_server.h"
#include "gateway/gateway.h"

namespace sluice {

// What sluice_build_info says.
struct BuildInfo {
  std::string version;
  std::string poller;                // as in --poller
  std::string poller_fallback = {};  // why --poller=auto took the lesser one; empty = it did not
};

class AdminServer {
 public:
  // Serves when it returns OK; the error says why not and what to do. The gateway outlives it.
  static absl::StatusOr<std::unique_ptr<AdminServer>> start(const Address& at, Gateway& gateway,
                                                            BuildInfo build);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // The address in use, the port resolved.
  Address address() const { return http_->address(); }
  // Waits for requests in progress, which need the reactors to run; drops idle clients. The
  // destructor does the same. The owner's thread; a second call does nothing.
  void stop() { http_->stop(); }

 private:
  AdminServer(Gateway& gateway, BuildInfo build);

  HttpAnswer answer(const HttpRequest& request);
  HttpAnswer metrics();
  HttpAnswer connections(const HttpRequest& request);

  Gateway& gateway_;
  const BuildInfo build_;
  const int64_t process_start_ms_;    // read once: a later reading might differ by a millisecond
  std::unique_ptr<HttpServer> http_;  // the last member: its threads use the others
};

}  // namespace sluice
