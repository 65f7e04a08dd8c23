#include "session/session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "codec/bounds.h"
#include "codec/encode.h"

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// The bytes of a frame and the view of it that a session is given.
class WholeFrame {
 public:
  template <typename Packet>
  explicit WholeFrame(const Packet& packet, uint8_t version = 5)
      : bytes_(encoded_size(packet, Framing::Wkproto, version)) {
    encode(packet, Framing::Wkproto, version, bytes_);
    frame_ = decode_frame(Framing::Wkproto, bytes_, kFrameBodyBytesMax).frame;
  }
  WholeFrame(const WholeFrame&) = delete;  // the frame points into the bytes
  WholeFrame& operator=(const WholeFrame&) = delete;

  // The same type and flags, with a body cut to `bytes`.
  WholeFrame& cut_to(size_t bytes) {
    frame_.body = frame_.body.first(bytes);
    return *this;
  }
  const Frame& get() const { return frame_; }

 private:
  std::vector<std::byte> bytes_;
  Frame frame_;
};

Frame bare(PacketType type) {
  Frame frame;
  frame.type = type;
  return frame;
}

ConnectPacket connect_packet(uint8_t version = 5) {
  ConnectPacket connect;
  connect.version = version;
  connect.device_flag = DeviceFlag::Pc;
  connect.device_id = "d1";
  connect.uid = "u1";
  connect.token = "t1";
  return connect;
}

Session authed(uint8_t version = 5) {
  Session session;
  EXPECT_EQ(session.on_frame(WholeFrame(connect_packet(version)).get()).act, Act::Authenticate);
  session.on_accepted();
  return session;
}

TEST(Session, GoesThroughItsFourStates) {
  Session session;
  EXPECT_EQ(session.state(), ConnState::Connected);
  const WholeFrame connect(connect_packet());
  const Action asked = session.on_frame(connect.get());
  EXPECT_EQ(asked.act, Act::Authenticate);
  EXPECT_EQ(session.state(), ConnState::Connected);
  session.on_accepted();
  EXPECT_EQ(session.state(), ConnState::Authed);
  EXPECT_EQ(session.on_frame(bare(PacketType::Ping)).act, Act::Pong);
  EXPECT_EQ(session.state(), ConnState::Active);
  session.on_close();
  EXPECT_EQ(session.state(), ConnState::Closed);
}

TEST(Session, WaitsFromConnectToItsAnswer) {
  Session session;
  EXPECT_FALSE(session.waiting());
  static_cast<void>(session.on_frame(WholeFrame(connect_packet()).get()));
  EXPECT_TRUE(session.waiting());
  session.on_accepted();
  EXPECT_FALSE(session.waiting());
}

TEST(Session, StopsWaitingWhenItIsClosed) {
  Session session;
  static_cast<void>(session.on_frame(WholeFrame(connect_packet()).get()));
  session.on_close();
  EXPECT_FALSE(session.waiting());
  session.on_accepted();  // an answer that comes too late
  EXPECT_EQ(session.state(), ConnState::Closed);
}

TEST(Session, HandsOutTheConnectPacketAndRemembersTheDevice) {
  Session session;
  const WholeFrame frame(connect_packet());
  const Action action = session.on_frame(frame.get());
  const auto& connect = std::get<ConnectPacket>(action.packet);
  EXPECT_EQ(connect.uid, "u1");
  EXPECT_EQ(connect.device_id, "d1");
  EXPECT_EQ(connect.token, "t1");
  EXPECT_EQ(session.device_flag(), DeviceFlag::Pc);
}

TEST(Session, SpeaksTheLowerOfTheTwoVersions) {
  for (int version = 0; version < 256; ++version) {
    Session session;
    static_cast<void>(
        session.on_frame(WholeFrame(connect_packet(static_cast<uint8_t>(version))).get()));
    EXPECT_EQ(session.version(), std::clamp(version, 1, int{kProtocolVersionMax}));
  }
}

