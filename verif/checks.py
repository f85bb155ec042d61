"""One batch check a design: random and corner vectors through the hardware, compared with the golden model bit for bit.

The same check runs on the generated Verilog and on a netlist in its place.
"""

from gen.catalog import Design
from gen.vectors import daism as daism_vectors
from gen.vectors import floats as float_vectors
from gen.vectors.integers import integer_multiply_vectors, multiply_accumulate_vectors
from verif import checks_arith as arith
from verif import checks_asm as asm
from verif import checks_crossbar as crossbar
from verif import checks_crossbar_tiles as crossbar_tiles
from verif import checks_daism as daism
from verif import checks_nmpu as nmpu
from verif import checks_nmpu_fp16 as nmpu_fp16
from verif import checks_sar as sar
from verif.asm import WORK as ASM_UNITS
from verif.checks_form import Check


def batch_check(design: Design) -> Check:
    """The check of ``design``."""
    return _CHECKS[design.name]


_CHECKS: dict[str, Check] = {
    "nmpu_unit": nmpu.check_unit,
    "nmpu": nmpu.check_array,
    "nmpu_fp16": nmpu_fp16.check_ldpu,
    "nmpu_fp16_lane": nmpu_fp16.check_lane,
    "float_multiply": arith.combinational(float_vectors.float_multiply_vectors),
    "float_add": arith.combinational(float_vectors.float_add_vectors),
    "float_fused": arith.combinational(float_vectors.float_fused_vectors),
    "unsigned_to_float": arith.combinational(float_vectors.unsigned_to_float_vectors),
    "signed_to_float": arith.combinational(float_vectors.signed_to_float_vectors),
    "float_to_signed": arith.combinational(float_vectors.float_to_signed_vectors),
    "integer_multiply": arith.integer_arithmetic(integer_multiply_vectors, latency=0),
    "multiply_accumulate": arith.integer_arithmetic(multiply_accumulate_vectors, latency=1),
    **{name: asm.unit(work) for name, work in ASM_UNITS.items()},
    "asm_exact_near_memory": asm.check_exact_near_memory,
    "asm_in_memory": asm.check_in_memory,
    "asm_in_memory_single_row": asm.check_in_memory,
    "asm_near_memory": asm.check_near_memory,
    "crossbar_cascade": crossbar_tiles.check_controller,
    "crossbar_isaac": crossbar.check_isaac_readout,
    "crossbar_neural_pim": crossbar_tiles.check_controller,
    "crossbar_tile_cascade": crossbar_tiles.check_tile,
    "crossbar_tile_isaac": crossbar.check_isaac_tile,
    "crossbar_tile_neural_pim": crossbar_tiles.check_tile,
    "daism": daism.check_accelerator,
    "daism_bank": daism.check_bank,
    "daism_lane": daism.lane(daism_vectors.lane_vectors),
    "daism_exact_lane": daism.lane(daism_vectors.exact_lane_vectors),
    "daism_accumulator": daism.lane(daism_vectors.accumulator_vectors),
    "sar_controller": sar.check_controller,
    "sar_adc_group": sar.check_group,
    "sar_decoder": sar.check_decoder,
    "sar_twin_range": sar.check_twin_range,
    "sar_shift_add": sar.check_shift_add,
}
