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
    "epoll:busy_poll=200,napi=50",
    "uring",
    "uring:bufs=2,overflow=0,buf_size=512",
    "uring:multishot=off,defer_taskrun=off",
    "uring:bundle=on,fixed_files=on,bufs=8,overflow=2,buf_size=512",
    "uring:sqpoll=on",
    "uring:zc=1,credit=0",
    "uring:sq=4,cq=8",
    "uring:busy_poll=100,min_wait=100,napi=50",
};

}  // namespace sluice
