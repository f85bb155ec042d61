"""Catalog of the arithmetic building blocks: floating point, and the exact integer baselines."""

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
    Design(
        name="integer_multiply",
        family="arith",
        summary="exact integer multiplier: two's complement, unsigned, or sign and magnitude",
        source="textbook; rows by Baugh and Wooley (1973) or Booth's recoding (MacSorley 1961)",
        status="golden, simulated, priced",
        parameters="sim_models.arith:MultiplyParameters",
        component="hdl.arith:IntegerMultiply",
        latency="combinational",
        cycles=lambda parameters: 0,
        bench="combinational",
        vectors="gen.vectors.integers:integer_multiply_vectors",
    ),
    Design(
        name="multiply_accumulate",
        family="arith",
        summary="exact integer multiply-accumulate with its register",
        source="textbook; the rows of the product and the accumulator are added up together",
        status="golden, simulated, priced",
        parameters="sim_models.arith:MultiplyAccumulateParameters",
        component="hdl.arith:MultiplyAccumulate",
        latency="1",
        cycles=lambda parameters: 1,
        bench="multiply_accumulate",
        vectors="gen.vectors.integers:multiply_accumulate_vectors",
    ),
)
