#include "client/json_line.h"

#include <nlohmann/json.hpp>

#include "client/visible.h"

namespace sluice {

std::string json_line(std::span<const JsonField> fields) {
  nlohmann::ordered_json object;
  for (const JsonField& field : fields) {
    std::visit([&](const auto& value) { object[std::string(field.key)] = value; }, field.value);
  }
  // JSON leaves U+007F and above as they are; visible() writes them as JSON would escape them, and
  // outside of strings there are none.
  return visible(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace sluice
