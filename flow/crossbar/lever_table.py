"""What each lever gives to the analog networks, from the committed weights: `python -m flow.crossbar.lever_table`."""

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flow.crossbar.converter_levers import CombinedResult, ConverterResult, combined, converters
from flow.crossbar.dataflow_sinad import data_db
from flow.crossbar.levers import LEVERS, Result, measure
from flow.crossbar.recipes import SIGMA
from sim_models.arith.checking import require_integer
from sim_models.crossbar.neural_adder import DAC_BITS
from sim_models.crossbar.peripherals import load

INSTANCES = 11
TABLE_DAC_BITS = (1, 4)
TARGET_DB = 50.0
"""Reported of the published dataflow, about."""
CONVERTER_DB = 6.02 * 8 + 1.76
Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DataCeiling:
    """SINAD in dB of network data without networks, with calibrated ranges and with those of full scale."""

    dac_bits: int
    calibrated: float
    full_scale: float


@dataclass(frozen=True, kw_only=True)
class LeverTable:
    """Everything measured, on ``instances`` of every network; the adders' base case comes first for each DAC."""

    instances: int
    adders: tuple[Result, ...]
    ceilings: tuple[DataCeiling, ...]
    converters: tuple[ConverterResult, ...]
    combined: tuple[CombinedResult, ...]

    def gain_db(self, result: Result) -> float:
        """What a lever adds to one pass of the base case with the same DAC, cells deviating."""
        base = next(it for it in self.adders if it.dac_bits == result.dac_bits and it.lever == LEVERS[0])
        return result.fit - base.fit


def lever_table(
    *, dac_bits: tuple[int, ...] = TABLE_DAC_BITS, instances: int = INSTANCES, step: Step = lambda name: None
) -> LeverTable:
    """Measure all levers in order; ``step`` is told of each row that is done, `table_steps` times.

    Raises ValueError for a DAC without committed networks and for no instances.
    """
    require_integer("instances", instances, 1)
    for bits in dac_bits:
        if bits not in DAC_BITS:
            raise ValueError(f"dac_bits must be of {DAC_BITS}, not {bits}")
    peripherals, adders = load(), []
    for bits in dac_bits:
        for lever in LEVERS:
            adders.append(measure(lever, bits, peripherals, instances))
            step(f"{lever.name}, {bits}-bit DAC")
    ceilings = [
        DataCeiling(
            dac_bits=bits, calibrated=data_db(None, None, bits), full_scale=data_db(None, None, bits, ranges=False)
        )
        for bits in dac_bits
    ]
    converted = converters(peripherals, instances)
    step("NNADC")
    both = [combined(peripherals, bits, instances) for bits in dac_bits]
    step("both networks")
    return LeverTable(
        instances=instances,
        adders=tuple(adders),
        ceilings=tuple(ceilings),
        converters=tuple(converted),
        combined=tuple(both),
    )


def table_steps(dac_bits: tuple[int, ...] = TABLE_DAC_BITS) -> int:
    """How often `lever_table` calls ``step``."""
    return len(dac_bits) * len(LEVERS) + 2


def lever_rows(table: LeverTable) -> list[dict[str, Any]]:
    """All rows as plain data, each with its ``part`` and its evidence, in the order of the table."""
    parts = [("NNS+A", {**_adder_row(it), "gain_db": table.gain_db(it)}) for it in table.adders]
    parts += [("no networks", asdict(it)) for it in table.ceilings]
    parts += [("NNADC", asdict(it)) for it in table.converters]
    parts += [("both", {**asdict(it), "short_of_target_db": TARGET_DB - it.sine}) for it in table.combined]
    return [{"part": part, "evidence": "ours", "instances": table.instances, **row} for part, row in parts]


def lever_lines(table: LeverTable) -> list[str]:
    """The table as text."""
    lines = [
        f"ours: {table.instances} instances of sigma {SIGMA}; SINAD in dB; about {TARGET_DB:.0f} dB is reported",
        "",
    ]
    for ceiling in table.ceilings:
        lines += _adder_lines(table, ceiling)
    lines += ["NNADC, ideal shift-and-add", f"  {'':28}{'sine':>7}{'varied':>8}{'worst':>7}{'data':>7}"]
    lines += [f"  {it.name:28}{it.exact:7.1f}{it.median:8.1f}{it.worst:7.1f}{it.data:7.1f}" for it in table.converters]
    lines += ["", "both: 64 neurons, linear start, gain trims of 8 bits; trimmed pipeline"]
    lines += [
        f"  {it.dac_bits}-bit DAC: sine {it.sine:.1f}, data {it.data:.1f}; "
        f"{TARGET_DB - it.sine:.1f} short of {TARGET_DB:.0f}"
        for it in table.combined
    ]
    first = max(it.sine for it in table.adders if it.lever.name == LEVERS[0].name)
    reached = all(round(it.sine) >= TARGET_DB for it in table.combined)
    return [
        *lines,
        f"  criterion: both networks about {TARGET_DB:.0f} dB of the sine: {'met' if reached else 'NOT MET'}; "
        f"with networks as first trained {first:.1f} dB at most",
        "  limit: the rows above tell which levers together reach it; models of cells and inverters, no circuit "
        "simulation",
    ]


def _adder_row(it: Result) -> dict[str, Any]:
    row = asdict(it)
    return {"lever": row.pop("lever")["name"], "network": it.lever.network, **row}


def _adder_lines(table: LeverTable, ceiling: DataCeiling) -> list[str]:
    head = (
        f"  {'':28}{'one pass':>9}{'varied':>8}{'gain':>6}{'sine':>7}{'varied':>8}{'worst':>7}{'data':>7}{'swing':>8}"
    )
    return [
        f"NNS+A, {ceiling.dac_bits}-bit DAC; ideal 8-bit conversion (sine: {CONVERTER_DB:.2f} dB at most)",
        f"{head}  {TARGET_DB:.0f} dB of a pass",
        *(_adder_line(it, table.gain_db(it)) for it in table.adders if it.dac_bits == ceiling.dac_bits),
        f"  data without networks: {ceiling.calibrated:.1f}, range not calibrated {ceiling.full_scale:.1f}",
        "",
    ]


def _adder_line(it: Result, gain: float) -> str:
    return (
        f"  {it.lever.name:28}{it.fit_exact:9.1f}{it.fit:8.1f}{gain:6.1f}{it.sine_exact:7.1f}{it.sine:8.1f}"
        f"{it.sine_worst:7.1f}{it.data:7.1f}{it.swing:8.3f}  {'yes' if it.fit >= TARGET_DB else 'no'}"
    )


if __name__ == "__main__":
    sys.stdout.write("\n".join(lever_lines(lever_table())) + "\n")
