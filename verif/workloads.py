"""What designs do in real use: the stimuli under which their power is measured, with the results they must give."""

from collections.abc import Callable
from typing import Any

from gen.catalog import Design
from gen.suggest import unknown
from verif import workloads_asm as asm
from verif import workloads_asm_in_memory as asm_in_memory
from verif import workloads_asm_near_memory as asm_near_memory
from verif import workloads_crossbar as crossbar
from verif import workloads_crossbar_tiles as crossbar_tiles
from verif import workloads_daism as daism
from verif import workloads_daism_layers as daism_layers
from verif import workloads_floats as floats
from verif import workloads_integers as integers
from verif import workloads_nmpu as nmpu
from verif import workloads_sar as sar
from verif.workloads_form import Workload

_WORKLOADS: dict[str, Callable[[Any], Workload]] = {
    "nmpu_unit": nmpu.unit,
    "nmpu": nmpu.array,
    "nmpu_fp16": nmpu.ldpu,
    "nmpu_fp16_lane": nmpu.lane,
    "float_multiply": floats.multiply,
    "float_add": floats.add,
    "float_fused": floats.fused,
    "unsigned_to_float": floats.from_unsigned,
    "signed_to_float": floats.from_signed,
    "float_to_signed": floats.to_signed,
    "integer_multiply": integers.multiply,
    "multiply_accumulate": integers.accumulate,
    **asm.WORKLOADS,
    "asm_exact_near_memory": asm_near_memory.exact_near_memory,
    "asm_in_memory": asm_in_memory.in_memory,
    "asm_in_memory_single_row": asm_in_memory.in_memory,
    "asm_near_memory": asm_near_memory.near_memory,
    "crossbar_cascade": crossbar_tiles.control,
    "crossbar_isaac": crossbar.read_out_lines,
    "crossbar_neural_pim": crossbar_tiles.control,
    "crossbar_tile_cascade": crossbar_tiles.multiply,
    "crossbar_tile_isaac": crossbar.multiply,
    "crossbar_tile_neural_pim": crossbar_tiles.multiply,
    "daism_lane": daism.lane,
    "daism_exact_lane": daism.exact_lane,
    "daism_accumulator": daism.accumulator,
    "daism_bank": daism_layers.bank,
    "daism": daism_layers.accelerator,
    "sar_adc_group": sar.share_converters,
    "sar_controller": sar.convert,
    "sar_decoder": sar.decode,
    "sar_shift_add": sar.shift_and_add,
    "sar_twin_range": sar.find_range_and_convert,
}


def workload(design: Design, parameters: Any) -> Workload:
    """The workload of ``design``.

    :raises ValueError: there is none for this design, or for these parameters.
    """
    if design.name not in _WORKLOADS:
        raise ValueError(f"no workload for power: {unknown('design', design.name, _WORKLOADS)}")
    return _WORKLOADS[design.name](parameters)


__all__ = ["Workload", "workload"]
