"""Catalog of the floating-point building blocks."""

from gen.catalog.design import Design


def _block(name: str, summary: str, component: str, parameters: str = "FloatParameters") -> Design:
    return Design(
        name=name,
        family="arith",
        summary=summary,
        source="IEEE 754-2019, round to nearest, ties to even",
        status="golden, simulated, priced",
        parameters=f"gen.floats:{parameters}",
        component=f"gen.floats:{component}",
        latency="combinational",
        cycles=lambda parameters: 0,
        bench="combinational",
        vectors=f"gen.vectors.floats:{name}_vectors",
    )


ARITH = (
    _block("float_multiply", "floating-point multiplier of any exponent and fraction width", "multiply"),
    _block("float_add", "floating-point adder of any exponent and fraction width", "add"),
    _block("float_fused", "floating-point multiply-add, rounded once", "fused"),
    _block("unsigned_to_float", "unsigned integer to floating point", "from_unsigned", "ConversionParameters"),
    _block("signed_to_float", "two's complement integer to floating point", "from_signed", "ConversionParameters"),
    _block(
        "float_to_signed", "floating point to two's complement integer, clamped", "to_signed", "ConversionParameters"
    ),
)
