#include "gateway/config/validate.h"

#include <gtest/gtest.h>

#include "loading.h"

namespace sluice {
namespace {

using testing_config::load;
using testing_config::problem;
using testing_config::TemporaryFile;

TEST(Validate, FindsNothingWrongWithTheDefaults) {
  EXPECT_TRUE(contradictions(Loaded{}, 20000).empty());
}

TEST(Validate, WantsATokenFileExactlyWithItsMode) {
  EXPECT_EQ(problem(load({"--auth=token-file", "--token-file=tokens"})), "ok");
  EXPECT_EQ(problem(load({"--auth=token-file"})),
            "auth = token-file (flag --auth) needs token-file, which is not set; set token-file to "
            "the file of uids and tokens");
  EXPECT_EQ(problem(load({"--token-file=tokens"})),
            "token-file = tokens (flag --token-file) contradicts auth = none (default); set auth "
            "to token-file or remove token-file");
  const TemporaryFile file("token-file = \"tokens\"\n");
  EXPECT_EQ(problem(load({"--config=" + file.path()}, {"SLUICE_AUTH=none"})),
            "token-file = tokens (" + file.path() +
                ":1:14) contradicts auth = none (environment SLUICE_AUTH); set auth to token-file "
                "or remove token-file");
}

TEST(Validate, RefusesToServeEverybodyWithoutAuthentication) {
  EXPECT_EQ(problem(load({"--listen=tcp://127.0.0.1:1,tcp://0.0.0.0:5100,tcp://[::]:5100"})),
            "listen = tcp://0.0.0.0:5100 (flag --listen) is beyond loopback, and with auth = none "
            "(default) anyone could take any uid; set auth to token-file, listen on 127.0.0.1 or "
            "[::1], or set insecure-no-auth\n"
            "listen = tcp://[::]:5100 (flag --listen) is beyond loopback, and with auth = none "
            "(default) anyone could take any uid; set auth to token-file, listen on 127.0.0.1 or "
            "[::1], or set insecure-no-auth");
  EXPECT_EQ(problem(load({"--listen=tcp://0.0.0.0:5100", "--insecure-no-auth"})), "ok");
  EXPECT_EQ(problem(load({"--listen=tcp://127.0.0.2:1,tcp://[::1]:1"})), "ok");
  EXPECT_EQ(
      problem(load({"--listen=tcp://0.0.0.0:5100", "--auth=token-file", "--token-file=tokens"})),
      "ok");
}

TEST(Validate, KeepsTheAdminPortOnLoopback) {
  EXPECT_EQ(problem(load({"--admin=127.0.0.1:5300"})), "ok");
  EXPECT_EQ(problem(load({"--admin=0.0.0.0:5300"})),
            "admin = 0.0.0.0:5300 (flag --admin) is beyond loopback and asks for no password; use "
            "127.0.0.1 or [::1], or set insecure-no-auth");
  EXPECT_EQ(problem(load({"--admin=0.0.0.0:5300", "--insecure-no-auth"})), "ok");
}

TEST(Validate, RefusesOneAddressForTwoListeners) {
  EXPECT_EQ(problem(load({"--listen=tcp://127.0.0.1:1,tcp://[::1]:1,tcp://127.0.0.1:1"})),
            "listen = tcp://127.0.0.1:1 (flag --listen) is listed twice; keep one of them");
  EXPECT_EQ(problem(load({"--admin=127.0.0.1:5100"})),
            "admin = 127.0.0.1:5100 (flag --admin) contradicts listen = tcp://127.0.0.1:5100 "
            "(default); give one of them another port");
}

TEST(Validate, LetsTheKernelChooseAnyNumberOfPorts) {
  EXPECT_EQ(problem(load({"--listen=tcp://127.0.0.1:0,tcp://127.0.0.1:0", "--admin=127.0.0.1:0"})),
            "ok");
}

TEST(Validate, WantsRoomForAFrameAndItsHeader) {
  EXPECT_EQ(problem(load({"--inbound-bytes-max=1048582"})), "ok");
  EXPECT_EQ(problem(load({"--inbound-bytes-max=1MiB"})),
            "inbound-bytes-max = 1MiB (flag --inbound-bytes-max) cannot hold a frame of "
            "frame-bytes-max = 1MiB (default) and its header of 6; raise inbound-bytes-max to at "
            "least 1048582 or lower frame-bytes-max");
  EXPECT_EQ(problem(load({"--inbound-bytes-max=4102", "--frame-bytes-max=4KiB"})), "ok");
}

TEST(Validate, KeepsTheHighWaterUnderTheLimit) {
  EXPECT_EQ(problem(load({"--outbound-high-water=8MiB"})), "ok");
  EXPECT_EQ(problem(load({"--outbound-bytes-max=512KiB"})),
            "outbound-high-water = 1MiB (default) is over outbound-bytes-max = 512KiB (flag "
            "--outbound-bytes-max); lower the first or raise the second");
}

TEST(Validate, HoldsMaxConnectionsAgainstTheDescriptorLimit) {
  EXPECT_EQ(problem(load({"--max-connections=19744"})), "ok");
  EXPECT_EQ(problem(load({"--max-connections=50000"})),
            "max-connections = 50000 (flag --max-connections) is more than the 19744 that the "
            "limit of 20000 open descriptors leaves, since 256 are kept back; lower it to 19744, "
            "or raise the limit to 50256 with ulimit -Hn");
  EXPECT_EQ(problem(load({}, {}, {.descriptor_limit = 256})),
            "the limit of 256 open descriptors leaves no connection, since 256 are kept back; "
            "raise it, with ulimit -Hn");
  EXPECT_EQ(problem(load({}, {}, {.descriptor_limit = 257})), "ok");
}

TEST(Validate, ConcludesNothingFromARefusedKey) {
  Loaded loaded;
  loaded.config.outbound_high_water = 2 * loaded.config.outbound_bytes_max;
  EXPECT_EQ(contradictions(loaded, 20000).size(), 1u);
  loaded.source_of("outbound-bytes-max").refused = true;
  EXPECT_TRUE(contradictions(loaded, 20000).empty());
}

}  // namespace
}  // namespace sluice
