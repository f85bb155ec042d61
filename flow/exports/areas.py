"""The areas of a cost model: what a design's netlists are made of."""

from flow.exports.cost_model import Area, Memory, Netlist
from flow.libraries import Library
from flow.prices import DesignPrice
from flow.prices.designs import BLOCKS
from flow.synthesis import synthesize
from flow.synthesis.kinds import AreaKinds
from flow.synthesis.recipes import AREA, AREA_RECIPES, Recipe, buffered, hierarchical
from gen.rtl import Rtl

_FLIP_FLOPS = "flip-flops"


def design_area(rtl: Rtl, library: Library, price: DesignPrice) -> Area:
    """The smallest netlist of ``price``, and the one with buffers that it was timed with.

    :raises ValueError: macros stand for the price's memories: its timing is of flip-flops.
    :raises RuntimeError: the netlist with buffers is not the one that the price names.
    """
    if price.macro:
        raise ValueError(f"a cost model has its memories in flip-flops, not in macro {price.macro.name}")
    driven = synthesize(rtl, _timed_recipe(price), library)
    if driven.area_um2 != price.buffered_um2:
        raise RuntimeError(f"recipe {driven.recipe} gives {driven.area_um2} um2, not {price.buffered_um2} um2")
    return Area(
        smallest=_netlist(price.recipe, price.area_um2, price.ge, price.kinds),
        buffered=_netlist(driven.recipe, driven.area_um2, driven.ge, driven.kinds),
    )


def _timed_recipe(price: DesignPrice) -> Recipe:
    if price.design in BLOCKS:
        return buffered(hierarchical((AREA,))[0])
    return buffered(next(recipe for recipe in AREA_RECIPES if recipe.name == price.recipe))


def _netlist(recipe: str, um2: float, ge: float, kinds: AreaKinds) -> Netlist:
    memories = (
        Memory(
            module=memory.module,
            count=memory.count,
            words=memory.words,
            width_bits=memory.width,
            built_of=_FLIP_FLOPS,
            each_um2=memory.each_um2,
        )
        for memory in kinds.memories
    )
    by_kind = {
        "combinational": kinds.combinational_um2,
        "flip_flop": kinds.flip_flop_um2,
        "memory": kinds.memory_um2,
    }
    return Netlist(recipe=recipe, um2=um2, ge=ge, by_kind_um2=by_kind, memories=tuple(memories))
