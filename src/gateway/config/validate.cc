#include "gateway/config/validate.h"

#include <initializer_list>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "codec/frame.h"
#include "gateway/config/option_table.h"
#include "gateway/config/option_value.h"
#include "gateway/config/wording.h"

namespace sluice {
namespace {

using Problems = std::vector<std::string>;

bool all_read(const Loaded& loaded, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (loaded.source_of(key).refused) return false;
  }
  return true;
}

// "auth = none (default)".
std::string told(const Loaded& loaded, std::string_view key) {
  return absl::StrCat(absl_view(key), " = ", find_option(key)->show(loaded.config), " (",
                      loaded.source_of(key).place, ")");
}

// The same for one address out of a list.
std::string told_address(const Loaded& loaded, const Address& address) {
  return absl::StrCat("listen = ", show_listen_address(address), " (",
                      loaded.source_of("listen").place, ")");
}

void check_token_file(const Loaded& loaded, Problems& problems) {
  if (!all_read(loaded, {"auth", "token-file"})) return;
  const bool wants_file = loaded.config.auth == AuthMode::TokenFile;
  const bool has_file = !loaded.config.token_file.empty();
  if (wants_file && !has_file) {
    problems.push_back(absl::StrCat(told(loaded, "auth"),
                                    " needs token-file, which is not set; set token-file to the"
                                    " file of uids and tokens"));
  }
  if (has_file && !wants_file) {
    problems.push_back(absl::StrCat(told(loaded, "token-file"), " contradicts ",
                                    told(loaded, "auth"),
                                    "; set auth to token-file or remove token-file"));
  }
}

void check_exposure(const Loaded& loaded, Problems& problems) {
  const Config& config = loaded.config;
  if (config.insecure_no_auth || !all_read(loaded, {"insecure-no-auth"})) return;
  if (config.auth == AuthMode::None && all_read(loaded, {"listen", "auth"})) {
    for (const Address& address : config.listen) {
      if (address.is_loopback()) continue;
      problems.push_back(absl::StrCat(
          told_address(loaded, address), " is beyond loopback, and with ", told(loaded, "auth"),
          " anyone could take any uid; set auth to token-file, listen on 127.0.0.1 or"
          " [::1], or set insecure-no-auth"));
    }
  }
  if (config.admin && !config.admin->is_loopback() && all_read(loaded, {"admin"})) {
    problems.push_back(absl::StrCat(told(loaded, "admin"),
                                    " is beyond loopback and asks for no password; use 127.0.0.1"
                                    " or [::1], or set insecure-no-auth"));
  }
}

void check_addresses(const Loaded& loaded, Problems& problems) {
  const std::vector<Address>& listen = loaded.config.listen;
  if (!all_read(loaded, {"listen"})) return;
  for (size_t i = 0; i < listen.size(); ++i) {
    if (listen[i].port() == 0) continue;  // the kernel chooses: two of them differ
    bool seen = false;
    for (size_t j = 0; j < i; ++j) seen = seen || listen[j] == listen[i];
    if (seen) {
      problems.push_back(
          absl::StrCat(told_address(loaded, listen[i]), " is listed twice; keep one of them"));
    }
    if (!seen && loaded.config.admin == listen[i] && all_read(loaded, {"admin"})) {
      problems.push_back(absl::StrCat(told(loaded, "admin"), " contradicts ",
                                      told_address(loaded, listen[i]),
                                      "; give one of them another port"));
    }
  }
}

void check_bytes(const Loaded& loaded, Problems& problems) {
  const Config& config = loaded.config;
  const uint64_t inbound_min = config.frame_bytes_max + kFrameHeaderBytesMax;
  if (config.inbound_bytes_max < inbound_min &&
      all_read(loaded, {"inbound-bytes-max", "frame-bytes-max"})) {
    problems.push_back(absl::StrCat(told(loaded, "inbound-bytes-max"), " cannot hold a frame of ",
                                    told(loaded, "frame-bytes-max"), " and its header of ",
                                    kFrameHeaderBytesMax, "; raise inbound-bytes-max to at least ",
                                    inbound_min, " or lower frame-bytes-max"));
  }
  if (config.outbound_high_water > config.outbound_bytes_max &&
      all_read(loaded, {"outbound-high-water", "outbound-bytes-max"})) {
    problems.push_back(absl::StrCat(told(loaded, "outbound-high-water"), " is over ",
                                    told(loaded, "outbound-bytes-max"),
                                    "; lower the first or raise the second"));
  }
}

void check_connections(const Loaded& loaded, uint64_t descriptor_limit, Problems& problems) {
  if (!all_read(loaded, {"max-connections"})) return;
  if (descriptor_limit <= kDescriptorsReserved) {
    problems.push_back(absl::StrCat(
        "the limit of ", descriptor_limit, " open descriptors leaves no connection, since ",
        kDescriptorsReserved, " are kept back; raise it, with ulimit -Hn"));
    return;
  }
  const uint64_t allowed = descriptor_limit - kDescriptorsReserved;
  if (loaded.config.max_connections <= allowed) return;
  problems.push_back(absl::StrCat(
      told(loaded, "max-connections"), " is more than the ", allowed, " that the limit of ",
      descriptor_limit, " open descriptors leaves, since ", kDescriptorsReserved,
      " are kept back; lower it to ", allowed, ", or raise the limit to ",
      loaded.config.max_connections + kDescriptorsReserved, " with ulimit -Hn"));
}

}  // namespace

std::vector<std::string> contradictions(const Loaded& loaded, uint64_t descriptor_limit) {
  Problems problems;
  check_token_file(loaded, problems);
  check_exposure(loaded, problems);
  check_addresses(loaded, problems);
  check_bytes(loaded, problems);
  check_connections(loaded, descriptor_limit, problems);
  return problems;
}

}  // namespace sluice
