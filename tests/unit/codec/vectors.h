// The reference bytes: what the public Go codec of the protocol writes for these packets.
//
// for_each_vector(visit) calls visit(hex, version, packet) with the packet's own type; hex is the
// whole wkproto frame. Both directions are tested against the same list. Tests only.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "codec/packets.h"

namespace sluice::test {

inline Bytes payload_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class Visit>
void visit_connect_vectors(Visit&& visit) {
  ConnectPacket p;
  p.version = 1;
  p.device_flag = DeviceFlag::Web;
  p.device_id = "deviceID";
  p.uid = "test";
  p.client_timestamp_ms = 1;
  visit("101e010100086465766963654944000474657374000000000000000000010000", 1, p);
  p.version = 5;
  p.device_id = "d1";
  p.uid = "u1";
  p.token = "t1";
  p.client_timestamp_ms = 1700000000000;
  p.client_key = "K";
  visit("101905010002643100027531000274310000018bcfe5680000014b", 5, p);
}

template <class Visit>
void visit_connack_vectors(Visit&& visit) {
  ConnackPacket p;
  p.flags = kFlagHasServerVersion;
  p.server_version = 100;
  p.time_diff_ms = 12345;
  p.reason = Reason::Success;
  p.server_key = "ServerKey";
  p.salt = "Salt";
  visit("21236400000000000030390100095365727665724b6579000453616c740000000000000000", 4, p);
  p.server_version = 5;
  p.time_diff_ms = -1;
  p.server_key = "K";
  p.salt = "S";
  p.node_id = 1001;
  visit("211805ffffffffffffffff0100014b00015300000000000003e9", 5, p);

  ConnackPacket refusal;
  refusal.reason = Reason::AuthFail;
  for (const int version : {1, 2, 3}) {
    visit("200d00000000000000000200000000", static_cast<uint8_t>(version), refusal);
  }
  for (const int version : {4, 5}) {
    visit("2015000000000000000002000000000000000000000000", static_cast<uint8_t>(version), refusal);
  }
}

template <class Visit>
void visit_send_vectors(Visit&& visit) {
  SendPacket p;
  p.flags = kFlagRedDot;
  p.setting = kSettingNoEncrypt;
  p.client_seq = 2;
  p.channel_id = "34341";
  p.channel_type = ChannelType::Group;
  p.expire_s = 100;
  p.payload = payload_of("dsdsdsd1");
  visit("321d1000000002000000053334333431020000006400006473647364736431", 5, p);

  SendPacket topic;
  topic.setting = kSettingReceipt | kSettingTopic;
  topic.client_seq = 1;
  topic.client_msg_no = "m";
  topic.channel_id = "g";
  topic.channel_type = ChannelType::Group;
  topic.msg_key = "k";
  topic.topic = "T";
  topic.payload = payload_of("P");
  visit("3017880000000100016d000167020000000000016b00015450", 5, topic);
}

template <class Visit>
void visit_recv_vectors(Visit&& visit) {
  RecvPacket p;
  p.flags = kFlagNoPersist | kFlagSyncOnce;
  p.from_uid = "123";
  p.channel_id = "3434";
  p.channel_type = ChannelType::Group;
  p.expire_s = 10;
  p.message_id = 1223;
  p.message_seq = 9238934;
  p.timestamp_s = 1700000000;
  p.payload = payload_of("\xe4\xb8\xad\xe6\x96\x87\xe6\xb5\x8b\xe8\xaf\x95");
  visit(
      "55310000000003313233000433343334020000000a000000000000000004c7008cf9966553f100e4b8ade69687e6"
      "b58be8af95",
      3, p);

  RecvPacket stream;
  stream.setting = kSettingStream;
  stream.msg_key = "k";
  stream.from_uid = "a";
  stream.channel_id = "b";
  stream.client_msg_no = "c";
  stream.stream_flag = StreamFlag::Ongoing;
  stream.stream_no = "s";
  stream.stream_id = 9;
  stream.message_id = 2;
  stream.message_seq = 3;
  stream.timestamp_s = 4;
  stream.payload = payload_of("P");
  visit(
      "502b0200016b000161000162010001630100017300000000000000090000000000000002000000030000000450",
      2, stream);
  stream.expire_s = 7;
  visit(
      "502f0200016b000161000162010000000700016301000173000000000000000900000000000000020000000300"
      "00000450",
      4, stream);
  stream.stream_flag = StreamFlag::Start;
  stream.stream_no = "";
  stream.stream_id = 0;
  visit("50230200016b00016100016201000000070001630000000000000002000000030000000450", 5, stream);
}

template <class Visit>
void visit_small_vectors(Visit&& visit) {
  SendackPacket sendack;
  sendack.message_id = 1234;
  sendack.client_seq = 234;
  sendack.message_seq = 2;
  sendack.reason = Reason::Success;
  RecvackPacket recvack;
  recvack.flags = kFlagRedDot;
  recvack.message_id = 1234;
  recvack.message_seq = 2334;
  DisconnectPacket disconnect;
  disconnect.reason = Reason::ConnectKick;
  disconnect.text = "login in other device";
  SubPacket sub;
  sub.setting = 1;
  sub.channel_id = "123456";
  EventPacket event;
  event.id = "123456";
  event.type = "test";
  event.timestamp_ms = 1234567890;
  event.data = payload_of("test");
  for (uint8_t version = 1; version <= 5; ++version) {
    visit("401100000000000004d2000000ea0000000201", version, sendack);
    visit("620c00000000000004d20000091e", version, recvack);
    visit("90180c00156c6f67696e20696e206f7468657220646576696365", version, disconnect);
    visit("a00f010000000631323334353601000000", version, sub);
    visit("c01a000631323334353600047465737400000000499602d274657374", version, event);
  }
}

template <class Visit>
void for_each_vector(Visit&& visit) {
  visit_connect_vectors(visit);
  visit_connack_vectors(visit);
  visit_send_vectors(visit);
  visit_recv_vectors(visit);
  visit_small_vectors(visit);
}

}  // namespace sluice::test
