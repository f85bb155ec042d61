"""The area of a mapped design by what it is for: flip-flops, logic, memories."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from flow.synthesis.hierarchy import Module, instance_numbers
from hdl.memory import MemoryShape


@dataclass(frozen=True, kw_only=True)
class MemoryArea:
    """``count`` equal memories of ``words`` words of ``width`` bits, built of flip-flops.

    ``each_um2`` is the area of one in um2: its bits, and the logic that writes and reads them.
    """

    module: str
    count: int
    words: int
    width: int
    each_um2: float

    @property
    def um2(self) -> float:
        """The area of all."""
        return self.count * self.each_um2

    @property
    def bits(self) -> int:
        """The bits of all."""
        return self.count * self.words * self.width


@dataclass(frozen=True, kw_only=True)
class AreaKinds:
    """Areas in um2 that add up to the whole.

    ``flip_flop_um2`` (flip-flops and latches) and ``combinational_um2`` are of everything outside ``memories``, the
    blocks that are memories and nothing else.
    """

    flip_flop_um2: float
    combinational_um2: float
    memories: tuple[MemoryArea, ...]

    @property
    def memory_um2(self) -> float:
        """Area of the memories: bits in flip-flops, and the logic that writes and reads them."""
        return sum(memory.um2 for memory in self.memories)

    @property
    def memory_bits(self) -> int:
        """Bits of all memories."""
        return sum(memory.bits for memory in self.memories)


def area_kinds(modules: Mapping[str, Module], top: str, memories: Mapping[str, MemoryShape]) -> AreaKinds:
    """The areas of ``top`` and everything below; ``memories`` maps modules that are memories to their shapes."""
    outermost = _outermost(modules, top, memories)
    outside = instance_numbers(modules, top)
    found = []
    for name, number in sorted(outermost.items()):
        inside = instance_numbers(modules, name)
        outside.subtract({module: number * each for module, each in inside.items()})
        area = sum(each * modules[module].area_um2 for module, each in inside.items())
        words, width = memories[name].words, memories[name].width
        found.append(MemoryArea(module=name, count=number, words=words, width=width, each_um2=area))
    sequential = sum(number * modules[name].sequential_um2 for name, number in outside.items())
    return AreaKinds(
        flip_flop_um2=sequential,
        combinational_um2=sum(number * modules[name].area_um2 for name, number in outside.items()) - sequential,
        memories=tuple(found),
    )


def _outermost(modules: Mapping[str, Module], top: str, memories: Mapping[str, MemoryShape]) -> Counter[str]:
    """How often each memory occurs in ``top``; what lies inside a memory is not looked at."""
    if top in memories:
        return Counter({top: 1})
    found: Counter[str] = Counter()
    for child, number in Counter(modules[top].instances.values()).items():
        found.update({name: number * each for name, each in _outermost(modules, child, memories).items()})
    return found
