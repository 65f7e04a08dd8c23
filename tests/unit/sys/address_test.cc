#include "sys/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "absl/hash/hash.h"

namespace sluice {
namespace {

// The whole message of a text that is no address.
std::string complaint(std::string_view text) {
  const absl::StatusOr<Address> address = Address::parse(text);
  if (address.ok()) return "taken for " + address->to_string();
  EXPECT_TRUE(absl::IsInvalidArgument(address.status()));
  return std::string(address.status().message());
}

TEST(Address, ReadsBothFamiliesAndWritesThemBack) {
  for (const char* text : {"127.0.0.1:5100", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:5100",
                           "[::]:0", "[2001:db8::7]:443"}) {
    const absl::StatusOr<Address> address = Address::parse(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->to_string(), text);
    EXPECT_FALSE(address->empty());
  }
}

TEST(Address, KnowsItsParts) {
  const Address v4 = *Address::parse("10.1.2.3:5100");
  EXPECT_EQ(v4.family(), AF_INET);
  EXPECT_EQ(v4.port(), 5100);
  EXPECT_EQ(v4.ip_string(), "10.1.2.3");
  const Address v6 = *Address::parse("[2001:DB8:0:0::7]:443");
  EXPECT_EQ(v6.family(), AF_INET6);
  EXPECT_EQ(v6.port(), 443);
  EXPECT_EQ(v6.ip_string(), "2001:db8::7");
}

TEST(Address, SaysWhatIsWrongAndHowToWriteIt) {
  EXPECT_EQ(complaint("localhost"),
            "\"localhost\" is not an address: the port is missing; "
            "write 127.0.0.1:5100 or [::1]:5100");
  const auto reason = [](std::string_view text) {
    const std::string all = complaint(text);
    const size_t begin = all.find(": ", all.find("not an address"));
    const size_t end = all.find("; write 127.0.0.1:5100 or [::1]:5100");
    return begin >= end ? all : all.substr(begin + 2, end - begin - 2);
  };
  EXPECT_EQ(reason(""), "the port is missing");
  for (const char* text : {"127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1",
                           "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:1 ", "[::1]"}) {
    EXPECT_EQ(reason(text), "the port is not a number from 0 to 65535") << text;
  }
  for (const char* text : {":5100", "localhost:5100", "127.0.0:1", "127.0.0.256:1", "[:1"}) {
    EXPECT_EQ(reason(text), "the host is not an IPv4 address") << text;
  }
  for (const char* text : {"[]:1", "[127.0.0.1]:1", "[::g]:1", "[::1%eth0]:1"}) {
    EXPECT_EQ(reason(text), "what stands in brackets is not an IPv6 address") << text;
  }
  EXPECT_EQ(reason("::1:5100"), "an IPv6 address needs brackets");
}

TEST(Address, PassesThroughTheKernelsForm) {
  for (const char* text : {"192.0.2.7:81", "[2001:db8::7]:443"}) {
    const Address address = *Address::parse(text);
    sockaddr_storage storage;
    const socklen_t size = address.to_sockaddr(&storage);
    EXPECT_EQ(size, address.family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(storage.ss_family, address.family());
    EXPECT_EQ(Address::from_sockaddr(storage), address);
  }
}

TEST(Address, TakesAnIpv4PeerOfAnIpv6ListenerForIpv4) {
  sockaddr_storage storage;
  Address::parse("[::ffff:192.0.2.7]:81")->to_sockaddr(&storage);
  EXPECT_EQ(Address::from_sockaddr(storage), *Address::parse("192.0.2.7:81"));
}

TEST(Address, IsEmptyForOtherFamilies) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  const Address none = Address::from_sockaddr(storage);
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none, Address());
  EXPECT_EQ(none.family(), AF_UNSPEC);
  EXPECT_EQ(none.to_string(), "-");
  EXPECT_EQ(none.ip_string(), "-");
  EXPECT_EQ(none.to_sockaddr(&storage), 0U);
}

TEST(Address, KnowsTheLoopback) {
  EXPECT_TRUE(Address::parse("127.0.0.1:1")->is_loopback());
  EXPECT_TRUE(Address::parse("127.9.9.9:1")->is_loopback());
  EXPECT_TRUE(Address::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(Address::parse("128.0.0.1:1")->is_loopback());
  EXPECT_FALSE(Address::parse("0.0.0.0:1")->is_loopback());
  EXPECT_FALSE(Address::parse("[::]:1")->is_loopback());
  EXPECT_FALSE(Address::parse("[1::1]:1")->is_loopback());
  EXPECT_FALSE(Address().is_loopback());
}

TEST(Address, IsAValueToCompareAndHash) {
  const Address one = *Address::parse("127.0.0.1:1");
  const Address two = one.with_port(2);
  EXPECT_EQ(two, *Address::parse("127.0.0.1:2"));
  EXPECT_NE(one, two);
  EXPECT_LT(one, two);
  EXPECT_EQ(absl::HashOf(one), absl::HashOf(two.with_port(1)));
  EXPECT_NE(absl::HashOf(one), absl::HashOf(two));
  // The same bytes in another family are another address.
  EXPECT_NE(*Address::parse("0.0.0.0:1"), *Address::parse("[::]:1"));
}

}  // namespace
}  // namespace sluice
