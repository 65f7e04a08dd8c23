#include "gateway/config/load.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "gateway/config/config_file.h"
#include "gateway/config/option_table.h"
#include "gateway/config/validate.h"
#include "gateway/config/wording.h"
#include "sys/read_file.h"

namespace sluice {
namespace {

// Far above any real configuration, and low enough to tell a wrong path (a log, a disk) quickly.
constexpr size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kPrefix = "SLUICE_";

// A value on its way into the configuration.
struct Given {
  const Option* option;
  std::string text;
  Source::Kind kind;
  std::string place;
};

// Collects the layers and the mistakes in them.
class Loading {
 public:
  explicit Loading(const Surroundings& surroundings) : surroundings_(surroundings) {}

  void refuse(std::string problem) { problems_.push_back(std::move(problem)); }

  // Later calls override earlier ones.
  void apply(const Given& given);
  void apply_file(const Given& config);

  absl::StatusOr<Loaded> finish() &&;

 private:
  const Surroundings& surroundings_;
  Loaded loaded_;
  std::vector<std::string> problems_;
  bool file_lost_ = false;  // keys that were meant are missing: nothing is concluded from the rest
};

void Loading::apply(const Given& given) {
  const Option& option = *given.option;
  absl::Status status = option.set(option, given.text, loaded_.config);
  if (status.ok() && option.key == "poller" && surroundings_.check_poller) {
    status = surroundings_.check_poller(given.text);
  }
  Source& source = loaded_.source_of(option.key);
  if (!status.ok()) {
    source.refused = true;
    // A flag's and a variable's place is its name; a file's place needs the key beside it.
    const bool in_file = given.kind == Source::Kind::File;
    refuse(absl::StrCat(given.place, ": ", in_file ? absl_view(option.key) : "",
                        in_file ? ": " : "", status.message()));
    return;
  }
  source.kind = given.kind;
  source.place = given.place;
}

void Loading::apply_file(const Given& config) {
  const absl::StatusOr<std::string> text = read_file(config.text, kFileBytesMax);
  if (!text.ok()) {
    file_lost_ = true;
    refuse(absl::StrCat(config.place, ": ", text.status().message(),
                        "; give the path of a readable TOML file"));
    return;
  }
  for (FileEntry& entry : parse_config_file(*text, config.text)) {
    if (!entry.problem.empty()) {
      file_lost_ = file_lost_ || entry.not_toml;
      if (entry.option != nullptr) loaded_.source_of(entry.option->key).refused = true;
      refuse(std::move(entry.problem));
      continue;
    }
    apply({entry.option, std::move(entry.text), Source::Kind::File, std::move(entry.place)});
  }
}

absl::StatusOr<Loaded> Loading::finish() && {
  if (!file_lost_) {
    for (std::string& problem : contradictions(loaded_, surroundings_.descriptor_limit)) {
      refuse(std::move(problem));
    }
  }
  if (!problems_.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
  return std::move(loaded_);
}

std::string unknown_variable(std::string_view name) {
  std::vector<std::string> known;
  for (const Option& option : options()) known.push_back(environment_name(option));
  const std::string hint = suggestion(name, known);
  return absl::StrCat("environment ", absl_view(name), ": unknown variable",
                      hint.empty() ? "; unset it, or see sluice --help for the keys" : hint);
}

// A variable that cannot even be given to an option goes to `problems`.
std::vector<Given> environment_values(const char* const* environment,
                                      std::vector<std::string>& problems) {
  std::vector<Given> values;
  for (; environment != nullptr && *environment != nullptr; ++environment) {
    const std::string_view pair = *environment;
    const size_t equals = pair.find('=');
    if (!pair.starts_with(kPrefix) || equals == pair.npos) continue;
    const std::string_view name = pair.substr(0, equals);
    const std::string_view text = pair.substr(equals + 1);
    const Option* option = find_option_of_environment(name);
    if (option == nullptr) {
      problems.push_back(unknown_variable(name));
    } else if (text.empty()) {
      problems.push_back(
          absl::StrCat("environment ", absl_view(name), ": is empty; give it a value or unset it"));
    } else {
      values.push_back({option, std::string(text), Source::Kind::Environment,
                        absl::StrCat("environment ", absl_view(name))});
    }
  }
  return values;
}

std::vector<Given> flag_values(const CommandLine& line) {
  std::vector<Given> values;
  for (const auto& [key, text] : line.flags) {
    const Option* option = find_option(key);
    SLUICE_CHECK(option != nullptr, "parse_command_line gives keys of the table only");
    values.push_back({option, text, Source::Kind::Flag, absl::StrCat("flag ", flag_name(*option))});
  }
  return values;
}

}  // namespace

absl::StatusOr<Loaded> load_config(const CommandLine& line, const Surroundings& surroundings) {
  Loading loading(surroundings);
  std::vector<std::string> stray;  // told in their place, between the file's and the flags'
  std::vector<Given> given = environment_values(surroundings.environment, stray);
  for (Given& flag : flag_values(line)) given.push_back(std::move(flag));

  // The strongest source of the path decides; the file itself is the weakest of the three.
  const Given* config = nullptr;
  for (const Given& value : given) {
    if (value.option->key == "config") config = &value;
  }
  if (config != nullptr) loading.apply_file(*config);
  for (std::string& problem : stray) loading.refuse(std::move(problem));
  for (const Given& value : given) loading.apply(value);
  return std::move(loading).finish();
}

}  // namespace sluice
