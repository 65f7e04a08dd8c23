#include "gateway/config/help.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gateway/config/option_table.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

constexpr size_t kColumns = 100;
// Where explanations begin; a longer flag has its own line.
constexpr size_t kIndent = 34;

constexpr char kIntroduction[] =
    R"(sluice: a gateway for very many long-lived client connections.

  sluice [serve] [flags]   serves until SIGTERM or SIGINT
  sluice check [flags]     reads and judges the configuration, and exits
  sluice config [flags]    prints the effective configuration as TOML, each value with its source
  sluice pollers           lists the pollers and whether this machine can run them
  sluice version           prints the version

A key is a flag (--idle-timeout=5m), a variable (SLUICE_IDLE_TIMEOUT=5m) or a line of the file
(idle-timeout = "5m"); the flag wins over the variable, the variable over the file.
TIME is a whole number with ms, s, m or h; BYTES one alone or with KiB, MiB, GiB, kB, MB or GB.
)";

// Appends `text` word by word, from column kIndent on.
void append_wrapped(std::string& result, size_t column, const std::string& text) {
  for (const absl::string_view word : absl::StrSplit(text, ' ')) {
    if (column > kIndent && column + 1 + word.size() > kColumns) {
      absl::StrAppend(&result, "\n", std::string(kIndent, ' '));
      column = kIndent;
    }
    if (column > kIndent) {
      result += ' ';
      ++column;
    }
    absl::StrAppend(&result, word);
    column += word.size();
  }
  result += '\n';
}

std::string explanation(const Option& option) {
  const std::string bounds = show_bounds(option);
  const std::string shown = option.show(Config{});
  std::string text(option.help);
  if (!bounds.empty()) absl::StrAppend(&text, "; ", bounds);
  if (!shown.empty()) absl::StrAppend(&text, " [", shown, "]");
  return text;
}

}  // namespace

void append_help_row(std::string& text, const std::string& left, const std::string& right) {
  absl::StrAppend(&text, "  ", left);
  if (left.size() + 4 > kIndent) {
    absl::StrAppend(&text, "\n", std::string(kIndent, ' '));
  } else {
    text.append(kIndent - left.size() - 2, ' ');
  }
  append_wrapped(text, kIndent, right);
}

std::string help_text() {
  std::string result = kIntroduction;
  std::string_view group;
  for (const Option& option : options()) {
    if (option.group != group) {
      group = option.group;
      absl::StrAppend(&result, "\n", absl_view(group), ":\n");
    }
    const char* equals = option.metavar.empty() ? "" : "=";
    append_help_row(result, absl::StrCat(flag_name(option), equals, absl_view(option.metavar)),
                    explanation(option));
  }
  absl::StrAppend(&result, "\nOther:\n");
  append_help_row(result, "-h, --help", "prints this");
  append_help_row(result, "--version", "prints the version");
  return result;
}

}  // namespace sluice
