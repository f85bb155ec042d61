"""Areas of flip-flops, logic and memories, told apart in flat and in hierarchical netlists."""

import dataclasses

import pytest

from flow.libraries import find
from flow.synthesis import Synthesis, synthesize
from flow.synthesis.hierarchy import Module, instance_numbers
from flow.synthesis.kinds import MemoryArea, area_kinds
from flow.synthesis.recipes import AREA, hierarchical
from gen.rtl import Rtl, elaborate
from hdl.memory import MemoryShape
from hdl.nmpu import NmpuUnit
from hdl.nmpu_fp16.memory import RowMemory
from sim_models.nmpu import NmpuParameters

FLIP_FLOP_UM2 = 4.522  # DFF_X1 of FreePDK45, the only one these designs use


def unit(**parameters: object) -> Rtl:
    return elaborate(NmpuUnit(parameters=NmpuParameters(**parameters)), "nmpu_unit")  # type: ignore[arg-type]


def memory_cells(mapped: Synthesis, memory: str) -> float:
    """Area of the memory's module and everything below, counted from the netlist's text."""
    library = find()
    text = mapped.netlist.split(f"module {memory}(", 1)[1].split("endmodule", 1)[0]
    return sum(library.cells[word].area_um2 for word in text.split() if word in library.cells)


@pytest.mark.parametrize("recipe", [AREA, *hierarchical((AREA,))])
def test_kinds_add_up_and_the_memory_is_what_its_module_holds(recipe) -> None:
    mapped = synthesize(unit(), recipe, find())
    kinds = mapped.kinds
    assert kinds.flip_flop_um2 + kinds.combinational_um2 + kinds.memory_um2 == pytest.approx(mapped.area_um2, rel=1e-12)
    assert kinds.memory_um2 == pytest.approx(memory_cells(mapped, "nmpu_storage"), rel=1e-12)
    assert kinds.memory_bits == 4 * (8 + 8 + 8)  # two scales of 1+7 bits, an offset of 7+1, for each of four columns
    assert kinds.flip_flop_um2 == pytest.approx(FLIP_FLOP_UM2 * (mapped.flip_flops - kinds.memory_bits), rel=1e-12)


def test_a_design_without_memories_has_none() -> None:
    kinds = synthesize(unit(storage="external"), AREA, find()).kinds
    assert (kinds.memory_um2, kinds.memory_bits) == (0, 0)


def test_a_memory_alone_is_all_memory() -> None:
    rtl = elaborate(RowMemory(rows=8, words=2, word_bits=5), "memory")
    assert rtl.memories == (("memory", MemoryShape(words=8, width=10)),)
    mapped = synthesize(rtl, AREA, find())
    assert mapped.kinds.memory_um2 == pytest.approx(mapped.area_um2)
    assert mapped.kinds.memory_bits == 80 == mapped.flip_flops


def test_a_memory_in_several_instances_counts_each_time() -> None:
    def module(area: float, sequential: float, **instances: str) -> Module:
        return Module(cells={}, instances=instances, area_um2=area, sequential_um2=sequential)

    modules = {
        "top": module(5, 2, left="half", right="half", own="store"),
        "half": module(10, 4, store="store", logic="gates"),
        "store": module(7, 6, words="inner"),
        "inner": module(3, 3),
        "gates": module(1, 0),
    }
    assert instance_numbers(modules, "top") == {"top": 1, "half": 2, "store": 3, "inner": 3, "gates": 2}
    kinds = area_kinds(modules, "top", {"store": MemoryShape(words=4, width=2)})
    assert (kinds.flip_flop_um2, kinds.combinational_um2) == (2 + 2 * 4, 5 - 2 + 2 * (10 - 4) + 2 * 1)
    assert kinds.memories == (MemoryArea(module="store", count=3, words=4, width=2, each_um2=7 + 3),)
    assert (kinds.memory_um2, kinds.memory_bits) == (3 * (7 + 3), 3 * 8)


def test_names_of_memories_do_not_reach_yosys_unchecked() -> None:
    bad = dataclasses.replace(unit(), memories=(("x; delete", MemoryShape(words=1, width=1)),))
    with pytest.raises(RuntimeError) as error:
        synthesize(bad, AREA, find(), use_cache=False)
    assert "a module's name must be a plain identifier, not 'x; delete'" in str(error.value)
