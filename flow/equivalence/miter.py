"""Two circuits as one graph with an output that says "they differ", and what ABC or simulation make of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from flow.equivalence.circuit import FlipFlop
from flow.equivalence.graph import TRUE, Graph, Simulator, write_aiger
from flow.equivalence.registers import Match
from gen.rtl import RESET
from verif.formal import Proof, decide

_STARTED = "started"
_RESET = f"{RESET}[0]"
_WORDS = 64  # 4096 random patterns before a proof is tried
_BIT = re.compile(r"(.*)\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Miter:
    """``differences``: what must never be true, by name. ``latches``: next values of inputs that are registers."""

    graph: Graph
    differences: Mapping[str, int]
    latches: Mapping[str, int]

    def tried(self) -> Proof | None:
        """The inputs of a difference that random patterns show; None where they show none."""
        random = np.random.default_rng(0)
        inputs = {name: random.integers(0, 1 << 64, _WORDS, np.uint64) for name in self.graph.inputs}
        values = Simulator(self.graph).run(inputs)
        for literal in self.differences.values():
            for place in np.flatnonzero(values(literal)):
                bit = int(values(literal)[place]).bit_length() - 1
                return Proof(False, (_words({name: int(word[place]) >> bit & 1 for name, word in inputs.items()}),))
        return None

    def shown(self, words: Mapping[str, int]) -> str:
        """The name of a difference that these inputs show, by simulation; RuntimeError where they show none."""
        inputs = {}
        for name in self.graph.inputs:
            port, bit = _split(name)
            inputs[name] = np.array([words.get(port, 0) >> bit & 1], np.uint64)
        values = Simulator(self.graph).run(inputs)
        for name, literal in self.differences.items():
            if values(literal)[0] & np.uint64(1):
                return name
        raise RuntimeError("ABC gives a counterexample that shows no difference")

    def decided(self, engines: Sequence[Sequence[str]], seconds: int) -> Proof:
        """The answer of the first of ABC's ``engines`` that has one; TimeoutError where none has."""
        with TemporaryDirectory() as name:
            folder = Path(name)
            output = self.graph.any([*self.differences.values()])
            free = write_aiger(self.graph, self.latches, output, folder / "proof.aig")
            named = (f"input {place} {bit} {port}" for place, (port, bit) in enumerate(map(_split, free)))
            (folder / "proof.map").write_text("\n".join(named))
            return decide(folder, engines, seconds)


def miter(
    graph: Graph,
    pairs: Mapping[str, tuple[int, int]],
    ties: Sequence[Match],
    registers: Sequence[FlipFlop] = (),
    matches: Sequence[Match] = (),
) -> Miter:
    """Say where a pair differs, or a tied leader and follower get different next values.

    Tied followers are one with their leaders, which hold anything, as do all flip-flops that are not ``registers``.
    Those start at 0 in a cycle with reset, after which the comparison begins: followers in ``matches`` (all of them
    registers) then hold what their leaders hold, so that what reset leaves undefined is the same on both sides.
    """
    joint = Graph()
    names = {match.follower.key: joint.input(match.leader.key) ^ match.inverted for match in ties}
    names |= {match.follower.key: joint.input(match.follower.key) ^ match.inverted for match in matches}
    begun = TRUE
    if registers and _RESET in graph.inputs:
        begun = joint.input(_STARTED)
        names[_RESET] = joint.disjunction(joint.input(_RESET), begun ^ 1)
    place = graph.copy_into(joint, names)
    compared = {name: (place(a), place(b)) for name, (a, b) in pairs.items()}
    for match in ties:
        name = min(match.leader.names, default=match.leader.key)
        # The follower's key makes the name the only one: a leader may have several followers.
        compared[f"the next value of {name} ({match.follower.key})"] = (
            place(match.leader.next),
            place(match.follower.next) ^ match.inverted,
        )
    latches = {each.key: place(each.next) for each in registers}
    for match in matches:
        own, leader = latches[match.follower.key] ^ match.inverted, latches[match.leader.key]
        latches[match.follower.key] = joint.choice(begun, own, leader)
    return Miter(
        graph=joint,
        differences={name: joint.conjunction(begun, joint.difference(*both)) for name, both in compared.items()},
        latches=latches if begun == TRUE else latches | {_STARTED: TRUE},
    )


def _split(name: str) -> tuple[str, int]:
    """Port and place of a bit."""
    found = _BIT.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, 0)


def _words(bits: Mapping[str, int]) -> dict[str, int]:
    words: dict[str, int] = {}
    for name, value in bits.items():
        port, bit = _split(name)
        words[port] = words.get(port, 0) | value << bit
    return words
