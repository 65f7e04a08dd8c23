// Who is let in: tokens and their file, the rules for uids, what is refused and how.
#include <gtest/gtest.h>
#include <signal.h>

#include "support/e2e/gateway_test.h"

namespace sluice {
namespace {

class Auth : public GatewayTest {};
SLUICE_GATEWAY_SUITE(Auth);

PeerOptions with_token(std::string_view token, DeviceFlag flag = DeviceFlag::App) {
  PeerOptions options;
  options.token = token;
  options.device_flag = flag;
  return options;
}

Reason answer_to(GatewayProcess& gateway, std::string_view uid, const PeerOptions& options) {
  TestPeer peer(gateway.address(), options);
  return peer.connect(uid).reason;
}

TEST_P(Auth, ATokenFileLetsInWhoHasTheRightToken) {
  const std::string path = temporary_file("auth_tokens.txt",
                                          "# uid token device\n"
                                          "alice s3cret\n"
                                          "bob hunter2 pc\n");
  GatewayProcess& gateway = start({"--auth=token-file", "--token-file=" + path});
  EXPECT_EQ(answer_to(gateway, "alice", with_token("s3cret")), Reason::Success);
  EXPECT_EQ(answer_to(gateway, "alice", with_token("S3cret")), Reason::AuthFail);
  EXPECT_EQ(answer_to(gateway, "alice", with_token("")), Reason::AuthFail);
  EXPECT_EQ(answer_to(gateway, "bob", with_token("hunter2", DeviceFlag::Pc)), Reason::Success);
  EXPECT_EQ(answer_to(gateway, "bob", with_token("hunter2")), Reason::AuthFail);
  EXPECT_EQ(answer_to(gateway, "carol", with_token("s3cret")), Reason::AuthFail);
  gateway.wait_for_log("connection closed", {{"reason", "auth_failed"}}, 4);
}

TEST_P(Auth, TheRefusingConnackGoesOutBeforeTheEnd) {
  const std::string path = temporary_file("auth_one.txt", "alice s3cret\n");
  GatewayProcess& gateway = start({"--auth=token-file", "--token-file=" + path});
  for (const uint8_t version : {uint8_t{1}, kProtocolVersionMax}) {
    PeerOptions options = with_token("wrong");
    options.version = version;
    TestPeer peer(gateway.address(), options);
    const ConnackPacket ack = peer.connect("alice");
    EXPECT_EQ(ack.reason, Reason::AuthFail);
    EXPECT_EQ(ack.flags, 0);
    peer.expect_eof();
    expect_close(gateway, peer, "auth_failed");
  }
}

TEST_P(Auth, HangupReadsTheTokenFileAgainAndABrokenOneChangesNothing) {
  const std::string path = temporary_file("auth_reload.txt", "alice old\n");
  GatewayProcess& gateway = start({"--auth=token-file", "--token-file=" + path});
  TestPeer alice = online(gateway.address(), "alice", with_token("old"));

  temporary_file("auth_reload.txt", "alice new\nbob token tablet\n");
  gateway.send_signal(SIGHUP);
  const auto broken = gateway.wait_for_log("the token file is broken, the old one stays in force");
  ASSERT_FALSE(broken.empty());
  EXPECT_NE(broken[0]["error"].find(path + ":2: "), std::string_view::npos) << broken[0]["error"];
  EXPECT_EQ(answer_to(gateway, "alice", with_token("old")), Reason::Success);
  EXPECT_EQ(answer_to(gateway, "alice", with_token("new")), Reason::AuthFail);

  temporary_file("auth_reload.txt", "alice new\nbob token\n");
  gateway.send_signal(SIGHUP);
  gateway.wait_for_log("token file read again", {{"entries", "2"}});
  EXPECT_EQ(answer_to(gateway, "alice", with_token("old")), Reason::AuthFail);
  EXPECT_EQ(answer_to(gateway, "bob", with_token("token")), Reason::Success);
}

TEST_P(Auth, WhoIsConnectedStaysWhenTheTokenFileChanges) {
  const std::string path = temporary_file("auth_stays.txt", "alice old\n");
  GatewayProcess& gateway = start({"--auth=token-file", "--token-file=" + path});
  TestPeer alice = online(gateway.address(), "alice", with_token("old"));
  temporary_file("auth_stays.txt", "bob token\n");
  gateway.send_signal(SIGHUP);
  gateway.wait_for_log("token file read again", {{"entries", "1"}});
  alice.expect_quiet();
}

TEST_P(Auth, AMissingTokenFileStopsTheStart) {
  const Finished sluice =
      run_sluice({"--listen=tcp://127.0.0.1:0", "--auth=token-file",
                  "--poller=" + std::string(GetParam()), "--token-file=/nowhere/tokens.txt"});
  EXPECT_EQ(sluice.exit_code, 1);
  EXPECT_NE(sluice.errors.find("/nowhere/tokens.txt"), std::string::npos) << sluice.errors;
}

TEST_P(Auth, ABrokenTokenFileStopsTheStartAndNamesTheLine) {
  const std::string path = temporary_file("auth_broken.txt", "alice s3cret\n\nbob\n");
  const Finished sluice =
      run_sluice({"--listen=tcp://127.0.0.1:0", "--auth=token-file", "--token-file=" + path,
                  "--poller=" + std::string(GetParam())});
  EXPECT_EQ(sluice.exit_code, 1);
  EXPECT_NE(sluice.errors.find(path + ":3: "), std::string::npos) << sluice.errors;
}

TEST_P(Auth, NoAuthenticationBeyondLoopbackIsRefused) {
  for (const std::string_view address : {"tcp://0.0.0.0:0", "tcp://[::]:0", "tcp://10.1.2.3:0"}) {
    const Finished sluice =
        run_sluice({"--listen=" + std::string(address), "--poller=" + std::string(GetParam())});
    EXPECT_EQ(sluice.exit_code, 2);
    EXPECT_NE(sluice.errors.find("insecure-no-auth"), std::string::npos) << sluice.errors;
  }
}

TEST_P(Auth, InsecureNoAuthServesEveryInterface) {
  GatewayProcess& gateway = start({"--listen=tcp://0.0.0.0:0", "--insecure-no-auth"});
  const auto loopback = Address::parse("127.0.0.1:" + std::to_string(gateway.address().port()));
  TestPeer alice = online(*loopback, "alice");
  alice.expect_quiet();
}

TEST_P(Auth, AClientThatAsksForEncryptionIsToldWhyNot) {
  GatewayProcess& gateway = start();
  PeerOptions options;
  options.client_key = "3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=";
  TestPeer peer(gateway.address(), options);
  EXPECT_EQ(peer.connect("alice").reason, Reason::SystemError);
  peer.expect_eof();
  const LogLine line = expect_close(gateway, peer, "auth_failed");
  EXPECT_NE(line["detail"].find("encryption"), std::string_view::npos) << line["detail"];
}

TEST_P(Auth, AUidThatBreaksTheRulesIsRefused) {
  GatewayProcess& gateway = start();
  const std::string too_long(256, 'u');
  for (const std::string_view uid :
       {"", "   ", "a@b", "a#b", "a&b", "a\nb", "a\x7f", "a\xc3", "\xed\xa0\x80", "\xc0\xaf"}) {
    EXPECT_EQ(answer_to(gateway, uid, {}), Reason::AuthFail) << testing::PrintToString(uid);
  }
  EXPECT_EQ(answer_to(gateway, std::string(255, 'u'), {}), Reason::Success);
  EXPECT_EQ(answer_to(gateway, "用户", {}), Reason::Success);
}

TEST_P(Auth, VersionZeroIsRefusedAndAFutureOneIsSpokenToInOurs) {
  GatewayProcess& gateway = start();
  PeerOptions options;
  options.version = 0;
  TestPeer ancient(gateway.address(), options);
  ancient.send_raw(encoded_connect("alice", options));
  ASSERT_EQ(ancient.next(), TestPeer::News::Frame);
  ConnackPacket ack;
  ASSERT_TRUE(decode(ancient.frame(), 1, ack).ok());
  EXPECT_EQ(ack.reason, Reason::AuthFail);

  options.version = 200;
  TestPeer future(gateway.address(), options);
  future.send_raw(encoded_connect("alice", options));
  ASSERT_EQ(future.next(), TestPeer::News::Frame);
  ASSERT_TRUE(decode(future.frame(), kProtocolVersionMax, ack).ok());
  EXPECT_EQ(ack.reason, Reason::Success);
  EXPECT_EQ(ack.server_version, kProtocolVersionMax);
}

}  // namespace
}  // namespace sluice
