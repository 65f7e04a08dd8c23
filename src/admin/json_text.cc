#include "admin/json_text.h"

#include <nlohmann/json.hpp>

namespace sluice {
namespace {

// Keeps the order in which keys are written.
using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

Json json_of(const ConnectionRecord& record) {
  return Json{
      {"id", record.id},
      {"uid", record.uid},
      {"device_id", record.device_id},
      {"device_flag", record.device_flag},
      {"peer", record.peer},
      {"local", record.local},
      {"state", record.state},
      {"reactor", record.reactor},
      {"uptime_ms", record.uptime_ms},
      {"idle_ms", record.idle_ms},
      {"bytes_in", record.bytes_in},
      {"bytes_out", record.bytes_out},
      {"messages_in", record.messages_in},
      {"messages_out", record.messages_out},
      {"queued_bytes", record.queued_bytes},
  };
}

}  // namespace

std::string connections_json(uint64_t total, const ConnectionPage& page,
                             std::span<const ConnectionRecord> connections) {
  Json list = Json::array();
  for (const ConnectionRecord& record : connections) list.push_back(json_of(record));
  return text_of(Json{{"total", total},
                      {"offset", page.offset},
                      {"limit", page.limit},
                      {"connections", std::move(list)}});
}

std::string error_json(std::string_view message) { return text_of(Json{{"error", message}}); }

std::string not_found_json(std::string_view path, std::span<const std::string_view> paths) {
  std::string message = "there is no ";
  message.append(path);
  return text_of(Json{{"error", message}, {"paths", paths}});
}

}  // namespace sluice
