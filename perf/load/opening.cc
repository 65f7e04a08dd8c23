#include "load/opening.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "codec/bounds.h"
#include "codec/decode.h"
#include "codec/encode.h"
#include "sys/errno_status.h"

namespace sluice::load {
namespace {

constexpr uint32_t kHostsPerBlock = 250;

absl::Status send_whole(int fd, Bytes bytes) {
  const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0) return errno_status(errno, "cannot send");
  // A blocking socket takes all of a few hundred bytes.
  SLUICE_CHECK(n == static_cast<ssize_t>(bytes.size()), "a short send on a fresh connection");
  return absl::OkStatus();
}

// Waits for one frame of `type`, which is all that may come, and decodes it into `packet`. The
// views in it live as long as `in`.
template <typename Packet>
absl::Status receive(int fd, Framing framing, std::array<std::byte, 512>& in, Packet& packet) {
  size_t got = 0;
  for (;;) {
    const ssize_t n = recv(fd, in.data() + got, in.size() - got, 0);
    const std::string_view wanted = name_of(Packet::kType);
    if (n == 0) {
      return absl::UnavailableError(
          absl::StrCat("the server closes instead of ", std::string(wanted)));
    }
    if (n < 0 && errno == EAGAIN) {
      return absl::DeadlineExceededError(absl::StrCat(
          "the server has said nothing for ", kSilenceMaxS, " s: no ", std::string(wanted)));
    }
    if (n < 0) return errno_status(errno, absl::StrCat("waiting for ", std::string(wanted)));
    got += static_cast<size_t>(n);
    const FrameResult result = decode_frame(framing, Bytes(in).first(got), kFrameBodyBytesMax);
    if (result.status == FrameStatus::NeedMore && got < in.size()) continue;
    if (result.status != FrameStatus::Ok || result.frame.type != Packet::kType ||
        result.frame.size != got || !decode(result.frame, kProtocolVersionMax, packet).ok()) {
      return absl::InternalError(
          absl::StrCat("the server answers something else than ", std::string(wanted)));
    }
    return absl::OkStatus();
  }
}

absl::Status refused(std::string_view what, Reason reason) {
  return absl::PermissionDeniedError(absl::StrCat("the server refuses ", std::string(what),
                                                  ": reason ", static_cast<int>(reason)));
}

}  // namespace

Address source_of(const Address& server, uint32_t number) {
  if (!server.is_loopback() || server.family() != AF_INET) return {};
  const uint32_t host = number / kConnectionsPerAddress;
  const auto address = Address::parse(
      absl::StrCat("127.1.", host / kHostsPerBlock, ".", 1 + host % kHostsPerBlock, ":0"));
  return address.ok() ? *address : Address{};
}

UniqueFd make_socket(const Address& server, uint32_t number, int flags) {
  UniqueFd fd(socket(server.family(), SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
  const Address source = source_of(server, number);
  if (!fd.valid() || source.empty()) return fd;
  const int on = 1;
  sockaddr_storage storage;
  const socklen_t size = source.to_sockaddr(&storage);
  if (setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
      bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return {};
  }
  return fd;
}

bool start_connect(int fd, const Address& server) {
  sockaddr_storage storage;
  const socklen_t size = server.to_sockaddr(&storage);
  return connect(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0 ||
         errno == EINPROGRESS;
}

absl::StatusOr<UniqueFd> open_connection(const Address& server, uint32_t number, Window window) {
  UniqueFd fd = make_socket(server, number, 0);
  if (!fd.valid()) return errno_status(errno, "cannot make a socket");
  const timeval patience{kSilenceMaxS, 0};
  const linger at_once{1, 0};
  const int on = 1;
  const int smallest = 1;  // the kernel takes its least instead
  const int segment_bytes = 1460;
  bool good = setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
              setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0 &&
              setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
  if (window == Window::Small) {
    good = good && setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest) == 0 &&
           setsockopt(fd.get(), IPPROTO_TCP, TCP_MAXSEG, &segment_bytes, sizeof segment_bytes) == 0;
  }
  if (!good) return errno_status(errno, "setsockopt");
  if (!start_connect(fd.get(), server)) {
    return errno_status(errno, absl::StrCat("cannot connect to ", server.to_string()));
  }
  return fd;
}

void append_connect(std::vector<std::byte>& out, const Name& uid, Framing framing) {
  ConnectPacket connect;
  connect.version = kProtocolVersionMax;
  connect.uid = uid.view();
  connect.device_id = "device-0001";
  const size_t at = out.size();
  out.resize(at + encoded_size(connect, framing, kProtocolVersionMax));
  encode(connect, framing, kProtocolVersionMax, MutableBytes(out).subspan(at));
}

absl::Status authenticate(const std::vector<int>& fds, const std::vector<Name>& uids,
                          Framing framing) {
  std::vector<std::byte> out;
  for (size_t i = 0; i < fds.size(); ++i) {
    out.clear();
    append_connect(out, uids[i], framing);
    SLUICE_RETURN_IF_ERROR(send_whole(fds[i], out));
  }
  std::array<std::byte, 512> in{};
  for (const int fd : fds) {
    ConnackPacket connack;
    SLUICE_RETURN_IF_ERROR(receive(fd, framing, in, connack));
    if (connack.reason != Reason::Success) return refused("CONNECT", connack.reason);
  }
  return absl::OkStatus();
}

absl::Status subscribe(const std::vector<int>& fds, const std::vector<Name>& groups,
                       Framing framing) {
  std::vector<std::byte> out;
  for (size_t i = 0; i < fds.size(); ++i) {
    SubPacket sub;
    sub.channel_id = groups[i].view();
    sub.channel_type = ChannelType::Group;
    out.resize(encoded_size(sub, framing, kProtocolVersionMax));
    encode(sub, framing, kProtocolVersionMax, out);
    SLUICE_RETURN_IF_ERROR(send_whole(fds[i], out));
  }
  std::array<std::byte, 512> in{};
  for (const int fd : fds) {
    SubackPacket suback;
    SLUICE_RETURN_IF_ERROR(receive(fd, framing, in, suback));
    if (suback.reason != Reason::Success) return refused("SUB", suback.reason);
  }
  return absl::OkStatus();
}

}  // namespace sluice::load
