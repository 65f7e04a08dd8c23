#include "poller/uring_options.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace sluice {
namespace {

constexpr std::array<PollerOption, 15> kTable{{
    {"multishot", "on|off", "on",
     "on: one accept and one recv stay armed and deliver many times; off: each is armed again "
     "after "
     "every delivery; not off except to see what it costs"},
    {"defer_taskrun", "on|off", "on",
     "on: the kernel finishes operations only when the reactor asks, in one batch; off: whenever "
     "the thread enters the kernel; not off except to compare"},
    {"fixed_files", "on|off", "off",
     "sockets sit in the ring's own table, which saves looking up a descriptor per operation, at "
     "two system calls more per connection; not where connections come and go"},
    {"bundle", "on|off", "off",
     "one completion may carry several blocks; for bulk senders; not for small messages, which it "
     "does nothing for"},
    {"sqpoll", "on|off", "off",
     "a kernel thread per reactor takes what is submitted, without a system call; turns the "
     "task-run "
     "flags off; not with fewer idle cores than twice the reactors, nor where power matters"},
    {"zc", "BYTES, 0..1073741824", "0",
     "sends of this size and more lend their memory to the network card instead of copying; 0: "
     "never; not below some kilobytes, nor over long paths (a connection's next send waits until "
     "the "
     "peer has acknowledged), nor on loopback or virtual interfaces, which copy anyway"},
    {"napi", "USEC, 0..1000000", "0",
     "before it sleeps the kernel (6.9 or newer) polls the network card for so long; 0 leaves that "
     "alone; not for loopback or virtual interfaces, where it does nothing, nor with fewer idle "
     "cores than reactors"},
    {"busy_poll", "USEC, 0..1000000", "0",
     "before it sleeps a reactor watches the ring in user space for so long, which saves the "
     "latency "
     "of waking up; not with fewer idle cores than reactors, nor where power matters"},
    {"min_wait", "USEC, 0..1000000", "auto",
     "a sleep collects completions for at least so long, or 32 of them (Linux 6.12): fewer calls, "
     "more latency, between reactors too; not given, it is 50 after a turn of 16 short sends or "
     "more, and 0 otherwise; not where an answer is waited for"},
    {"bufs", "2..32768", "64",
     "lent blocks; the kernel walks through all of them, so more than a batch takes only costs "
     "cache; fewer make bursts fall back on the overflow blocks"},
    {"overflow", "0..32768", "448",
     "lent blocks behind those, for bursts; 0 only to save address space, for whoever finds no "
     "block waits a turn"},
    {"buf_size", "BYTES, 512..1048576", "32768",
     "bytes of one block; smaller is fairer among bulk senders, larger means fewer completions for "
     "them"},
    {"credit", "BYTES, 0..1073741824", "262144",
     "bytes that one multishot may deliver before it has to be armed again (Linux 6.17); smaller "
     "is "
     "fairer and stops sooner in a pause, larger saves arming; 0: no limit"},
    {"sq", "4..32768", "512",
     "submissions that fit into the queue; when it is full they are submitted in between; not less "
     "than a batch, except for machines with little lockable memory"},
    {"cq", "8..65536", "4096",
     "completions that fit; over that multishots end and are armed again; not less than four times "
     "sq, except for machines with little lockable memory"},
}};

// All blocks of one poller: a reactor that needs more reads too far ahead of its connections.
constexpr uint64_t kRegionBytesMax = uint64_t{1} << 30;
constexpr uint32_t kSpinMicrosMax = 1'000'000;

void read_demand(OptionReader& reader, std::string_view key, Demand* demand) {
  reader.choice<Demand>(key, {{"on", Demand::On}, {"off", Demand::Off}}, demand);
}

}  // namespace

std::span<const PollerOption> uring_option_table() { return kTable; }

absl::StatusOr<UringOptions> uring_options_from(const PollerSpec& spec) {
  UringOptions options;
  OptionReader reader(spec, kTable);
  read_demand(reader, "multishot", &options.multishot);
  read_demand(reader, "defer_taskrun", &options.defer_taskrun);
  reader.on_off("fixed_files", &options.fixed_files);
  reader.on_off("bundle", &options.bundle);
  reader.on_off("sqpoll", &options.sqpoll);
  reader.number("zc", 0, 1U << 30, &options.zc_bytes);
  reader.number("napi", 0, kSpinMicrosMax, &options.napi_us);
  reader.number("busy_poll", 0, kSpinMicrosMax, &options.busy_poll_us);
  reader.number("min_wait", 0, kSpinMicrosMax, &options.min_wait_us);
  reader.number("bufs", 2, 32768, &options.blocks);
  reader.number("overflow", 0, 32768, &options.overflow);
  reader.number("buf_size", 512, 1 << 20, &options.block_bytes);
  reader.number("credit", 0, 1U << 30, &options.credit_bytes);
  reader.number("sq", 4, 32768, &options.sq_entries);
  reader.number("cq", 8, 65536, &options.cq_entries);
  const uint64_t blocks = uint64_t{options.blocks} + options.overflow;
  if (blocks * options.block_bytes > kRegionBytesMax) {
    reader.refuse(absl::StrCat("bufs and overflow times buf_size is ", blocks * options.block_bytes,
                               " bytes; at most ", kRegionBytesMax));
  }
  if (options.cq_entries < options.sq_entries) {
    reader.refuse("cq is less than sq; four times sq is a good size");
  }
  if (options.sqpoll && options.defer_taskrun == Demand::On) {
    reader.refuse("sqpoll=on excludes defer_taskrun=on (the kernel refuses both); leave one out");
  }
  SLUICE_RETURN_IF_ERROR(reader.status());
  return options;
}

}  // namespace sluice
