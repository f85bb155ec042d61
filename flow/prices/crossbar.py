"""What tiles of crossbars are made of, each block priced by its own best recipe.

Flattened as a whole, their netlists differ by a few percent with what stands beside the input register, which is most
of them: more than the strategies differ in.
"""

from flow.synthesis.recipes import AREA_RECIPES

_BLOCKS = (
    "cascade_controller",
    "column_lane",
    "conversion_tally",
    "converter_group",
    "cross_array_adder",
    "input_slicer",
    "isaac_readout",
    "neural_pim_controller",
    "result_hold",
)
TILE_BLOCKS = dict.fromkeys(_BLOCKS, AREA_RECIPES)
