// toml++ reports errors as values here and is a header only, as in gateway/config/config_file.cc,
// which tells why.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#include "load/scenario.h"

#include <toml++/toml.h>

#include <array>
#include <span>
#include <variant>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "load/payload.h"

namespace sluice::load {
namespace {

constexpr std::array<std::string_view, 6> kKinds = {"ping", "chat",  "fanout",
                                                    "idle", "storm", "mixed"};

struct Whole {
  uint32_t Scenario::*field;
  uint32_t low, high;
};
struct Long {
  uint64_t Scenario::*field;
};
struct Real {
  double Scenario::*field;
  double low, high;
};
struct Switch {  // a choice of two words, the first one true
  bool Scenario::*field;
  std::string_view yes, no;
};
struct Text {
  std::string Scenario::*field;
};
struct KindWord {};
struct FramingWord {};
using Field = std::variant<Whole, Long, Real, Switch, Text, KindWord, FramingWord>;

struct Key {
  std::string_view name;
  Field field;
};

// A million connections is 100 times what one machine of ours can open; an hour is the longest run.
const std::array kKeys = {
    Key{"name", Text{&Scenario::name}},
    Key{"title", Text{&Scenario::title}},
    Key{"kind", KindWord{}},
    Key{"loop", Switch{&Scenario::open_loop, "open", "closed"}},
    Key{"auth", Switch{&Scenario::auth, "on", "off"}},
    Key{"framing", FramingWord{}},
    Key{"connections", Whole{&Scenario::connections, 1, 1'000'000}},
    Key{"payload_bytes", Whole{&Scenario::payload_bytes, kStampBytes, 1'000'000}},
    Key{"rate", Real{&Scenario::rate, 0.01, 1e8}},
    Key{"depth", Whole{&Scenario::depth, 1, 10'000}},
    Key{"burst", Whole{&Scenario::burst, 1, 10'000}},
    Key{"group", Whole{&Scenario::group, 2, 100'000}},
    Key{"slow_percent", Whole{&Scenario::slow_percent, 0, 50}},
    Key{"heartbeat_seconds", Real{&Scenario::heartbeat_seconds, 0.01, 3600}},
    Key{"login_rate", Real{&Scenario::login_rate, 0, 1e6}},
    Key{"pause_at", Whole{&Scenario::pause_at, 0, 1'000'000}},
    Key{"warmup_seconds", Real{&Scenario::warmup_seconds, 0, 600}},
    Key{"seconds", Real{&Scenario::seconds, 0.01, 3600}},
    Key{"patience_seconds", Real{&Scenario::patience_seconds, 0.1, 600}},
    Key{"messages", Long{&Scenario::messages}},
    Key{"capacity_fraction", Real{&Scenario::capacity_fraction, 0.001, 1}},
    Key{"echo", Switch{&Scenario::echo, "true", "false"}},
    Key{"gateway_flags", Text{&Scenario::gateway_flags}},
};

absl::Status bad_value(const Key& key, std::string_view text, const std::string& wanted) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(key.name), " = ", std::string(text), ": it must be ", wanted));
}

absl::Status assign(Scenario& scenario, const Key& key, const std::string& text) {
  if (const auto* whole = std::get_if<Whole>(&key.field)) {
    uint32_t value = 0;
    if (!absl::SimpleAtoi(text, &value) || value < whole->low || value > whole->high) {
      return bad_value(key, text,
                       absl::StrCat("a whole number from ", whole->low, " to ", whole->high));
    }
    scenario.*whole->field = value;
  } else if (const auto* large = std::get_if<Long>(&key.field)) {
    if (!absl::SimpleAtoi(text, &(scenario.*large->field))) {
      return bad_value(key, text, "a whole number");
    }
  } else if (const auto* real = std::get_if<Real>(&key.field)) {
    double value = 0;
    if (!absl::SimpleAtod(text, &value) || !(value >= real->low && value <= real->high)) {
      return bad_value(key, text, absl::StrCat("a number from ", real->low, " to ", real->high));
    }
    scenario.*real->field = value;
  } else if (const auto* choice = std::get_if<Switch>(&key.field)) {
    if (text != choice->yes && text != choice->no) {
      return bad_value(key, text,
                       absl::StrCat(std::string(choice->yes), " or ", std::string(choice->no)));
    }
    scenario.*choice->field = text == choice->yes;
  } else if (const auto* word = std::get_if<Text>(&key.field)) {
    scenario.*word->field = text;
  } else if (std::holds_alternative<KindWord>(key.field)) {
    const auto* const found = std::find(kKinds.begin(), kKinds.end(), text);
    if (found == kKinds.end()) {
      return bad_value(key, text, "ping, chat, fanout, idle, storm or mixed");
    }
    scenario.kind = static_cast<Kind>(found - kKinds.begin());
  } else {
    if (text != "wkproto" && text != "frame6") return bad_value(key, text, "wkproto or frame6");
    scenario.framing = text == "frame6" ? Framing::Frame6 : Framing::Wkproto;
  }
  return absl::OkStatus();
}

absl::Status assign(Scenario& scenario, std::string_view name, const std::string& text) {
  std::string known;
  for (const Key& key : kKeys) {
    if (key.name == name) return assign(scenario, key, text);
    absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(key.name));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no key '", std::string(name), "'; there are ", known));
}

// A TOML value as the text that --set would have.
absl::StatusOr<std::string> text_of(const toml::node& node) {
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return absl::StrCat(value->get());
  if (const auto* value = node.as_floating_point()) return absl::StrCat(value->get());
  if (const auto* value = node.as_boolean()) return std::string(value->get() ? "true" : "false");
  return absl::InvalidArgumentError("write a string, a number, true or false");
}

absl::Status at(std::string_view place, const absl::Status& status) {
  return {status.code(), absl::StrCat(std::string(place), ": ", status.message())};
}

absl::Status read_file(Scenario& scenario, const std::string& path) {
  const toml::parse_result parsed = toml::parse_file(path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":", error.source().begin.line, ": ", std::string(error.description())));
  }
  for (const auto& [key, node] : parsed.table()) {
    const std::string place = absl::StrCat(path, ":", node.source().begin.line);
    const absl::StatusOr<std::string> text = text_of(node);
    if (!text.ok()) return at(place, text.status());
    const absl::Status status = assign(scenario, std::string_view(key), *text);
    if (!status.ok()) return at(place, status);
  }
  return absl::OkStatus();
}

absl::Status check(const Scenario& scenario) {
  const auto refuse = [](std::string_view why) {
    return absl::InvalidArgumentError(std::string(why));
  };
  if (scenario.messages > 0 && scenario.open_loop) {
    return refuse("messages counts units of a closed loop: set loop = \"closed\" too");
  }
  if (!scenario.open_loop && (scenario.kind == Kind::Idle || scenario.kind == Kind::Mixed)) {
    return refuse("idle and mixed follow a clock: set loop = \"open\"");
  }
  if (!scenario.auth && scenario.kind != Kind::Ping && scenario.kind != Kind::Idle) {
    return refuse("auth = \"off\" is for servers that echo: it needs kind = \"ping\" or \"idle\"");
  }
  if (scenario.kind == Kind::Chat && scenario.connections % 2 != 0) {
    return refuse("connections must be even: who chats has a partner");
  }
  if (scenario.kind == Kind::Fanout && scenario.connections % scenario.group != 0) {
    return refuse("connections must be a multiple of group: every group is whole");
  }
  if (scenario.kind == Kind::Mixed && scenario.connections / 20 < scenario.group) {
    return refuse("connections must be at least 20 times group: a twentieth of them is in groups");
  }
  if (scenario.slow_percent > 0 && scenario.kind != Kind::Fanout) {
    return refuse("slow_percent is for kind = \"fanout\"");
  }
  if (scenario.slow_percent > 0 && scenario.connections * scenario.slow_percent < 100) {
    return refuse("connections × slow_percent must be at least 100: nobody would be slow");
  }
  if (scenario.open_loop && scenario.burst > scenario.depth && scenario.kind != Kind::Storm) {
    return refuse("burst must not be over depth: what is due at once could not be sent at once");
  }
  if (scenario.pause_at > scenario.connections ||
      (scenario.pause_at > 0 && scenario.kind == Kind::Storm)) {
    return refuse("pause_at must be one of the connections: set pause_at = 0, or more connections");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Scenario> make_scenario(const std::string& path,
                                       const std::vector<Setting>& settings) {
  Scenario scenario;
  SLUICE_RETURN_IF_ERROR(read_file(scenario, path));
  for (const Setting& setting : settings) {
    const size_t equals = setting.find('=');
    const std::string place = absl::StrCat("--set ", setting);
    if (equals == std::string::npos) {
      return at(place, absl::InvalidArgumentError("write --set KEY=VALUE"));
    }
    const absl::Status status =
        assign(scenario, setting.substr(0, equals), setting.substr(equals + 1));
    if (!status.ok()) return at(place, status);
  }
  const absl::Status status = check(scenario);
  const std::string place = settings.empty() ? path : absl::StrCat(path, " with --set");
  if (!status.ok()) return at(place, status);
  return scenario;
}

std::vector<KeyValue> effective(const Scenario& scenario) {
  std::vector<KeyValue> values;
  for (const Key& key : kKeys) {
    KeyValue value{key.name, "", true};
    if (const auto* whole = std::get_if<Whole>(&key.field)) {
      value = {key.name, absl::StrCat(scenario.*whole->field), false};
    } else if (const auto* large = std::get_if<Long>(&key.field)) {
      value = {key.name, absl::StrCat(scenario.*large->field), false};
    } else if (const auto* real = std::get_if<Real>(&key.field)) {
      value = {key.name, absl::StrCat(scenario.*real->field), false};
    } else if (const auto* choice = std::get_if<Switch>(&key.field)) {
      value.value = scenario.*choice->field ? choice->yes : choice->no;
    } else if (const auto* text = std::get_if<Text>(&key.field)) {
      value.value = scenario.*text->field;
    } else if (std::holds_alternative<KindWord>(key.field)) {
      value.value = kKinds[static_cast<size_t>(scenario.kind)];
    } else {
      value.value = name_of(scenario.framing);
    }
    values.push_back(std::move(value));
  }
  return values;
}

std::string_view unit_of(Kind kind) {
  constexpr std::array<std::string_view, 6> kUnits = {"ping",      "send",  "delivery",
                                                      "heartbeat", "login", "operation"};
  return kUnits[static_cast<size_t>(kind)];
}

}  // namespace sluice::load
