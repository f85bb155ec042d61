"""Which flip-flops of a netlist stand for which of the design: proposed by name and behaviour, proved elsewhere.

A wrong proposal makes a proof fail; it never makes one succeed.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from flow.equivalence.circuit import Circuit, FlipFlop
from flow.equivalence.graph import Graph, Simulator, Words

_WORDS = 64  # 4096 patterns a step: one write in hundreds must show
_ROUNDS = 12
_ONES = ~np.uint64(0)


@dataclass(frozen=True, kw_only=True)
class Match:
    """``follower``, of the netlist, holds what ``leader``, of the design, holds, or its inverse."""

    leader: FlipFlop
    follower: FlipFlop
    inverted: bool


def propose_matches(graph: Graph, design: Circuit, netlist: Circuit) -> tuple[Match, ...]:
    """Matches by the names of nets; then, among the flip-flops left, those whose next values behave alike."""
    matches = list(_by_name(design.flip_flops, netlist.flip_flops))
    simulator = Simulator(graph)
    for inverted in (False, True):
        followers = {match.follower.key for match in matches}
        lone = [each for each in netlist.flip_flops if each.key not in followers]
        if lone:
            matches += _by_behaviour(graph, simulator, matches, design.flip_flops, lone, inverted)
    return tuple(matches)


def _by_name(design: Iterable[FlipFlop], netlist: Iterable[FlipFlop]) -> Iterator[Match]:
    leaders = {name: each for each in design for name in sorted(each.names)}
    for follower in netlist:
        found = {leaders[name].key: leaders[name] for name in follower.names if name in leaders}
        if len(found) == 1:
            yield Match(leader=next(iter(found.values())), follower=follower, inverted=False)


def _by_behaviour(
    graph: Graph,
    simulator: Simulator,
    known: Iterable[Match],
    design: Iterable[FlipFlop],
    lone: Iterable[FlipFlop],
    inverted: bool,
) -> Iterator[Match]:
    """Flip-flops that get the same next value whenever all flip-flops of a class hold the same value.

    Classes begin with the matches that are ``known``, and one for all others; a class splits until none does.
    """
    random = np.random.default_rng(0)
    leaders = {match.leader.key for match in known}
    kinds = {match.leader.key: place for place, match in enumerate(known, 1)}
    masks = {match.follower.key: _ONES * np.uint64(match.inverted) for match in known}
    kinds |= {match.follower.key: kinds[match.leader.key] for match in known}
    masks |= {each.key: _ONES * np.uint64(inverted) for each in lone}
    everything = [*design, *(match.follower for match in known), *lone]
    for each in everything:
        kinds.setdefault(each.key, 0)
    for _ in range(_ROUNDS):
        refined = _refine(graph, simulator, everything, kinds, masks, random)
        settled = len(set(refined.values())) == len(set(kinds.values()))
        kinds = refined
        if settled:
            break
    free = {kinds[each.key]: each for each in design if each.key not in leaders}
    for each in lone:
        if kinds[each.key] in free:
            yield Match(leader=free[kinds[each.key]], follower=each, inverted=inverted)


def _refine(
    graph: Graph,
    simulator: Simulator,
    flip_flops: Iterable[FlipFlop],
    kinds: Mapping[str, int],
    masks: Mapping[str, np.uint64],
    random: np.random.Generator,
) -> dict[str, int]:
    """The classes after one more step: equal before, and equal next values for random inputs and states."""
    words = random.integers(0, 1 << 64, (max(kinds.values()) + 1, _WORDS), np.uint64)
    inputs: dict[str, Words] = {
        name: words[kinds[name]] ^ masks.get(name, np.uint64(0))
        if name in kinds
        else random.integers(0, 1 << 64, _WORDS, np.uint64)
        for name in graph.inputs
    }
    values = simulator.run(inputs)
    numbers: dict[tuple[int, bytes], int] = {}
    refined = {}
    for each in flip_flops:
        seen = (values(each.next) ^ masks.get(each.key, np.uint64(0))).tobytes()
        refined[each.key] = numbers.setdefault((kinds[each.key], seen), len(numbers))
    return refined
