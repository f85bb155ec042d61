"""How long one vector is under way in the Verilog of each tile."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from flow.crossbar.tiles import NAMES, TILES
from gen.catalog import Design, find
from hdl.crossbar.isaac_parameters import IsaacParameters
from sim_models.crossbar import latency
from sim_models.crossbar.parameters import ISAAC
from verif import crossbar_isaac, crossbar_tiles

_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Array cycles from the one that reads a vector to the one that writes its last result, both counted."""

    name: str
    measured: int
    formula: int


def pipelines() -> list[Pipeline]:
    """ISAAC's own configuration, 16 bits, and the tiles of 8 bits.

    Raises ToolMissing without Verilator or a C++ compiler.
    """
    isaac = find(NAMES[ISAAC])
    own = _pipeline("ISAAC, 16 bits", isaac, isaac.configuration()())
    return [own, *(_pipeline(tile.name, tile.design, tile.parameters) for tile in TILES)]


def _pipeline(name: str, design: Design, p: Any) -> Pipeline:
    random = np.random.default_rng(_SEED)
    weights = random.integers(p.weight_range[0], p.weight_range[1], (p.rows, p.outputs), endpoint=True)
    vectors = random.integers(p.input_range[0], p.input_range[1], (1, p.rows), endpoint=True)
    rtl = design.elaborate(p)
    if isinstance(p, IsaacParameters):
        last = crossbar_isaac.run(rtl, p, crossbar_isaac.full_rate(weights, vectors), _SEED)["cycle"][-1]
    else:
        last = crossbar_tiles.run(rtl, p, crossbar_tiles.full_rate(weights, vectors), _SEED)["written"][-1]
    return Pipeline(name=name, measured=int(-(-(last + 1) // p.slots_per_cycle)), formula=latency(p))
