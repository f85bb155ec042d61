"""A user's macro in place of a design's memories: said, never silent, and only in shapes that it comes in."""

import dataclasses
from pathlib import Path

import pytest

from flow.libraries import find
from flow.prices import DesignPrice, price_design
from flow.prices.macros import with_macro
from flow.prices.memory_macro import MemoryMacro
from gen.catalog import find as find_design
from sim_models.nmpu import NmpuParameters

MACRO = MemoryMacro(
    name="tiny",
    source="invented for this test",
    node="45 nm",
    min_words=2,
    max_words=64,
    min_width=8,
    max_width=64,
    area_um2_per_bit=0.5,
    periphery_um2=100.0,
    read_pj_fixed=1.0,
    read_pj_per_bit=0.25,
    write_pj_fixed=2.0,
    write_pj_per_bit=0.5,
    leakage_w_per_bit=1e-9,
    access_time_ps=321.0,
)


@pytest.fixture(scope="module")
def price() -> DesignPrice:
    return price_design(find_design("nmpu_unit"), NmpuParameters(), find())


def test_the_macro_takes_the_place_of_the_flip_flops(price: DesignPrice) -> None:
    found = with_macro(price, MACRO)
    bits = 4 * 24
    assert found.macro is not None
    assert found.macro.area_um2 == 100 + 0.5 * bits
    assert found.macro.flip_flops_um2 == price.kinds.memory_um2 > bits * 4.522
    assert found.area_um2 == price.area_um2 - price.kinds.memory_um2 + 148
    assert found.ge == pytest.approx(found.area_um2 / 0.798)
    assert found.macro.leakage_uw == pytest.approx(bits * 1e-3)
    assert found.macro.read_pj == {"nmpu_storage": 1 + 24 * 0.25}
    assert found.macro.write_pj == {"nmpu_storage": 2 + 24 * 0.5}
    assert (found.kinds.flip_flop_um2, found.kinds.combinational_um2, found.kinds.memory_um2) == (
        price.kinds.flip_flop_um2,
        price.kinds.combinational_um2,
        148,
    )
    assert (found.delay_ps, found.timing) == (price.delay_ps, price.timing)


def test_a_price_says_what_it_depends_on(price: DesignPrice) -> None:
    assert price.provenance["liberty_sha256"] == find().content_hash
    assert {"yosys", "options", "script"} <= price.provenance.keys()
    assert price.record()["provenance"] == price.provenance


def test_the_text_says_what_the_memory_is(price: DesignPrice) -> None:
    assert "nmpu_storage" in str(price)
    assert "1 x 4 x 24 bits, flip-flops" in str(price)
    assert "macro" not in str(price)
    text = str(with_macro(price, MACRO))
    assert "1 x 4 x 24 bits, macros" in text
    assert f"macro tiny (invented for this test) in place of {price.kinds.memory_um2:,.1f} um2 of flip-flops" in text
    assert "access 321 ps" in text


def test_shapes_that_the_macro_lacks_are_refused(price: DesignPrice) -> None:
    with pytest.raises(ValueError) as error:
        with_macro(price, dataclasses.replace(MACRO, min_words=16))
    assert str(error.value) == "words of macro tiny must be between 16 and 64, not 4"


def test_a_design_without_memory_is_refused(price: DesignPrice) -> None:
    bare = dataclasses.replace(price, kinds=dataclasses.replace(price.kinds, memories=()))
    with pytest.raises(ValueError) as error:
        with_macro(bare, MACRO)
    assert str(error.value) == "nmpu_unit has no memory that macro tiny could stand for"


def test_the_example_file_reads(price: DesignPrice) -> None:
    from flow.prices.memory_macro import read_macro

    example = read_macro(Path(__file__).with_name("memory_macro_example.toml"))
    with pytest.raises(ValueError, match="words of macro example must be between 64 and 4096, not 4"):
        with_macro(price, example)
