"""Headlines on the dataflows themselves: how long a product takes, and how exact the analog parts leave it."""

from flow.crossbar.headline import Headline
from flow.crossbar.pipeline import pipelines
from gen.tools import ToolMissing
from sim_models.crossbar.benches import (
    cascade_data_db,
    cascade_sine_db,
    isaac_sine_db,
    network_data_db,
    neural_pim_sine_db,
)
from sim_models.crossbar.evidence import REPORTED

EXPECTED = {
    "ISAAC, 16 bits": 22,
    "isaac, 1-bit DAC": 14,
    "isaac, 1-bit DAC, searching": 14,
    "cascade, 1-bit DAC": 13,
    "neural_pim, 1-bit DAC": 14,
    "neural_pim, 4-bit DAC": 8,
}
"""Array cycles."""
_SEED = 1
ISAAC_NOISE = (0, 0.5, 1, 2, 4)
"""Of the converter, rms, in steps of its code."""
CASCADE_ERRORS = (0, 0.005, 0.01, 0.02)
"""Of a stored sum, rms, as a part of the largest."""
NEURAL_PIM_ERRORS = (0, 0.0005, 0.001, 0.002, 0.004)
"""Of a step of the shift-and-add, rms, as a part of full scale."""
SAMPLES = 65536
IDEAL_DB = 49.92
"""A full-scale sine through an ideal converter of 8 bits: 6.02 * 8 + 1.76."""


def pipeline_headline() -> Headline:
    """22 array cycles of ISAAC; no verdict where nothing can be simulated."""
    try:
        found = pipelines()
    except ToolMissing:
        found = []
    lines = "; ".join(f"{each.name}: {each.measured} (formula {each.formula})" for each in found)
    right = {each.name: each.measured for each in found} == EXPECTED and all(
        each.measured == each.formula for each in found
    )
    return Headline(
        number=3,
        title="array cycles of a product in the Verilog",
        claim="ISAAC 22 with 16 bits, a bit a cycle",
        evidence=REPORTED,
        found=(lines or "not measured: Verilator or a C++ compiler is missing",),
        criterion="22 with 16 cycles of input, 14 with 8, CASCADE 13, Neural-PIM's 4-bit DAC 8, as the formulas say",
        met=right if found else None,
        limit="the stages of CASCADE and Neural-PIM, and so their cycles, are bitline's",
    )


def sinad_headline() -> Headline:
    """Neural-PIM's dataflow is the most exact with errors as they are declared here."""
    a = [isaac_sine_db(noise, _SEED, SAMPLES) for noise in ISAAC_NOISE]
    b = [cascade_sine_db(error, _SEED, SAMPLES) for error in CASCADE_ERRORS]
    c = {bits: [neural_pim_sine_db(error, _SEED, bits, SAMPLES) for error in NEURAL_PIM_ERRORS] for bits in (1, 4)}
    smallest = [found[1] for found in c.values()]
    return Headline(
        number=11,
        title="SINAD of the dataflows",
        claim="Neural-PIM about 50 dB, the highest of the three",
        evidence=REPORTED,
        found=(
            f"ISAAC, sine, noise of the converter {_listed(ISAAC_NOISE, a)}",
            f"CASCADE, sine, error of a stored sum {_listed(CASCADE_ERRORS, b)}",
            *(
                f"Neural-PIM, {bits}-bit DAC, sine, error of a step {_listed(NEURAL_PIM_ERRORS, found)}"
                for bits, found in c.items()
            ),
            "data like a network's: CASCADE, cells read as real numbers, "
            + ", ".join(f"{bits} bits {cascade_data_db(bits, _SEED):.1f}" for bits in (6, 7))
            + "; Neural-PIM, range of "
            + ", ".join(f"{100 * part:g} % {network_data_db(part, _SEED):.1f}" for part in (1, 0.25, 0.06, 0.03)),
        ),
        criterion="with errors of the smallest of these sizes, Neural-PIM at least ISAAC, that above CASCADE; "
        f"Neural-PIM within 1 dB of {IDEAL_DB}",
        met=min(smallest) >= a[1] > b[1] and min(smallest) > IDEAL_DB - 1,
        limit="the sizes of the errors are assumptions, and with other ones the order is another; a sine on equal "
        "weights does not show how cells round",
    )


def _listed(levels: tuple[float, ...], found: list[float]) -> str:
    return ", ".join(f"{level:g}: {value:.1f}" for level, value in zip(levels, found, strict=True)) + " dB"
