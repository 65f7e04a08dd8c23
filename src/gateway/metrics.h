// What a reactor counts: plain counters, written by its thread alone, summed by whoever reads.
//
// The names and help texts of the exported metrics are in admin/. A gauge is a counter that also
// goes down.
#pragma once

#include <array>

#include "base/counter.h"
#include "session/close_reason.h"

namespace sluice {

struct ShardMetrics {
  Counter connections;     // gauge: open, from adoption to the last completion
  Counter adopted;         // connections taken over
  Counter refused_per_ip;  // closed at once: too many of that address
  std::array<Counter, kCloseReasons> closed;
  Counter bytes_in;
  Counter bytes_out;
  Counter frames_in;
  Counter pings;
  Counter sends;          // SENDs accepted for delivery
  Counter sends_refused;  // SENDACK with another reason than Success
  Counter sendacks;
  Counter recvs;  // RECVs queued
  Counter recvacks;
  Counter undelivered;      // person messages that reached no connection of the receiver
  Counter authenticated;    // CONNACK Success
  Counter online;           // a uid's first connection
  Counter offline;          // a uid's last connection
  Counter sends_in_flight;  // gauge: SENDs without a SENDACK yet
  Counter paused_senders;   // gauge: connections that wait for sends in flight or full mailboxes
  Counter stalled_readers;  // gauge: connections over the outbound high-water mark
};

}  // namespace sluice
