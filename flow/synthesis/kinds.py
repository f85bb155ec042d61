"""The area of a mapped design by what it is for: flip-flops, logic, memories."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from flow.synthesis.hierarchy import Module, instance_numbers
from hdl.memory import MemoryShape


@dataclass(frozen=True, kw_only=True)
class AreaKinds:
    """Areas in um2 that add up to the whole.

    ``memory_um2`` is everything inside the blocks that are memories: their ``memory_bits`` bits in flip-flops, and the
    logic that writes and reads them. ``flip_flop_um2`` (flip-flops and latches) and ``combinational_um2`` are of all
    the rest.
    """

    flip_flop_um2: float
    combinational_um2: float
    memory_um2: float
    memory_bits: int


def area_kinds(modules: Mapping[str, Module], top: str, memories: Mapping[str, MemoryShape]) -> AreaKinds:
    """The areas of ``top`` and everything below; ``memories`` maps modules that are memories to their shapes."""
    whole = instance_numbers(modules, top)
    outermost = _outermost(modules, top, memories)
    inside: Counter[str] = Counter()
    for name, number in outermost.items():
        inside.update({module: number * each for module, each in instance_numbers(modules, name).items()})
    outside = {name: number - inside[name] for name, number in whole.items()}
    sequential = sum(number * modules[name].sequential_um2 for name, number in outside.items())
    return AreaKinds(
        flip_flop_um2=sequential,
        combinational_um2=sum(number * modules[name].area_um2 for name, number in outside.items()) - sequential,
        memory_um2=sum(number * modules[name].area_um2 for name, number in inside.items()),
        memory_bits=sum(number * memories[name].bits for name, number in outermost.items()),
    )


def _outermost(modules: Mapping[str, Module], top: str, memories: Mapping[str, MemoryShape]) -> Counter[str]:
    """How often each memory occurs in ``top``; what lies inside a memory is not looked at."""
    if top in memories:
        return Counter({top: 1})
    found: Counter[str] = Counter()
    for child, number in Counter(modules[top].instances.values()).items():
        found.update({name: number * each for name, each in _outermost(modules, child, memories).items()})
    return found
