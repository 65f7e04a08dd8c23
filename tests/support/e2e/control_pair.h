// Two well-behaved people who keep talking while others misbehave: the harm that a fault does to
// somebody else would show here.
#pragma once

#include <string>

#include "support/e2e/gateway_process.h"
#include "support/e2e/test_peer.h"

namespace sluice {

class ControlPair {
 public:
  explicit ControlPair(const GatewayProcess& gateway, Here here = Here());
  // A message each way, with its SENDACK.
  void chat(Here here = Here());

 private:
  TestPeer left_;
  TestPeer right_;
  int said_ = 0;
};

}  // namespace sluice
