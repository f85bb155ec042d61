"""Block-by-block prices: every block counted once for each instance, and nothing outside forgotten."""

from flow.libraries import find
from flow.prices.assembly import GLUE, assemble
from flow.synthesis import synthesize
from flow.synthesis.recipes import AREA, PLAIN, hierarchical
from gen.rtl import elaborate
from hdl.nmpu import Nmpu
from sim_models.nmpu import NmpuParameters

BLOCKS = {"nmpu_datapath": (PLAIN,), "nmpu_storage": (PLAIN, AREA), "nmpu_sequencer": (PLAIN,)}


def test_parts_are_the_instances_and_the_best_recipe_of_each() -> None:
    library = find()
    rtl = elaborate(Nmpu(parameters=NmpuParameters(units=3)), "nmpu")
    whole = assemble(rtl, BLOCKS, library)
    parts = {part.name: part for part in whole.parts}
    assert {name: part.count for name, part in parts.items()} == {"datapath": 3, "storage": 3, "sequencer": 1, GLUE: 1}
    assert parts["storage"].each is not None
    assert parts["storage"].area_um2 == 3 * parts["storage"].each.area_um2
    assert parts["storage"].each.flip_flops == 4 * 24
    assert whole.area_um2 == sum(part.area_um2 for part in whole.parts)
    assert whole.ge == whole.area_um2 / library.nand2_um2


def test_what_lies_outside_the_blocks_is_what_a_whole_run_puts_there() -> None:
    library = find()
    rtl = elaborate(Nmpu(parameters=NmpuParameters(units=3)), "nmpu")
    glue = next(part for part in assemble(rtl, BLOCKS, library).parts if part.name == GLUE)
    (recipe,) = hierarchical((AREA,))
    modules = synthesize(rtl, recipe, library).modules
    assert glue.area_um2 == modules["nmpu"].area_um2 + 3 * modules["nmpu_lane"].area_um2
    assert glue.area_um2 > 0
