// toml++ reports errors as values here, and lives in this translation unit as a header: the
// distribution's shared library is built with exceptions only. Its assertions are no bugs of ours:
// 3.3.0 asserts on some malformed files ("listen = [}") and then reports them properly, but with
// NDEBUG it would tell the optimiser that they cannot happen. So none is checked or assumed.
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1
#include "gateway/config/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

std::string place_of(const std::string& path, const toml::source_position& at) {
  return absl::StrCat(path, ":", at.line, ":", at.column);
}

std::string_view type_name(toml::node_type type) {
  switch (type) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

// What the option wants, and an example of it in TOML.
struct Wanted {
  std::string_view type;
  std::string example;
};

Wanted wanted_by(const Option& option) {
  switch (option.kind) {
    case OptionKind::Switch:
      return {"true or false", "true"};
    case OptionKind::Count:
      return {"a whole number", "4"};
    case OptionKind::Size:
      return {"a size", "\"64KiB\""};
    case OptionKind::Time:
      return {"a time", "\"30s\""};
    case OptionKind::AddressList:
      return {"a string or a list of strings", "[\"tcp://127.0.0.1:5100\"]"};
    case OptionKind::Choice:
    case OptionKind::Text:
    case OptionKind::Address: {
      const std::string shown = option.show(Config{});
      return {"a string", absl::StrCat("\"", shown.empty() ? "FILE" : shown, "\"")};
    }
  }
  return {};
}

// The strings of a list, with commas between; nothing when it holds anything else.
std::optional<std::string> joined(const toml::array& list) {
  std::string text;
  for (const toml::node& item : list) {
    const toml::value<std::string>* word = item.as_string();
    if (word == nullptr) return std::nullopt;
    absl::StrAppend(&text, text.empty() ? "" : ",", word->get());
  }
  return text;
}

// The value as text, or nothing when its type is not one that the option may have.
std::optional<std::string> text_of(const Option& option, const toml::node& node) {
  const OptionKind kind = option.kind;
  if (kind == OptionKind::Switch) {
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
    return std::nullopt;
  }
  const bool may_be_number =
      kind == OptionKind::Count || kind == OptionKind::Size || kind == OptionKind::Time;
  if (const auto* value = node.as_integer(); value != nullptr && may_be_number) {
    return absl::StrCat(value->get());
  }
  if (const auto* value = node.as_string(); value != nullptr && kind != OptionKind::Count) {
    return value->get();
  }
  if (const auto* value = node.as_array(); value != nullptr && kind == OptionKind::AddressList) {
    return joined(*value);
  }
  return std::nullopt;
}

// "log.level" and "[log]" mean log-level to many, so the first known key of the table is the hint.
std::string table_problem(std::string_view key, const toml::table& table) {
  for (const auto& [inner, node] : table) {
    const std::string flat = absl::StrCat(absl_view(key), "-", absl_view(inner.str()));
    if (find_option(flat) == nullptr) continue;
    return absl::StrCat(absl_view(key), ": is a table, but keys here are flat; write ", flat,
                        " at the top of the file");
  }
  return absl::StrCat(absl_view(key),
                      ": is a table, but keys here are flat; move what is inside to the top of the"
                      " file, without the table's name");
}

std::string unknown_key(std::string_view key) {
  std::vector<std::string> known;
  for (const Option& option : options()) {
    if (option.in_file) known.emplace_back(option.key);
  }
  const std::string hint = suggestion(key, known);
  return absl::StrCat("unknown key ", absl_view(key),
                      hint.empty() ? "; sluice --help lists them all" : hint);
}

// What is wrong with the pair, without its place; or empty, and `entry` has its text.
std::string read_pair(const toml::key& key, const toml::node& node, FileEntry& entry) {
  const std::string_view name = key.str();
  const Option* option = find_option(name);
  if (const toml::table* table = node.as_table()) return table_problem(name, *table);
  if (option == nullptr) {
    const toml::array* list = node.as_array();
    const bool tables = list != nullptr && !list->empty() && list->front().is_table();
    return tables ? table_problem(name, *list->front().as_table()) : unknown_key(name);
  }
  entry.option = option;
  if (!option->in_file) {
    return absl::StrCat(absl_view(name), ": names this file itself; remove it, and use flag ",
                        flag_name(*option), " or environment ", environment_name(*option));
  }
  const std::optional<std::string> text = text_of(*option, node);
  if (!text) {
    const Wanted wanted = wanted_by(*option);
    return absl::StrCat(absl_view(name), ": is ", absl_view(type_name(node.type())), ", but wants ",
                        absl_view(wanted.type), "; write ", absl_view(name), " = ", wanted.example);
  }
  if (option->kind == OptionKind::Time && node.is_integer() && *text != "0") {
    return absl::StrCat(absl_view(name), ": ", *text, " has no unit; write ", absl_view(name),
                        " = \"", *text, "s\"");
  }
  entry.text = *text;
  return "";
}

// toml++ finds the second of two keys and says "cannot redefine existing integer 'reactors'".
std::string syntax_problem(std::string_view description) {
  const size_t twice = description.find("cannot redefine existing ");
  const size_t open =
      description.find('\'', twice == description.npos ? description.size() : twice);
  const size_t close = description.find('\'', std::min(open, description.size() - 1) + 1);
  if (open != description.npos && close != description.npos) {
    const std::string_view key = description.substr(open + 1, close - open - 1);
    return absl::StrCat(absl_view(key), ": is written twice; keep one of them");
  }
  return absl::StrCat(
      "this is not TOML: ", absl_view(description),
      "; words, times and addresses stand in quotes, such as idle-timeout = \"5m\"");
}

}  // namespace

std::vector<FileEntry> parse_config_file(std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    FileEntry entry;
    entry.not_toml = true;
    entry.place = place_of(path, error.source().begin);
    entry.problem = absl::StrCat(entry.place, ": ", syntax_problem(error.description()));
    return {entry};
  }

  // A TOML table is kept by name; people read their file from the top.
  struct Pair {
    const toml::key* key;
    const toml::node* node;
  };
  std::vector<Pair> pairs;
  for (const auto& [key, node] : parsed.table()) pairs.push_back({&key, &node});
  std::sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) {
    return a.key->source().begin < b.key->source().begin;
  });

  std::vector<FileEntry> entries;
  for (const Pair& pair : pairs) {
    FileEntry entry;
    const std::string problem = read_pair(*pair.key, *pair.node, entry);
    const bool at_value = entry.option != nullptr && !pair.node->is_table();
    entry.place = place_of(path, at_value ? pair.node->source().begin : pair.key->source().begin);
    if (!problem.empty()) entry.problem = absl::StrCat(entry.place, ": ", problem);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace sluice