TEST(Session, ReadsBodiesInTheVersionOfTheConnect) {
  SendPacket send;
  send.channel_id = "bob";
  send.expire_s = 60;
  send.payload = bytes_of("hi");
  for (const uint8_t version : {uint8_t{2}, uint8_t{3}}) {
    Session session = authed(version);
    const WholeFrame frame(send, version);
    const Action action = session.on_frame(frame.get());
    ASSERT_EQ(action.act, Act::Publish);
    const auto& read = std::get<SendPacket>(action.packet);
    EXPECT_EQ(read.expire_s, version < 3 ? 0U : 60U);
    EXPECT_EQ(text_of(read.payload), "hi");
  }
}

TEST(Session, AnswersEachPacketOfAClientWithItsAct) {
  SendPacket send;
  send.channel_id = "bob";
  SubPacket sub;
  sub.channel_id = "room";
  const auto expect = [](const WholeFrame& frame, Act act, ConnState next) {
    Session session = authed();
    EXPECT_EQ(session.on_frame(frame.get()).act, act);
    EXPECT_EQ(session.state(), next);
  };
  expect(WholeFrame(send), Act::Publish, ConnState::Active);
  expect(WholeFrame(RecvackPacket{}), Act::Acknowledge, ConnState::Active);
  expect(WholeFrame(sub), Act::Subscribe, ConnState::Active);
  expect(WholeFrame(DisconnectPacket{}), Act::Goodbye, ConnState::Closed);
}

TEST(Session, RefusesAFrameBeforeConnect) {
  for (const PacketType type : {PacketType::Send, PacketType::Recvack, PacketType::Ping,
                                PacketType::Disconnect, PacketType::Sub}) {
    Session session;
    const Action action = session.on_frame(bare(type));
    EXPECT_EQ(action.act, Act::Refuse) << name_of(type);
    EXPECT_EQ(action.detail, "a frame before CONNECT") << name_of(type);
    EXPECT_EQ(session.state(), ConnState::Closed) << name_of(type);
  }
}

TEST(Session, RefusesASecondConnect) {
  Session session = authed();
  const Action action = session.on_frame(WholeFrame(connect_packet()).get());
  EXPECT_EQ(action.act, Act::Refuse);
  EXPECT_EQ(action.detail, "a second CONNECT");
  EXPECT_EQ(session.state(), ConnState::Closed);
}

TEST(Session, RefusesPacketsThatOnlyServersSend) {
  for (const PacketType type : {PacketType::Connack, PacketType::Sendack, PacketType::Recv,
                                PacketType::Pong, PacketType::Suback, PacketType::Event}) {
    for (const bool in : {false, true}) {
      Session session = in ? authed() : Session();
      const Action action = session.on_frame(bare(type));
      EXPECT_EQ(action.act, Act::Refuse) << name_of(type);
      EXPECT_EQ(action.detail, "a packet that only servers send") << name_of(type);
      EXPECT_EQ(session.state(), ConnState::Closed) << name_of(type);
    }
  }
}

TEST(Session, NamesTheFieldThatCannotBeRead) {
  SendPacket send;
  send.client_msg_no = "m1";
  send.channel_id = "bob";
  // setting 1, clientSeq 4, clientMsgNo 2 + 2, channelID 2 + 3, channelType 1, expire 4, msgKey 2
  const std::vector<std::pair<size_t, std::string_view>> cuts{
      {0, "setting"},      {4, "clientSeq"}, {8, "clientMsgNo"}, {13, "channelID"},
      {14, "channelType"}, {18, "expire"},   {20, "msgKey"}};
  for (const auto& [bytes, field] : cuts) {
    Session session = authed();
    const Action action = session.on_frame(WholeFrame(send).cut_to(bytes).get());
    EXPECT_EQ(action.act, Act::Refuse) << field;
    EXPECT_EQ(action.detail, field);
    EXPECT_EQ(session.state(), ConnState::Closed) << field;
  }
}

