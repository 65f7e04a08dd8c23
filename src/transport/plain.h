// The plain transport: the bytes of the wire are the bytes of the frames.
//
// Transports are pure byte-stream layers between the socket and the codec: unwrap() turns what
// arrived into plain bytes, wrap() turns plain bytes into what goes out. Plain TCP is the identity,
// at no cost. It owns nothing; the bytes stay the caller's.
#pragma once

#include "base/bytes.h"

namespace sluice {

class PlainTransport {
 public:
  // Stop 4 of 7: the transport. WebSocket or TLS would become plain bytes here.
  static MutableBytes unwrap(MutableBytes in) { return in; }
  static Bytes wrap(Bytes out) { return out; }
};

}  // namespace sluice
