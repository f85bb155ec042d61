"""Headlines on speed: throughput of the designs, and for an area."""

from collections.abc import Sequence

from flow.crossbar.headline import Headline
from flow.crossbar.system_study import DAC_BITS, MeanSpeedUp, NetworkRow, mean
from sim_models.crossbar.chip import chip, peak_gops_per_mm2
from sim_models.crossbar.chip_consistency import NEURAL_PIM_GOPS_PER_MM2, implied_product_ns
from sim_models.crossbar.energy import POWER_TIME, Operating
from sim_models.crossbar.energy_sensitivity import FITTED_FACTOR, raw_throughput
from sim_models.crossbar.evidence import PUBLISHED, REPORTED
from sim_models.crossbar.parameters import ISAAC, NEURAL_PIM

SPEED_ISAAC, SPEED_CASCADE = 3.43, 1.59
"""Published: throughput of Neural-PIM over ISAAC and CASCADE."""


def throughput_headline(rows: Sequence[NetworkRow], speed_ups: Sequence[MeanSpeedUp]) -> Headline:
    """Ratios of throughput: of arrays and speed, and of networks mapped to equal areas."""
    factor = {1: 1.0, 2: FITTED_FACTOR, 4: FITTED_FACTOR}
    raw = {
        bits: raw_throughput(Operating(rule=POWER_TIME, dac_bits=bits, dac_factor=factor[bits])) for bits in DAC_BITS
    }
    first, *others = speed_ups
    least = min(each.over_isaac for each in speed_ups), min(each.over_cascade for each in speed_ups)
    means = {bits: mean([row.speed_up(ISAAC, bits) for row in rows]) for bits in DAC_BITS}
    lines = [
        "raw, arrays x speed: " + ", ".join(f"{ratio:.2f} at {bits} bits a cycle" for bits, ratio in raw.items()),
        "mapped, fewest chips, mean: "
        + ", ".join(f"{ratio:.2f} at {bits}" for bits, ratio in means.items())
        + f"; over CASCADE {first.over_cascade:.2f}",
        *[
            f"equal {each.area_rule}, {each.multiple} x the fewest chips: {each.over_isaac:.2f} over ISAAC "
            f"(geometric {each.over_isaac_geometric:.2f}), {each.over_cascade:.2f} over CASCADE"
            for each in others
        ],
        f"published mean over raw at 4 bits: {100 * SPEED_ISAAC / raw[4]:.0f} %",
    ]
    return Headline(
        number=9,
        title="throughput over ISAAC and CASCADE",
        claim=f"{SPEED_ISAAC} and {SPEED_CASCADE} times",
        evidence=PUBLISHED,
        found=tuple(lines),
        criterion="raw 4.44 at 4 bits a cycle, a figure of the model, not the published means; mapped means reported",
        met=round(raw[4], 2) == 4.44,
        limit=f"neither published mean is reproduced: ours are at least {least[0]:.2f} over ISAAC, {least[1]:.2f} over "
        "CASCADE; the published value per network is unknown; on the fewest chips the few arrays left over decide, and "
        "by equal area of tiles the designs' numbers of arrays differ by 4 %, not 11 %",
    )


def area_efficiency_headline() -> Headline:
    """What the reported throughput per area says of the time of a product."""
    whole, tiles = implied_product_ns()
    peak = peak_gops_per_mm2(NEURAL_PIM, 2 * 100.0)
    return Headline(
        number=10,
        title="throughput per area",
        claim=f"{NEURAL_PIM_GOPS_PER_MM2:g} GOPS/s/mm2",
        evidence=REPORTED,
        found=(
            f"implies {whole:.0f} ns a product over the chip, {tiles:.0f} ns over its tiles",
            f"peak at 4 bits and 100 ns a cycle: {peak[0]:.0f} over the chip, {peak[1]:.0f} over its tiles",
            f"{chip(NEURAL_PIM).weights * 1e-6:.2f} million weights a chip",
        ),
        criterion="223 ns over the chip, 303 ns over the tiles",
        met=round(whole) == 223 and round(tiles) == 303,
        limit="the area that it is over is not known, nor the time of a product",
    )
