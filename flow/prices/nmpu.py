"""Areas of the NMPU family on one cell library, each block by its best recipe."""

from flow.libraries import Library
from flow.prices.assembly import Assembly, assemble
from flow.synthesis import Best, best_of
from flow.synthesis.recipes import AREA, AREA_RECIPES
from gen.rtl import elaborate
from hdl.nmpu import Nmpu, NmpuUnit
from hdl.nmpu_fp16 import Fp16Lane, Ldpu
from sim_models.nmpu import LdpuParameters, NmpuParameters

# Register files have no arithmetic to restructure: the longer recipes find nothing in them.
STORAGE_RECIPES = (AREA,)
PARAMETER_STORAGE = "storage"

ARRAY_BLOCKS = {"nmpu_datapath": AREA_RECIPES, "nmpu_storage": STORAGE_RECIPES, "nmpu_sequencer": AREA_RECIPES}
LDPU_BLOCKS = {
    "fp16_lane": AREA_RECIPES,
    "fused_lane": AREA_RECIPES,
    "pipelined_shared_lane": AREA_RECIPES,
    "unpipelined_shared_lane": AREA_RECIPES,
    "ldpu_sequencer": AREA_RECIPES,
    "row_memory": STORAGE_RECIPES,
    "capture_registers": STORAGE_RECIPES,
}


def unit_price(parameters: NmpuParameters, library: Library) -> Best:
    """One unit, flattened, with its storage as the parameters say."""
    return best_of(elaborate(NmpuUnit(parameters=parameters), "nmpu_unit"), AREA_RECIPES, library)


def array_price(parameters: NmpuParameters, library: Library) -> Assembly:
    """The array of units."""
    return assemble(elaborate(Nmpu(parameters=parameters), "nmpu"), ARRAY_BLOCKS, library)


def lane_price(parameters: LdpuParameters, library: Library) -> Best:
    """The pipelined half-precision lane, flattened."""
    return best_of(elaborate(Fp16Lane(parameters=parameters), "nmpu_fp16_lane"), AREA_RECIPES, library)


def ldpu_price(parameters: LdpuParameters, library: Library) -> Assembly:
    """The whole half-precision unit."""
    return assemble(elaborate(Ldpu(parameters=parameters), "nmpu_fp16"), LDPU_BLOCKS, library)