TEST(Session, RefusesAConnectItCannotReadAndDoesNotWait) {
  Session session;
  const Action action = session.on_frame(WholeFrame(connect_packet()).cut_to(12).get());
  EXPECT_EQ(action.act, Act::Refuse);
  EXPECT_EQ(action.detail, "token");
  EXPECT_FALSE(session.waiting());
  EXPECT_EQ(session.state(), ConnState::Closed);
}

TEST(Session, IgnoresWhatComesAfterTheEnd) {
  Session session = authed();
  session.on_close();
  for (const PacketType type : {PacketType::Connect, PacketType::Send, PacketType::Ping,
                                PacketType::Disconnect, PacketType::Recv}) {
    EXPECT_EQ(session.on_frame(bare(type)).act, Act::Ignore) << name_of(type);
  }
  session.on_close();
  EXPECT_EQ(session.state(), ConnState::Closed);
}

TEST(Session, IsAcceptedOnce) {
  Session session = authed();
  EXPECT_DEATH(session.on_accepted(), "accepted once");
}

TEST(Session, MustBeAcceptedInTimeHoweverMuchItSays) {
  const SessionTimeouts timeouts{seconds(30), minutes(5)};
  const Instant opened{seconds(100)};
  Session session;
  EXPECT_EQ(session.deadline(opened, opened + seconds(20), timeouts), opened + seconds(30));
  EXPECT_EQ(session.overdue_reason(), CloseReason::AuthTimeout);
  static_cast<void>(session.on_frame(WholeFrame(connect_packet()).get()));
  EXPECT_EQ(session.deadline(opened, opened + seconds(20), timeouts), opened + seconds(30));
  EXPECT_EQ(session.overdue_reason(), CloseReason::AuthTimeout);
}

TEST(Session, MustKeepTalkingOnceItIsAccepted) {
  const SessionTimeouts timeouts{seconds(30), minutes(5)};
  const Instant opened{seconds(100)};
  const Instant active = opened + seconds(1000);
  Session session = authed();
  EXPECT_EQ(session.deadline(opened, active, timeouts), active + minutes(5));
  EXPECT_EQ(session.overdue_reason(), CloseReason::Idle);
  static_cast<void>(session.on_frame(bare(PacketType::Ping)));
  EXPECT_EQ(session.deadline(opened, active, timeouts), active + minutes(5));
  EXPECT_EQ(session.overdue_reason(), CloseReason::Idle);
}

TEST(Session, HasNoDeadlineWithoutAnIdleTimeoutOrAfterTheEnd) {
  const Instant opened{seconds(100)};
  Session session = authed();
  EXPECT_EQ(session.deadline(opened, opened, {seconds(30), Duration::zero()}), kNever);
  session.on_close();
  EXPECT_EQ(session.deadline(opened, opened, {seconds(30), minutes(5)}), kNever);
}

TEST(CheckConnect, TakesAnOrdinaryClient) {
  for (const uint8_t version : {uint8_t{1}, uint8_t{5}, uint8_t{200}}) {
    const ConnectCheck check = check_connect(connect_packet(version));
    EXPECT_EQ(check.reason, Reason::Success);
    EXPECT_TRUE(check.why.empty());
  }
}

TEST(CheckConnect, RefusesVersionZeroABadUidAndAWishForEncryption) {
  EXPECT_EQ(check_connect(connect_packet(0)).reason, Reason::AuthFail);
  for (const std::string_view uid : {"", " ", "a@b", "a#b", "a&b", "a\nb", "\xff"}) {
    ConnectPacket connect = connect_packet();
    connect.uid = uid;
    EXPECT_EQ(check_connect(connect).reason, Reason::AuthFail);
    EXPECT_FALSE(check_connect(connect).why.empty());
  }
  ConnectPacket connect = connect_packet();
  connect.client_key = "K";
  EXPECT_EQ(check_connect(connect).reason, Reason::SystemError);
  EXPECT_FALSE(check_connect(connect).why.empty());
}

}  // namespace
}  // namespace sluice
