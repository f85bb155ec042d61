"""Run the decoder of twin-range codes and the accumulator of shifted values through all they must do."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.sar_parts import Sums, value_words
from sim_models.sar import ShiftAddParameters, TrqDecoderParameters, TrqParameters
from verif.batch import Sink, Source, simulate
from verif.sar_twin_range_conversions import legal_configurations

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_STARTS = 24


def decoder_configurations(parameters: TrqDecoderParameters, seed: int) -> list[TrqParameters]:
    """Every legal configuration with R1 at 0, half steps on and off; and those of some other places of R1."""
    controller = parameters.controller
    starts = [0]
    if parameters.support_base:
        starts += np.random.default_rng(seed).integers(1, controller.maximum, _STARTS).tolist()
    whole = [each for start in starts for each in legal_configurations(controller, r1_start=start)]
    return whole + [replace(each, mid_rise=False) for each in whole]


def run_sums(
    rtl: Rtl, parameters: ShiftAddParameters, sums: Sums, *, valid: Flags, ready: Flags, seed: int
) -> dict[str, Integers]:
    """The ``sums`` that the accumulator gives, and the ``cycle`` of each.

    ``valid`` and ``ready`` are patterns by cycle, repeated: when values are offered and sums taken. Raises TimeoutError
    where sums are missing after more than enough cycles.
    """
    pauses = (len(valid) // int(valid.sum()) + 1) * (len(sums.values["last"]) + len(valid))
    waits = (len(ready) // int(ready.sum()) + 1) * (len(sums.sums) + len(ready))
    found = simulate(
        rtl,
        {
            "values": Source(payloads=value_words(parameters, sums), valid=valid),
            "sums": Sink(transfers=len(sums.sums), ready=ready),
        },
        cycles=2 * (pauses + waits),
        seed=seed,
    )
    sign = 1 << parameters.accumulator_width - 1
    return {"sums": (found["sums"] ^ sign) - sign, "cycle": found["sums__cycle"]}
