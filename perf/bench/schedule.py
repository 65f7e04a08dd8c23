"""In which order things are measured. Pure: it starts nothing and knows no clock.

What drifts slowly (clock rates, neighbours, a cache that warms up) must fall on all members of a
comparison alike. So rounds come in blocks of two, the second one backwards, and each block begins
with another member:

    two members      A B | B A    B A | A B    ...         ABBA, then BAAB
    three            A B C | C B A    B C A | A C B    ...

A pair is the base's run and another member's of the same round, so that they are neighbours in
time; with many members they are further apart, and the drift between them turns its sign with
each round.
"""


def orders(members):
    """Endless: the members in the order of each round."""
    members = list(members)
    block = 0
    while True:
        first = block % len(members)
        turned = members[first:] + members[:first]
        yield turned
        yield turned[::-1]
        block += 1


def with_floors(order, floors, number, every):
    """The order of round `number` (from 0), with the echo loops around it in every `every`-th
    round: half of them before, half behind, in turn, so that they stand in the same interleaving
    and nobody is always next to one."""
    if not floors or number % every:
        return list(order)
    turned = list(floors) if (number // every) % 2 == 0 else list(floors)[::-1]
    half = (len(turned) + 1) // 2
    return [*turned[:half], *order, *turned[half:]]
