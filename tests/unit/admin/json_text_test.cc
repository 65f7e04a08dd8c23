#include "admin/json_text.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace sluice {
namespace {

using nlohmann::json;

TEST(JsonText, WritesEveryFieldOfAConnectionInOrder) {
  ConnectionRecord record;
  record.id = (uint64_t{1} << 56) - 1;
  record.uid = "u";
  record.device_id = "d";
  record.device_flag = 99;
  record.peer = "127.0.0.1:1";
  record.local = "127.0.0.1:2";
  record.state = "active";
  record.reactor = 3;
  record.uptime_ms = 4;
  record.idle_ms = 5;
  record.bytes_in = 6;
  record.bytes_out = 7;
  record.messages_in = 8;
  record.messages_out = 9;
  record.queued_bytes = 10;
  EXPECT_EQ(connections_json(12, {2, 1}, std::array{record}),
            R"({"total":12,"offset":2,"limit":1,"connections":[)"
            R"({"id":72057594037927935,"uid":"u","device_id":"d","device_flag":99,)"
            R"("peer":"127.0.0.1:1","local":"127.0.0.1:2","state":"active","reactor":3,)"
            R"("uptime_ms":4,"idle_ms":5,"bytes_in":6,"bytes_out":7,"messages_in":8,)"
            R"("messages_out":9,"queued_bytes":10}]})"
            "\n");
}

TEST(JsonText, WritesAnEmptyListAsOne) {
  EXPECT_EQ(connections_json(0, {}, {}),
            "{\"total\":0,\"offset\":0,\"limit\":100,\"connections\":[]}\n");
}

TEST(JsonText, KeepsAnyUtf8OfAUid) {
  ConnectionRecord record;
  record.uid = "\xE4\xB8\xAD\xE6\x96\x87 \xF0\x9F\x98\x80 \" \\ \x01 </script>";
  const json parsed = json::parse(connections_json(1, {}, std::array{record}));
  EXPECT_EQ(parsed["connections"][0]["uid"], record.uid);
}

TEST(JsonText, ReplacesWhatIsNoUtf8) {
  ConnectionRecord record;
  record.device_id = "a\xFFz";
  const json parsed = json::parse(connections_json(1, {}, std::array{record}));
  EXPECT_EQ(parsed["connections"][0]["device_id"], "a\xEF\xBF\xBDz");
  EXPECT_EQ(json::parse(error_json("\xC3"))["error"], "\xEF\xBF\xBD");
}

TEST(JsonText, TellsWhatThereIsWhereAPathIsNot) {
  constexpr std::array<std::string_view, 2> kPaths = {"/a", "/b"};
  EXPECT_EQ(not_found_json("/\"c", kPaths),
            "{\"error\":\"there is no /\\\"c\",\"paths\":[\"/a\",\"/b\"]}\n");
}

}  // namespace
}  // namespace sluice
