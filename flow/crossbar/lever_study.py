"""The table of the levers for a report, from the cache where it is there: minutes otherwise."""

from dataclasses import asdict
from typing import Any

import sim_models.sar
from flow.crossbar import converter_levers, dataflow_sinad, lever_table, levers, recipes
from flow.crossbar.converter_levers import CombinedResult, ConverterResult
from flow.crossbar.lever_table import INSTANCES, TABLE_DAC_BITS, DataCeiling, LeverTable, Step
from flow.crossbar.levers import Lever, Result
from flow.crossbar.sources import code
from flow.results import read_entry, write_entry
from gen.cache import content_key
from sim_models.crossbar.peripherals import PERIPHERALS_FILE

_CACHE = "crossbar_levers"


def lever_study(instances: int = INSTANCES, step: Step = lambda name: None) -> LeverTable:
    """`flow.crossbar.lever_table.lever_table` with its DACs; ``step`` is told of rows only where they are measured.

    Raises ValueError for no instances.
    """
    key = content_key(instances, TABLE_DAC_BITS, *_code())
    entry = read_entry(_CACHE, key)
    if entry is not None:
        return _restored(entry[0])
    found = lever_table.lever_table(instances=instances, step=step)
    write_entry(_CACHE, key, asdict(found))
    return found


def _code() -> list[bytes]:
    modules = (converter_levers, dataflow_sinad, lever_table, levers, recipes)
    return code(modules, PERIPHERALS_FILE, floors=(sim_models.sar,))


def _restored(content: dict[str, Any]) -> LeverTable:
    return LeverTable(
        instances=content["instances"],
        adders=tuple(Result(**{**row, "lever": Lever(**row["lever"])}) for row in content["adders"]),
        ceilings=tuple(DataCeiling(**row) for row in content["ceilings"]),
        converters=tuple(ConverterResult(**row) for row in content["converters"]),
        combined=tuple(CombinedResult(**row) for row in content["combined"]),
    )
