"""Which blocks the units near and in memory are priced by; memories have nothing for the longer recipes to find."""

from flow.synthesis.recipes import AREA, AREA_RECIPES

NEAR_MEMORY_BLOCKS = {
    "buffer": (AREA,),
    "asm_mac": AREA_RECIPES,
    "exact_mac": AREA_RECIPES,
    "drain": AREA_RECIPES,
    "loader": AREA_RECIPES,
    "near_memory_controller": AREA_RECIPES,
}
IN_MEMORY_BLOCKS = {
    "bitline_cells": (AREA,),
    "buffer": (AREA,),
    "drain_merge": AREA_RECIPES,
    "in_memory_controller": AREA_RECIPES,
    "micro_sequencer": AREA_RECIPES,
}
