"""Where a stack's time belongs: a layer for each sample, by the innermost frame that names one.

Pure. A flame graph shows everything and says nothing; this table says in a dozen lines what a
message costs in which part of gateway and kernel, comparably for every poller. A rule is a pattern
on a frame's name; the frames are asked from the leaf to the root, for each frame the rules in
their order. So a checksum inside tcp_sendmsg is TCP's, and a lock that nobody names falls to its
caller.
"""
import re

from tools.profile import stacks

OTHER = "other"
# (layer, pattern on kernel frames, pattern on user frames); None: none of that kind.
RULES = [
    (layer, kernel and re.compile(kernel), user and re.compile(user)) for layer, kernel, user in (
        ("waking the peer", r"(sock_def_readable|__wake_up|try_to_wake_up|ep_poll_callback"
         r"|autoremove_wake|default_wake_function|ttwu_)", None),
        ("the peer's half of the loopback: softirq receive", r"(do_softirq|handle_softirqs"
         r"|net_rx_action|process_backlog|__netif_receive|ip_rcv|ip_local_deliver|tcp_v4_rcv"
         r"|tcp_v6_rcv|tcp_rcv_established)", None),
        ("socket send: TCP, IP, loopback device", r"(tcp_sendmsg|tcp_write_xmit|tcp_push"
         r"|__tcp_transmit|ip_queue_xmit|ip_output|dev_queue_xmit|dev_hard_start|loopback_xmit"
         r"|sock_sendmsg|inet_sendmsg|inet6_sendmsg|tcp_stream_alloc)", None),
        ("socket receive: TCP", r"(tcp_recvmsg|sock_recvmsg|inet_recvmsg|inet6_recvmsg"
         r"|tcp_rcv_space|tcp_cleanup_rbuf|__tcp_select_window)", None),
        ("sleeping and scheduling", r"(^schedule$|^__schedule|finish_task_switch|schedule_hrtimeout"
         r"|pick_next|dequeue_task|enqueue_task|^do_nanosleep)", None),
        ("epoll in the kernel", r"(^do_epoll|^ep_|^__x64_sys_epoll|eventpoll)", None),
        ("io_uring in the kernel: its tasks, polls and completions", r"(^io_|^__io_|sys_io_uring)",
         None),
        ("system call: entry, descriptor, copying arguments", r"(entry_SYSCALL|do_syscall_64"
         r"|__x64_sys_|__sys_|___sys_|sockfd_lookup|fdget|syscall_|exit_to_user)", None),
        ("interrupts", r"(asm_sysvec|asm_common_interrupt|irqentry|sysvec_|irq_exit)", None),
        ("allocator", None, r"(^malloc$|^free$|^calloc$|^realloc$|^_?je_|operator new"
         r"|operator delete|^_int_malloc|^_int_free|^arena_|^tcache)"),
        ("gateway: poller", None, r"sluice::(EpollPoller|UringPoller|UringRing|LentBlocks|Trial)"),
        ("gateway: codec and rules of text", None, r"sluice::(decode|encode|Frame|frame_"
         r"|\w+Packet|Varint|varint|load_be|store_be|Reader|Writer|Sizer|Encodings|utf8|is_valid"
         r"|is_control|has_control|check_channel)"),
        ("gateway: session", None, r"sluice::(Session|\w*Authenticator|Action)"),
        ("gateway: broker and presence", None, r"sluice::(MemoryBroker|Presence|Members|Identity"
         r"|Message|Snowflake|Subscription)"),
        ("gateway: buffers and queues", None, r"sluice::(OutQueue|ByteRing|BlockPool|BufferPool"
         r"|SharedFrame|Mpsc|Mail)"),
        ("gateway: timers", None, r"sluice::(TimingWheel|Timer)"),
        ("gateway: connection and shard", None, r"sluice::(Connection|Shard|Gateway|Resident)"),
        ("gateway: reactor", None, r"sluice::(Reactor|SlotMap|Accept|Balancer)"),
        ("gateway: the rest", None, r"sluice::"),
    )
]
NAMES = [rule[0] for rule in RULES] + [OTHER]


def layer_of(stack):
    """The layer of one stack, whose frames stand from root to leaf."""
    for frame in reversed(stack):
        name, kind = stacks.split_frame(frame)
        for layer, kernel, user in RULES:
            pattern = kernel if kind == "kernel" else user
            if pattern is not None and pattern.search(name):
                return layer
    return OTHER


def sums(stacks_by_weight):
    """{layer: weight}, in the order of the rules; empty layers are left out."""
    result = {}
    for stack, weight in stacks_by_weight.items():
        stacks.add(result, layer_of(stack), weight)
    return {name: result[name] for name in NAMES if name in result}
