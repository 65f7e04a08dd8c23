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
};

}  // namespace sluice
