"""The NMPU unit behaves as its statement for all inputs in all cycles; wrong statements are found out."""

from typing import Any

import pytest

from gen.rtl import Rtl, elaborate
from hdl.nmpu import NmpuUnit
from sim_models.nmpu import NmpuParameters
from verif.nmpu_statement import unit_statement
from verif.sequential import prove_same


def unit(parameters: NmpuParameters) -> Rtl:
    return elaborate(NmpuUnit(parameters=parameters), "nmpu_unit")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"offset_integer_bits": 8},
        {"pre_cut_bits": 0, "columns_per_unit": 2},
        {"shift_max": 2},
        {"offset_fraction_bits": 3, "pre_cut_bits": 2, "output_bits": 10},
    ],
    ids=str,
)
def test_unit_equals_the_statement_for_all_inputs(fields: dict[str, Any]) -> None:
    parameters = NmpuParameters(**fields)
    assert prove_same(unit(parameters), unit_statement(parameters, "statement")).proved


WRONG = (
    ("sum + (48", "sum + (sum == 77) + (48"),  # one wrong sum of thousands
    ("p_product >> 5;", "(p_product >> 5) | p_product[4];"),  # another cut
    ("rectified > 127", "rectified > 126"),
    ("overrun | start & ~ready", "overrun & start"),
    ("layer_relu & rounded < 0", "layer_relu & rounded < -1"),
    ("out_column == 3", "out_column == 2"),
)


@pytest.mark.parametrize(("right", "wrong"), WRONG)
def test_a_wrong_statement_gives_a_counterexample(right: str, wrong: str) -> None:
    statement = unit_statement(NmpuParameters(), "statement")
    assert right in statement
    proof = prove_same(unit(NmpuParameters()), statement.replace(right, wrong))
    assert not proof.proved
    assert proof.counterexample[0].keys() >= {"start", "count_p", "cfg_data"}


def test_configurations_that_the_statement_does_not_cover_are_refused() -> None:
    with pytest.raises(ValueError, match="statement covers"):
        unit_statement(NmpuParameters(pipeline_stages=3), "statement")
