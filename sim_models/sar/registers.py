"""Configuration registers of a twin-range controller: one set for a layer, shared by all converters that execute it."""

from sim_models.arith.checking import require_instance
from sim_models.sar.twin_range import TrqControllerParameters, TrqParameters


def register_fields(controller: TrqControllerParameters) -> dict[str, int]:
    """Names and widths of the registers that ``controller`` reads, in order from the lowest bit of the packed word.

    ``r1_size`` and the ends of the two searches, ``stop1`` and ``stop2``, are one-hot. ``operations_r1`` and
    ``operations_r2`` are the comparisons of a conversion: what a controller would count, were it not known beforehand.
    ``mid_rise`` is for the decoder. ``base`` and ``has_base`` come with ``support_base``; ``after_r1``, ``start2``
    (one-hot, 0 where R2 has no bit) and ``r2_single`` (1 there) with ``support_after_r1``; ``skip_known_trial`` with
    ``support_skip``. ``operations_r2_detour`` comes with any of the three: comparisons in R2 where it is found below
    R1, or where a trial was not compared. Raises ValueError for another ``controller`` than parameters of one.
    """
    require_instance("controller", controller, TrqControllerParameters)
    n, operations = controller.bits, controller.operations_width
    fields = {
        "r1_size": n,
        "stop1": n,
        "stop2": n,
        "mid_rise": 1,
        "operations_r1": operations,
        "operations_r2": operations,
    }
    if controller.support_base:
        fields |= {"base": n, "has_base": 1}
    if controller.support_after_r1:
        fields |= {"after_r1": 1, "start2": n, "r2_single": 1}
    if controller.support_skip:
        fields |= {"skip_known_trial": 1}
    if has_detours(controller):
        fields |= {"operations_r2_detour": operations}
    return fields


def register_values(configuration: TrqParameters, controller: TrqControllerParameters) -> dict[str, int]:
    """What the registers of `register_fields` hold for ``configuration``, in the same order.

    Raises ValueError, naming the field, for a configuration that ``controller`` is not built for.
    """
    names = register_fields(controller)
    controller.require_supported(configuration)
    c = configuration
    values = {
        "r1_size": c.r1_size,
        "stop1": 1 << c.r1_step_log2,
        "stop2": 1 << c.r2_step_log2,
        "mid_rise": int(c.mid_rise),
        "operations_r1": (2 if c.r1_start else 1) + c.r1_bits,
        "operations_r2": 1 + c.r2_bits,
        "base": c.r1_start,
        "has_base": int(c.r1_start > 0),
        "after_r1": int(c.r2_origin == "after_r1"),
        "start2": 1 << c.r2_step_log2 + c.r2_bits >> 1 if c.r2_bits else 0,
        "r2_single": int(c.r2_bits == 0),
        "skip_known_trial": int(c.skip_known_trial),
        "operations_r2_detour": 2 + c.r2_bits if c.r1_start else c.r2_bits,
    }
    return {name: values[name] for name in names}


def register_word(configuration: TrqParameters, controller: TrqControllerParameters) -> int:
    """The registers as one word, the first of `register_fields` lowest. Raises what `register_values` raises."""
    word = place = 0
    widths = register_fields(controller)
    for name, value in register_values(configuration, controller).items():
        word |= value << place
        place += widths[name]
    return word


def has_detours(controller: TrqControllerParameters) -> bool:
    """Whether conversions in R2 may differ in their number of comparisons."""
    return controller.support_base or controller.support_after_r1 or controller.support_skip
