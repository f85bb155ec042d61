"""The twin-range controller in a loop with the golden converter, ideal and not, gives the golden model's results."""

import shutil

import pytest

from gen.rtl import elaborate
from hdl.sar import TrqController
from verif.runner import run_bench
from verif.sar_mixed_signal import PARAMETERS

SEED = 2402


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_every_count_in_every_kind_of_converter(simulator: str) -> None:
    if simulator == "icarus" and shutil.which("iverilog") is None:
        pytest.skip("Icarus Verilog is not installed")
    rtl = elaborate(TrqController(parameters=PARAMETERS), "sar_twin_range")
    assert run_bench(rtl, "verif.sar_mixed_signal", simulator=simulator, seed=SEED).tests == 4
