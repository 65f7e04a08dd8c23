#include "poller/epoll_options.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace sluice {
namespace {

constexpr std::array<PollerOption, 6> kTable{{
    {"bufs", "2..65536", "64",
     "lent blocks; fewer only to save memory, not fewer than connections that talk at once"},
    {"buf_size", "BYTES, 512..1048576", "32768",
     "bytes of one read; larger means fewer calls for bulk senders; not larger where they share a "
     "reactor with small messages, which wait for each read"},
    {"trigger", "edge|level", "edge",
     "edge: the kernel tells once of new input; level: in every wait until it is read, at two "
     "system calls more for a connection that is paused while input waits; not level except to "
     "compare, or to rule out a lost edge when a connection hangs"},
    {"write_interest", "on_demand|always", "on_demand",
     "on_demand: EPOLLOUT only while a send is stuck, two system calls each time; always: "
     "registered from the start, for peers that are slow all the time; not always where "
     "connections come and go, each of which costs one more wake-up, and not with trigger=level"},
    {"busy_poll", "USEC, 0..1000000", "0",
     "before it sleeps a reactor asks for news again and again for so long, which saves the "
     "latency of waking up; not with fewer idle cores than reactors, nor where power matters"},
    {"napi", "USEC, 0..1000000", "0",
     "before it sleeps the kernel (6.9 or newer) polls the network card for so long; 0 leaves "
     "that alone; not for loopback or virtual interfaces, where it does nothing, nor with fewer "
     "idle cores than reactors"},
}};

// All blocks of one poller: a reactor that needs more reads too far ahead of its connections.
constexpr uint64_t kRegionBytesMax = uint64_t{1} << 30;
// A second of spinning is more than anybody wants, and far from what the kernel's int overflows at.
constexpr uint32_t kSpinMicrosMax = 1'000'000;

}  // namespace

std::span<const PollerOption> epoll_option_table() { return kTable; }

absl::StatusOr<EpollOptions> epoll_options_from(const PollerSpec& spec) {
  EpollOptions options;
  OptionReader reader(spec, kTable);
  reader.number("bufs", 2, 65536, &options.blocks);
  reader.number("buf_size", 512, 1 << 20, &options.block_bytes);
  reader.choice<Trigger>("trigger", {{"edge", Trigger::Edge}, {"level", Trigger::Level}},
                         &options.trigger);
  reader.choice<WriteInterest>(
      "write_interest", {{"on_demand", WriteInterest::OnDemand}, {"always", WriteInterest::Always}},
      &options.write_interest);
  reader.number("busy_poll", 0, kSpinMicrosMax, &options.busy_poll_us);
  reader.number("napi", 0, kSpinMicrosMax, &options.napi_us);
  const uint64_t region_bytes = uint64_t{options.blocks} * options.block_bytes;
  if (region_bytes > kRegionBytesMax) {
    reader.refuse(
        absl::StrCat("bufs times buf_size is ", region_bytes, " bytes; at most ", kRegionBytesMax));
  }
  if (options.trigger == Trigger::Level && options.write_interest == WriteInterest::Always) {
    reader.refuse(
        "write_interest=always with trigger=level would never sleep, because a socket nearly "
        "always has room; leave one of them out");
  }
  SLUICE_RETURN_IF_ERROR(reader.status());
  return options;
}

}  // namespace sluice
