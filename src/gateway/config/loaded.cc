#include "gateway/config/loaded.h"

#include "base/check.h"
#include "gateway/config/option_table.h"

namespace sluice {

Loaded::Loaded() : sources(options().size()) {}

const Source& Loaded::source_of(std::string_view key) const {
  const Option* option = find_option(key);
  SLUICE_CHECK(option != nullptr, "a source is asked for by a key of the table");
  return sources[static_cast<size_t>(option - options().data())];
}

Source& Loaded::source_of(std::string_view key) {
  return const_cast<Source&>(static_cast<const Loaded*>(this)->source_of(key));
}

}  // namespace sluice
