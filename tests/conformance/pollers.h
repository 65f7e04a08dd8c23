// The pollers that the conformance suite runs over. A new poller joins with one line here.
//
// Each line is a spec as --poller takes it. A poller that this build or this machine lacks is
// skipped aloud. A spec with two small blocks is the hard case: every batch runs out of them.
#pragma once

#include <string_view>

namespace sluice {

inline constexpr std::string_view kPollersUnderTest[] = {
    "epoll",
    "epoll:bufs=2,buf_size=512",
    "epoll:trigger=level",
    "epoll:trigger=level,bufs=2,buf_size=512",
    "epoll:write_interest=always",
    "epoll:busy_poll=200",
};

}  // namespace sluice
