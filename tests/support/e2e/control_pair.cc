#include "support/e2e/control_pair.h"

namespace sluice {
namespace {

PeerOptions speaking(Framing framing) {
  PeerOptions options;
  options.framing = framing;
  return options;
}

}  // namespace

ControlPair::ControlPair(const GatewayProcess& gateway, Here here)
    : left_(online(gateway.address(), "control-left", speaking(Framing::Wkproto), here)),
      right_(online(gateway.address(), "control-right", speaking(Framing::Frame6), here)) {}

void ControlPair::chat(Here here) {
  const std::string text = "still here, " + std::to_string(++said_);
  left_.send_text("control-right", text);
  right_.expect_text("control-left", text, here);
  left_.expect_success(here);
  right_.send_text("control-left", text);
  left_.expect_text("control-right", text, here);
  right_.expect_success(here);
}

}  // namespace sluice
