"""Speed of generation, simulation and golden model, as ratios measured in one run: ``python -m flow.benchmarks``."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from flow.libraries import find as find_library
from flow.sweep.benchmark import scaling
from flow.table import price_catalog, table_lines
from gen.catalog import find
from gen.rtl import elaborate
from gen.vectors.nmpu import unit_vectors
from hdl.nmpu import NmpuUnit
from sim_models.daism import DaismParameters
from sim_models.daism.layout import Gemm
from sim_models.daism.speed import measure_rates
from sim_models.fastest import fastest
from sim_models.nmpu import NmpuParameters, process
from sim_models.sar import TrqControllerParameters, TrqParameters
from sim_models.sar.speed import conversion_rates
from verif import sar_twin_range
from verif.batch import simulate
from verif.benches import run_design_bench
from verif.nmpu import random_groups, run_unit
from verif.sar_loop import in_loop
from verif.sar_twin_range_conversions import conversions as batch_conversions
from verif.sar_twin_range_conversions import legal_configurations

PARAMETERS = NmpuParameters()


def generation() -> None:
    """The default unit, printed by bitline and by Amaranth's own back end."""
    from amaranth.back import verilog

    def ours() -> None:
        elaborate(NmpuUnit(parameters=PARAMETERS), "nmpu_unit")

    def theirs() -> None:
        verilog.convert(NmpuUnit(parameters=PARAMETERS), name="nmpu_unit", emit_src=False)

    theirs()
    own, again = fastest(ours, 5), fastest(theirs, 3)
    print(f"generate nmpu_unit in process: {own * 1e3:.0f} ms; amaranth.back.verilog.convert {again * 1e3:.0f} ms,")
    print(f"  {again / own:.1f} times as long")
    # An empty cache folder is what both meet on a new machine; there Amaranth's Yosys compiles itself first.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", "from flow.benchmarks import first_use; first_use()"]
        subprocess.run(command, check=True, env=os.environ | {"XDG_CACHE_HOME": folder})


def first_use() -> None:
    """The same comparison for the first call of each in a new process."""
    own = fastest(lambda: elaborate(NmpuUnit(parameters=PARAMETERS), "nmpu_unit"), 1)

    from amaranth.back import verilog

    theirs = fastest(lambda: verilog.convert(NmpuUnit(parameters=PARAMETERS), name="nmpu_unit", emit_src=False), 1)
    print(f"  first use with an empty cache: {own * 1e3:.0f} ms and {theirs * 1e3:.0f} ms, {theirs / own:.0f} times")


