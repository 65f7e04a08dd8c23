// One line of a gateway's log as --log-format=json writes it: a flat object of texts and numbers.
//
// It reads only what our own log writes, and is no JSON parser. Values are kept as text, numbers
// and booleans too. A line that is no such object (a sanitizer's report) has no fields.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// Fields that a line must have, with exactly these values.
using LogFields = std::vector<std::pair<std::string, std::string>>;

class LogLine {
 public:
  explicit LogLine(std::string_view json);

  // The value, or nothing but "" when there is no such field.
  std::string_view operator[](std::string_view key) const;
  std::string_view message() const { return (*this)["msg"]; }
  bool matches(std::string_view message, const LogFields& fields) const;

 private:
  std::map<std::string, std::string, std::less<>> fields_;
};

}  // namespace sluice
