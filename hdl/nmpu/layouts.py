"""Words that the NMPU components exchange."""

from amaranth.hdl import signed, unsigned
from amaranth.lib import data

from sim_models.arith import Format
from sim_models.nmpu import NmpuParameters


def count_lanes(parameters: NmpuParameters, lanes: int) -> data.ArrayLayout:
    """``lanes`` converter counts, lane 0 in the low bits; two's complement in signed-input mode, else unsigned."""
    shape = signed if parameters.signed_input else unsigned
    return data.ArrayLayout(shape(parameters.input_bits), lanes)


def column_word(parameters: NmpuParameters) -> data.StructLayout:
    """One column's parameter word, ``{offset, scale_negative, scale_positive}`` with the last in the low bits.

    Scales are unsigned with ``scale_fraction_bits`` fraction bits, the offset is two's complement with
    ``offset_fraction_bits``. Signed-input mode has one branch and no ``scale_negative``.
    """
    fields = {"scale_positive": unsigned(parameters.scale_bits)}
    if not parameters.signed_input:
        fields["scale_negative"] = unsigned(parameters.scale_bits)
    return data.StructLayout({**fields, "offset": signed(parameters.offset_bits)})


def number_formats(parameters: NmpuParameters, word: str, result: str) -> dict[str, Format]:
    """Formats of the data ports of a unit or array; ``word`` and ``result`` are paths of parameter word and result."""
    p = parameters
    count = Format(signed=p.signed_input, integer_bits=p.input_bits, fraction_bits=0)
    scale = Format(signed=False, integer_bits=p.scale_integer_bits, fraction_bits=p.scale_fraction_bits)
    return {
        "count_p": count,
        "count_n": count,
        "shift": Format(signed=False, integer_bits=p.shift_bits, fraction_bits=0),
        f"{word}.scale_positive": scale,
        f"{word}.scale_negative": scale,
        f"{word}.offset": Format(signed=True, integer_bits=p.offset_integer_bits, fraction_bits=p.offset_fraction_bits),
        result: Format(signed=True, integer_bits=p.output_bits, fraction_bits=0),
    }