def command_line() -> None:
    """``bitline generate nmpu`` from a cold start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("bitline")), "generate", "nmpu", "-o", f"{folder}/nmpu"]
        taken = fastest(lambda: subprocess.run(command, check=True, capture_output=True), 3)
    print(f"bitline generate nmpu, cold: {taken:.2f} s")


def batch() -> float:
    """Vectors a second of the batch binder on one core, packing included."""
    rtl = elaborate(NmpuUnit(parameters=PARAMETERS), "nmpu_unit")
    groups = random_groups(PARAMETERS, 250_000, PARAMETERS.columns_per_unit, 1)
    run_unit(rtl, PARAMETERS, groups)
    rate = groups.count_p.size / fastest(lambda: run_unit(rtl, PARAMETERS, groups), 3)
    print(f"batch simulation of nmpu_unit: {rate / 1e6:.1f} million vectors/s on one core")
    return rate


def golden() -> None:
    """Outputs a second of the golden model on one core."""
    random = np.random.default_rng(1)
    count_p, count_n = random.integers(0, 1024, (2, 20_000, 256))
    scale_p, scale_n = random.integers(0, 256, (2, 256))
    offset = random.integers(-128, 128, 256)
    taken = fastest(lambda: process(count_p, count_n, scale_p, scale_n, offset, 2, True, PARAMETERS), 5)
    rate = count_p.size / taken
    print(f"golden model: {rate / 1e6:.0f} million outputs/s on one core")


def cocotb(batch_rate: float) -> None:
    """Vectors a second through the cocotb bench, simulator already built."""
    vectors = unit_vectors(PARAMETERS, layers=200)
    results = run_design_bench(find("nmpu_unit"), PARAMETERS, vectors=vectors)
    count = sum(len(layer["groups"]) for layer in vectors["layers"]) * PARAMETERS.columns_per_unit
    rate = count / results.seconds["groups_back_to_back"]
    print(f"cocotb on Verilator: {rate:,.0f} vectors/s; batch simulation is {batch_rate / rate:,.0f} times as fast")


def conversions() -> None:
    """Conversions a second: golden model, simulated twin-range controller, its cocotb bench with a built simulator."""
    golden_rates = conversion_rates(TrqParameters())
    print(
        f"golden conversions on two cores: {golden_rates.bulk / 1e6:.0f} million/s, "
        f"{golden_rates.bulk / golden_rates.numpy:.1f} times as fast as numpy on one core"
    )
    parameters, design = TrqControllerParameters(), find("sar_twin_range")
    batch_rate = _converted_in_batch(parameters)
    vectors = design.bench_vectors(parameters)
    rate = len(vectors["conversions"]) / run_design_bench(design, parameters).seconds["every_conversion_alone"]
    print(
        f"sar_twin_range: batch simulation {batch_rate:,.0f} conversions/s on one core; cocotb on Verilator "
        f"{rate:,.0f}, batch is {batch_rate / rate:,.0f} times as fast"
    )


def _converted_in_batch(parameters: TrqControllerParameters) -> float:
    """Conversions a second of every count by every configuration without options, outputs unpacked."""
    configurations = legal_configurations(parameters)
    counts = np.arange(parameters.maximum + 1)
    which = np.repeat(np.arange(len(configurations)), len(counts))
    converted = batch_conversions(parameters, configurations, which, np.tile(counts, len(configurations)))
    schedule = sar_twin_range.full_rate(converted)
    rtl = in_loop(find("sar_twin_range").elaborate(parameters))
    stimuli = sar_twin_range.inputs(converted, schedule, 0)
    return len(which) / fastest(lambda: simulate(rtl, stimuli), 3)


def in_sram_products() -> None:
    """Multiply-accumulates a second of the in-SRAM multiplier's matrix product, and of a gather from a table."""
    layer = Gemm(positions=4096, length=576, outputs=64)
    kinds = {"bfloat16": DaismParameters(), "integers": DaismParameters(operand_kind="integer", accumulator="int")}
    for name, parameters in kinds.items():
        rates = measure_rates(layer, parameters, threads=2)
        print(
            f"in-SRAM matmul, {name}: {rates.matmul / 1e6:,.0f} million MAC/s on two threads; numpy table gather "
            f"{rates.table_gather / 1e6:.0f} on one, {rates.matmul_core / rates.gather_core:.0f} times as fast per core"
        )


def calibration() -> None:
    """Calibration of the digits network in a new process, data and histograms in it."""
    code = (
        "from flow.sar.arrays import ArrayParameters as A; from flow.sar.calibration import calibrate_network as c; "
        "from flow.sar.result import Request; c(Request(arrays=A()), lambda step: None)"
    )
    taken = fastest(lambda: subprocess.run([sys.executable, "-c", code], check=True), 2)
    print(f"calibration of the digits network, 1-bit cells: {taken:.1f} s")


def prices() -> None:
    """The table of all designs: from an empty cache, from a full one, and by one recipe after another."""
    with tempfile.TemporaryDirectory() as together, tempfile.TemporaryDirectory() as alone:
        cold, cached = _table(together), _table(together, quiet=True)
        one_by_one = _table(alone, workers=1, quiet=True)
    print(f"table of designs: {cold:.0f} s from an empty cache, {cached:.1f} s from a full one;")
    print(f"  one recipe after another {one_by_one:.0f} s, {one_by_one / cold:.2f} times as long")


def _table(cache: str, *, workers: int | None = None, quiet: bool = False) -> float:
    """Wall time of a process that prices the table with ``cache`` as its cache folder."""
    command = [sys.executable, "-c", f"from flow.benchmarks import print_table; print_table({workers})"]
    environment, output = os.environ | {"BITLINE_CACHE": cache}, subprocess.DEVNULL if quiet else None
    return fastest(lambda: subprocess.run(command, check=True, env=environment, stdout=output), 1)


def print_table(workers: int | None) -> None:
    """Price all designs on the default library and print the table."""
    print("\n".join(table_lines(price_catalog(find_library(), workers=workers))), flush=True)


def main() -> None:
    """Run all benchmarks."""
    prices()
    scaling()
    generation()
    command_line()
    golden()
    cocotb(batch())
    conversions()
    in_sram_products()
    calibration()


if __name__ == "__main__":
    main()
