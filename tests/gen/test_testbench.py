"""Functional coverage: bins, hits and what is missing."""

import pytest

from gen.testbench.coverage import Coverage


def test_hits_are_counted_by_bin() -> None:
    coverage = Coverage(shift=range(3), relu=(False, True))
    for shift in (0, 2, 2):
        coverage.hit(shift=shift, relu=shift == 0)
    assert coverage.hits == {"shift": {0: 1, 1: 0, 2: 2}, "relu": {False: 2, True: 1}}
    assert coverage.missing() == ["shift=1"]
    assert coverage.report() == "shift: 2 of 3 bins hit (0: 1, 1: 0, 2: 2)\nrelu: 2 of 2 bins hit (False: 2, True: 1)"
    with pytest.raises(AssertionError, match=r"^never seen: shift=1$"):
        coverage.assert_covered()
    coverage.hit(shift=1)
    coverage.assert_covered()


@pytest.mark.parametrize("seen", [{"shift": 3}, {"shfit": 1}])
def test_sightings_outside_the_bins_are_errors(seen: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"is no declared bin$"):
        Coverage(shift=range(3)).hit(**seen)
