"""What the kernel keeps for its users: bytes in each slab cache, and the totals of /proc/meminfo.

Pure reading. All of it counts the whole machine: the clients' ends of connections on the loopback
as well as the server's, and whatever the neighbours do meanwhile.
"""
import os

# One per watched descriptor and the like. What io_uring takes from kmalloc-* (its poll requests,
# say) has no name of its own and shows there, among others.
POLLER_CACHES = ("eventpoll_epi", "eventpoll_pwq", "ep_head", "io_kiocb")


def totals():
    """Slab pages and kernel stacks, in bytes."""
    result = {}
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            name, value = line.split(":")
            if name in ("Slab", "SUnreclaim", "KernelStack"):
                result[name] = int(value.split()[0]) * 1024
    return result


def merged_names():
    """{one name of a cache: all its names}: caches of one size and kind are merged, and their
    names in /sys/kernel/slab are links to one place."""
    by_place = {}
    root = "/sys/kernel/slab"
    for name in sorted(os.listdir(root)) if os.path.isdir(root) else []:
        if not name.startswith(":"):
            by_place.setdefault(os.path.realpath(f"{root}/{name}"), []).append(name)
    return {name: names for names in by_place.values() for name in names}


def caches():
    """Bytes of the objects in use, by cache. One that a poller uses carries all its names, as its
    bytes may be somebody else's too. Empty for those who may not read /proc/slabinfo."""
    try:
        with open("/proc/slabinfo", encoding="ascii") as file:
            lines = [line.split() for line in file.readlines()[2:]]
    except PermissionError:
        return {}
    names_of = merged_names()
    result = {}
    for name, active, _, size, *_ in lines:
        names = names_of.get(name, [name])
        label = "+".join(names) if set(names) & set(POLLER_CACHES) else name
        result[label] = int(active) * int(size)
    return result


def growth(before, after, connections, least=8):
    """Bytes per connection by cache; what grew by less than `least` bytes is noise."""
    grown = {name: (after[name] - before.get(name, 0)) / connections for name in after}
    return {name: round(value, 1) for name, value in sorted(grown.items(), key=lambda at: -at[1])
            if abs(value) >= least}
