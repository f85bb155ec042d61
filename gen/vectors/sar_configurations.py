"""Random configurations of twin-range converters."""

import numpy as np

from sim_models.sar import TrqControllerParameters, TrqParameters


def random_configurations(
    controller: TrqControllerParameters, count: int, random: np.random.Generator, *, slots: int | None = None
) -> list[TrqParameters]:
    """Configurations that ``controller`` takes, with every option it supports; none whose search may exceed ``slots``.

    Steps of R1 are small, as in use; all other fields may be anything legal. Up to half of them are the extremes: the
    smallest steps of R2, a range R1 of one count, the largest steps.
    """
    most = controller.bits + 2 if slots is None else slots
    found = [each for each in _extremes(controller.bits) if each.worst_operations <= most][: count // 2]
    while len(found) < count:
        drawn = _drawn(controller, random)
        if drawn is not None and drawn.worst_operations <= most:
            found.append(drawn)
    return found


def _extremes(bits: int) -> list[TrqParameters]:
    """The searches that are longest and shortest, and those that use the lowest and the highest bit of a register."""
    return [
        TrqParameters(bits=bits, r1_bits=bits - 1, ratio_log2=0),
        TrqParameters(bits=bits, r1_bits=0, ratio_log2=1),
        TrqParameters(bits=bits, r1_bits=0, ratio_log2=bits - 1),
        TrqParameters(bits=bits, r1_bits=0, r1_step_log2=bits - 1, ratio_log2=0),
    ]


def _drawn(controller: TrqControllerParameters, random: np.random.Generator) -> TrqParameters | None:
    """One draw; None where the fields do not go together."""
    bits = controller.bits
    d1, r1_bits, ratio = random.integers(0, [min(3, bits), bits, bits]).tolist()
    option = int(random.integers(0, 4))
    start = int(random.integers(1, 1 << bits)) if option == 1 and controller.support_base else 0
    try:
        return TrqParameters(
            bits=bits,
            r1_start=start,
            r1_step_log2=d1,
            r1_bits=r1_bits,
            ratio_log2=ratio,
            mid_rise=bool(random.integers(0, 4)),
            r2_origin="after_r1" if option == 2 and controller.support_after_r1 else "zero",
            skip_known_trial=option == 3 and controller.support_skip,
        )
    except ValueError:
        return None
