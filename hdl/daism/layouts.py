"""Port layouts and widths of the in-SRAM multiplier's blocks."""

from amaranth.lib import data

from sim_models.arith import Format, IntegerFormat
from sim_models.arith.widths import index_bits
from sim_models.daism import DaismParameters

# Integer sums may have this many products; float accumulators have a fixed format.
INTEGER_SUM_LENGTH = 1 << 16


def side_bits(p: DaismParameters) -> int:
    """Bits kept beside each stored operand: sign and exponent of a float, nothing of an integer."""
    return 1 + p.exponent_bits if p.is_float else 0


def product_bits(p: DaismParameters) -> int:
    """Bits of a product: {sign, exponent, fraction} of a float, the kept columns of an integer."""
    return p.product_word_bits if p.is_float else p.kept


def sum_bits(p: DaismParameters) -> int:
    """Bits of a sum: {sign, 8 exponent bits, fraction}, or 2n + 16 for integers."""
    return 8 + p.accumulator_significand_bits if p.is_float else p.accumulator_bits(INTEGER_SUM_LENGTH)


def bank_latency(p: DaismParameters) -> int:
    """Cycles from the transfer of a driver operand to the cycle in which the sum with its products is readable."""
    return 2 + p.accesses + p.accumulate_latency


def operand_layout(p: DaismParameters) -> data.StructLayout:
    """An operand word, {sign, exponent, fraction} with the fraction low, or the integer."""
    if not p.is_float:
        return data.StructLayout({"fraction": p.significand_bits})
    return data.StructLayout({"fraction": p.significand_bits - 1, "exponent": p.exponent_bits, "sign": 1})


def load_layout(p: DaismParameters) -> data.StructLayout:
    """Operands of all lanes for one row group: lane 0 low."""
    return data.StructLayout({"operands": data.ArrayLayout(p.word_bits, p.lanes), "group": index_bits(p.groups)})


def drive_layout(p: DaismParameters) -> data.StructLayout:
    """One driver operand: the group it multiplies, the partial sum that takes the products, where a sum begins, ends.

    With ``first`` the sum starts at zero; with ``last`` `DaismBank.finished` tells when it is complete.
    """
    return data.StructLayout(
        {
            "operand": p.word_bits,
            "group": index_bits(p.groups),
            "slot": index_bits(p.interleave),
            "first": 1,
            "last": 1,
        }
    )


def preset_layout(p: DaismParameters) -> data.StructLayout:
    """New contents of one partial sum in all lanes: lane 0 low."""
    return data.StructLayout({"sums": data.ArrayLayout(sum_bits(p), p.lanes), "slot": index_bits(p.interleave)})


def integer_formats(p: DaismParameters, *ports: str) -> dict[str, Format | IntegerFormat]:
    """Formats of ``ports`` that carry operands as integers; float words say theirs in the docstring."""
    return {} if p.is_float else dict.fromkeys(ports, IntegerFormat(kind="unsigned", width=p.significand_bits))
