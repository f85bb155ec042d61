"""Crossbars as published, where the papers and accounts of them say, and an equal one for comparisons."""

from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, OFFSET, CrossbarParameters

ISAAC_PAPER = CrossbarParameters(
    strategy=ISAAC,
    rows=128,
    input_bits=16,
    weight_bits=16,
    dac_bits=1,
    cell_bits=2,
    weight_encoding=OFFSET,
    signed_inputs=True,
    flip_encoding=True,
    output_bits=16,
    outputs=16,
    slots_per_cycle=129,
)
"""ISAAC as reported; a slot more than its 128, so that the unit column is scanned too."""

CASCADE_PAPER = CrossbarParameters(
    strategy=CASCADE,
    rows=64,
    input_bits=16,
    weight_bits=15,
    dac_bits=1,
    cell_bits=1,
    bitline_bits=6,
    carry_columns=20,
    output_bits=16,
    outputs=2,
)
"""CASCADE as reported: 6-bit lines, 10 conversions; 15 bits of magnitude, carry and outputs are a reconstruction.

With that carry the lowest of the 10 columns needs 11 bits of magnitude, not the 10 reported, and a sign beside them.
"""

NEURAL_PIM_PAPER = CrossbarParameters(strategy=NEURAL_PIM, dac_bits=4)
"""Neural-PIM with 8-bit data as reported; the 4 bits a cycle are what its headline figures favour."""

NEURAL_PIM_BIT_SERIAL = CrossbarParameters(strategy=NEURAL_PIM, dac_bits=1)
"""Neural-PIM with inputs bit by bit, as a secondary account has it."""


def eight_bit(strategy: str) -> CrossbarParameters:
    """128 rows, 8-bit inputs and magnitudes, bit by bit, differential: the same for all strategies.

    Raises ValueError for another strategy.
    """
    return CrossbarParameters(strategy=strategy)
