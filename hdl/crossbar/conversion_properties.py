"""What properties of controllers say of conversions: when they were announced, when their codes are due."""

from amaranth.hdl import Module, ResetSignal, Value

from hdl.property_set import PropertySet


def announced(properties: PropertySet, m: Module) -> Value:
    """Whether the cycle before said that a conversion is next."""
    return properties.before(m, properties.adc_next & ~ResetSignal(), "announced")


def converted(properties: PropertySet, m: Module, what: Value) -> tuple[Value, Value]:
    """Whether a conversion of converter_delay cycles ago gives its code, and ``what`` was then; none after a reset."""
    codes, value = Value.cast(properties.adc_start), what
    for age in range(properties.parameters.converter_delay):
        codes = properties.before(m, codes & ~ResetSignal(), f"converted_{age}")
        value = properties.before(m, value, f"of_{age}")
    return codes, value
