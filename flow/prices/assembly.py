"""Price a large design block by block: each distinct block once, flattened, by its best recipe; the rest as it is."""

import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from flow.libraries import Library
from flow.synthesis import Synthesis, best_of, synthesize
from flow.synthesis.kinds import AreaKinds, MemoryArea
from flow.synthesis.recipes import AREA, Recipe, hierarchical
from gen.rtl import CLOCK, Rtl

GLUE = "wiring and decoders"


@dataclass(frozen=True, kw_only=True)
class Part:
    """Equal-named instances of a design: how many, the synthesis of one, the area of all in um2.

    ``flip_flop_um2`` is what flip-flops outside memories take of it, ``memories`` are the memories among it.
    """

    name: str
    count: int
    each: Synthesis | None
    area_um2: float
    flip_flop_um2: float
    memories: tuple[MemoryArea, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Assembly:
    """A design's parts; areas pre-layout, no wires, one corner."""

    name: str
    library: Library
    parts: tuple[Part, ...]

    @property
    def area_um2(self) -> float:
        """Area of all parts."""
        return sum(part.area_um2 for part in self.parts)

    @property
    def ge(self) -> float:
        """Area in two-input NAND gates."""
        return self.area_um2 / self.library.nand2_um2

    @property
    def kinds(self) -> AreaKinds:
        """The area by what it is for."""
        flip_flops = sum(part.flip_flop_um2 for part in self.parts)
        memories = tuple(memory for part in self.parts for memory in part.memories)
        logic = self.area_um2 - flip_flops - sum(memory.um2 for memory in memories)
        return AreaKinds(flip_flop_um2=flip_flops, combinational_um2=logic, memories=memories)

    def parts_ge(self) -> dict[str, float]:
        """Area of each part in two-input NAND gates."""
        return {part.name: part.area_um2 / self.library.nand2_um2 for part in self.parts}

    def without(self, *names: str) -> float:
        """Area in um2 without the parts called ``names``."""
        return sum(part.area_um2 for part in self.parts if part.name not in names)


def assemble(
    rtl: Rtl, blocks: Mapping[str, Sequence[Recipe]], library: Library, *, workers: int | None = None
) -> Assembly:
    """Price ``rtl``, with the clocked modules named in ``blocks`` (serial number dropped) by the best of their recipes.

    Parts are named after their instances, numbers dropped. What lies outside all blocks is one more part, mapped with
    the hierarchy kept.
    """
    (recipe,) = hierarchical((AREA,))
    outer = synthesize(replace(rtl, verilog=_hollow(rtl.verilog, blocks)), recipe, library)
    found: Counter[tuple[str, str]] = Counter()
    glue = glue_flip_flops = 0.0
    pending = [(rtl.name, rtl.name)]
    while pending:
        instance, module = pending.pop()
        if _base(module) in blocks:
            found[_base(instance), module] += 1
            continue
        glue += outer.modules[module].area_um2
        glue_flip_flops += outer.modules[module].sequential_um2
        pending += outer.modules[module].instances.items()
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        jobs = [
            pool.submit(_part, rtl, name, module, count, blocks[_base(module)], library, workers)
            for (name, module), count in sorted(found.items())
        ]
        parts = [job.result() for job in jobs]
    parts.append(Part(name=GLUE, count=1, each=None, area_um2=glue, flip_flop_um2=glue_flip_flops))
    return Assembly(name=rtl.name, library=library, parts=tuple(sorted(parts, key=lambda part: -part.area_um2)))


def _part(
    rtl: Rtl,
    name: str,
    module: str,
    count: int,
    recipes: Sequence[Recipe],
    library: Library,
    workers: int | None,
) -> Part:
    best = best_of(replace(rtl, name=module), recipes, library, workers=workers).winner
    return Part(
        name=name,
        count=count,
        each=best,
        area_um2=count * best.area_um2,
        flip_flop_um2=count * best.kinds.flip_flop_um2,
        memories=tuple(replace(memory, count=count * memory.count) for memory in best.kinds.memories),
    )


def _base(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _hollow(verilog: str, blocks: Mapping[str, Sequence[Recipe]]) -> str:
    """The text with the blocks' insides taken out, so that only what lies outside them is mapped."""

    def empty(module: re.Match[str]) -> str:
        if _base(module["name"]) not in blocks:
            return module[0]
        ports = re.findall(r"^  (input|output) (?:signed )?(?:\[(\d+):0\] )?(\S+ ?);\n", module[0], re.M)
        declared = [f"  {direction} [{high or 0}:0] {name};\n" for direction, high, name in ports]
        inputs = ", ".join(name for direction, _, name in ports if direction == "input")
        # A register that depends on every input: what drives the block is kept, and no loop is closed through it.
        driven = [f"  reg any;\n  always @(posedge {CLOCK}) any <= ^{{{inputs}}};\n"]
        for direction, high, name in ports:
            if direction == "output":
                driven.append(f"  assign {name} = {{{int(high or 0) + 1}{{any}}}};\n")
        return "".join((module["head"], *declared, *driven, "endmodule\n"))

    return re.sub(r"^(?P<head>module \\?(?P<name>\w+) ?\([^;]*;\n).*?^endmodule\n", empty, verilog, flags=re.M | re.S)
