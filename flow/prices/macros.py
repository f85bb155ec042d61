"""A user's SRAM macro in place of the flip-flops of a design's memories."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flow.prices.memory_macro import MemoryMacro

if TYPE_CHECKING:
    from flow.prices.designs import DesignPrice


@dataclass(frozen=True, kw_only=True)
class MacroUse:
    """The macros that stand for a design's memories: what they take in all, and what the flip-flops took instead.

    ``read_pj`` and ``write_pj`` are the energies of one access of each kind of memory.
    """

    name: str
    source: str
    area_um2: float
    flip_flops_um2: float
    leakage_uw: float
    read_pj: dict[str, float]
    write_pj: dict[str, float]
    access_time_ps: float


def with_macro(price: "DesignPrice", macro: MemoryMacro) -> "DesignPrice":
    """``price`` with each of its memories as one ``macro``; delays stay those of the netlist with flip-flops.

    :raises ValueError: the design has no memories, or one whose shape the macro does not come in.
    """
    memories = price.kinds.memories
    if not memories:
        raise ValueError(f"{price.design} has no memory that macro {macro.name} could stand for")
    compiled = tuple(replace(it, each_um2=macro.area_um2(it.words, it.width)) for it in memories)
    use = MacroUse(
        name=macro.name,
        source=macro.source,
        area_um2=sum(memory.um2 for memory in compiled),
        flip_flops_um2=price.kinds.memory_um2,
        leakage_uw=sum(memory.count * macro.leakage_uw(memory.words, memory.width) for memory in memories),
        read_pj={memory.module: macro.read_pj(memory.width) for memory in memories},
        write_pj={memory.module: macro.write_pj(memory.width) for memory in memories},
        access_time_ps=macro.access_time_ps,
    )
    area = price.area_um2 - use.flip_flops_um2 + use.area_um2
    ge = price.ge * area / price.area_um2
    return replace(price, area_um2=area, ge=ge, kinds=replace(price.kinds, memories=compiled), macro=use)
