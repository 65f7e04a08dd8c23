// A small HTTP/1.1 server for a few questions a minute: GET and HEAD, one request a connection.
//
// It knows no path; a handler answers. Two threads of its own do everything, so a scraper that is
// slow, silent or hostile takes at most one of them, for a bounded time, and the gateway none at
// all. Every answer ends its connection: no idle one is ever kept. Whoever starts it owns it; the
// handler runs on its threads, two calls at a time. http_server.cc alone knows httplib, which sets
// SIGPIPE to be ignored, as a gateway wants it anyway.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "sys/address.h"

namespace sluice {

struct HttpRequest {
  std::string method;  // "GET", "HEAD", or what the handler will refuse
  std::string path;    // decoded, without the query
  std::vector<std::pair<std::string, std::string>> query;  // decoded, sorted by name
};

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::string body;  // for HEAD, only its length goes out
  std::vector<std::pair<std::string, std::string>> headers;
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  // Listens and answers when it returns OK; otherwise the error names address, cause and fix.
  // Port 0 lets the kernel choose.
  static absl::StatusOr<std::unique_ptr<HttpServer>> start(const Address& at, Handler handler);
  // Stops.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The address in use.
  Address address() const;
  // Closes the port, drops every client, waits for the handlers that run, joins the threads. The
  // owner's thread; a second call does nothing.
  void stop();

 private:
  class Floor;
  explicit HttpServer(std::unique_ptr<Floor> floor);
  std::unique_ptr<Floor> floor_;
};

}  // namespace sluice
