// A loaded configuration: the values, and for each key where its value comes from.
//
// Plain data. load.h makes it; validate.h and effective.h read it; main keeps the Config and may
// let the rest go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/config.h"

namespace sluice {

struct Source {
  // In the order of precedence, the weakest first.
  enum class Kind : uint8_t { Default, File, Environment, Flag };

  Kind kind = Kind::Default;
  // "default", "sluice.toml:3:16", "environment SLUICE_LISTEN" or "flag --listen".
  std::string place = "default";
  // A value of this key was refused somewhere, so nothing is concluded from the one that stands.
  bool refused = false;
};

struct Loaded {
  Loaded();

  // The source of `key`, which is one of the option table's.
  const Source& source_of(std::string_view key) const;
  Source& source_of(std::string_view key);

  Config config;
  std::vector<Source> sources;  // in the order of the option table
};

}  // namespace sluice
