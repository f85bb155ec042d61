"""Compare one module of a netlist with that of the design."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from flow.equivalence.circuit import Circuit, Unsupported, read_circuit
from flow.equivalence.graph import Graph
from flow.equivalence.miter import Miter, miter
from flow.equivalence.registers import propose_matches

Verdict = Literal["equal", "different", "undecided"]
Trace = tuple[Mapping[str, int], ...]
_Engines = tuple[tuple[str, ...], ...]

_FOR_ALL: _Engines = (("iprove",),)
_FROM_RESET: _Engines = (("scorr", "dprove"), ("bmc3 -F 12 -T {half}",), ("pdr -T {half}",))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What came out for one module; ``trace`` has the inputs of each cycle that show a difference.

    ``matched`` flip-flops were compared for all states, ``followed`` ones (of both sides) from reset on.
    """

    verdict: Verdict
    detail: str = ""
    trace: Trace = ()
    matched: int = 0
    followed: int = 0


def compare_modules(
    design: Mapping[str, Any], netlist: Mapping[str, Any], inner: Collection[str], remaining: Callable[[], int]
) -> Comparison:
    """Compare a module of Yosys's JSON with another; ``remaining`` tells the seconds left for a prover."""
    graph = Graph()
    try:
        before, after = read_circuit(design, graph, "design", inner), read_circuit(netlist, graph, "netlist", inner)
        return _Module(graph, before, after, remaining).compare()
    except Unsupported as reason:
        return Comparison(verdict="undecided", detail=str(reason))


class _Module:
    def __init__(self, graph: Graph, design: Circuit, netlist: Circuit, remaining: Callable[[], int]) -> None:
        self._graph, self._remaining = graph, remaining
        self._pairs = _pairs(design, netlist)
        self._matches = propose_matches(graph, design, netlist)
        self._flip_flops = (*design.flip_flops, *netlist.flip_flops)

    def compare(self) -> Comparison:
        """For all inputs and states; where that fails, with the unmatched flip-flops, or all of them, from reset on."""
        first = self._for_all_states()
        if first.verdict == "equal" or not self._flip_flops:
            return first
        ties = self._matches
        tied = {key for match in ties for key in (match.leader.key, match.follower.key)}
        if lone := [each for each in self._flip_flops if each.key not in tied]:
            mixed = self._decided(miter(self._graph, self._pairs, ties, lone), len(ties), len(lone))
            # A difference found here may lie in states of the others that are never reached.
            if mixed.verdict == "equal":
                return mixed
        joint = miter(self._graph, self._pairs, (), self._flip_flops, ties)
        whole = self._decided(joint, 0, len(self._flip_flops))
        return replace(whole, detail=f"{first.detail}; from reset on: {whole.detail or 'no difference'}")

    def _for_all_states(self) -> Comparison:
        joint = miter(self._graph, self._pairs, self._matches)
        found = joint.tried()
        if found is None:
            try:
                found = joint.decided(_FOR_ALL, self._remaining())
            except TimeoutError as error:
                return Comparison(verdict="undecided", detail=str(error))
        if found.proved:
            return Comparison(verdict="equal", matched=len(self._matches))
        shown = f"{joint.shown(found.counterexample[0])} differs{' in some state' if self._flip_flops else ''}"
        return Comparison(verdict="different", detail=shown, trace=found.counterexample)

    def _decided(self, joint: Miter, matched: int, followed: int) -> Comparison:
        """From reset on."""
        seconds = self._remaining()
        limits = {"half": max(1, seconds // 2)}
        try:
            found = joint.decided([[step.format(**limits) for step in engine] for engine in _FROM_RESET], seconds)
        except TimeoutError as error:
            return Comparison(verdict="undecided", detail=str(error))
        if found.proved:
            return Comparison(verdict="equal", matched=matched, followed=followed)
        detail = f"the outputs differ in cycle {len(found.counterexample) - 1}"
        return Comparison(verdict="different", detail=detail, trace=found.counterexample)


def _pairs(design: Circuit, netlist: Circuit) -> dict[str, tuple[int, int]]:
    """What both drive, by name: ports, and pins of the instances that both have."""
    common = design.instances.keys() & netlist.instances.keys()
    for name in sorted(common):
        if design.instances[name] != netlist.instances[name]:
            raise Unsupported(f"{name} is of module {netlist.instances[name]}, not {design.instances[name]}")
    wanted, found = (
        {name for name in side.outputs if "/" not in name or name.rsplit("/", 1)[0] in common}
        for side in (design, netlist)
    )
    if wanted != found:
        raise Unsupported(f"{min(wanted ^ found)} is on one side only")
    return {name: (design.outputs[name], netlist.outputs[name]) for name in sorted(wanted)}
