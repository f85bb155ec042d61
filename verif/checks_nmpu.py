"""Batch checks of the near-memory unit and of the array of such units."""

from dataclasses import replace

from gen.rtl import Rtl
from sim_models.nmpu import NmpuParameters
from verif.checks_form import require_equal
from verif.nmpu import golden, random_groups, run_array, run_unit
from verif.nmpu_traffic import array_under_traffic, random_traffic, unit_under_traffic


def check_unit(rtl: Rtl, parameters: NmpuParameters, vectors: int, seed: int) -> int:
    """Groups of columns of one unit. Raises ValueError for storage 'external'."""
    if parameters.storage == "external":
        raise ValueError("storage must be 'flop' for the batch check of nmpu_unit, not 'external'")
    tiles_per_sum = 3 if parameters.accumulates else 1
    # Half of the vectors at full rate, half in traffic that disturbs whatever can be disturbed.
    count = max(1, vectors // 2 // parameters.columns_per_unit // tiles_per_sum) * tiles_per_sum
    groups = random_groups(parameters, count, parameters.columns_per_unit, seed, tiles=tiles_per_sum)
    compared = require_equal(vars(run_unit(rtl, parameters, groups)), vars(golden(groups, parameters)), seed)
    traffic = random_traffic(parameters, count, seed, tiles=tiles_per_sum)
    return compared + require_equal(*unit_under_traffic(rtl, parameters, traffic), seed)


def check_array(rtl: Rtl, parameters: NmpuParameters, vectors: int, seed: int) -> int:
    """Groups of columns of the array. Raises ValueError for storage 'external' and for partial sums."""
    if parameters.storage == "external" or parameters.accumulates:
        raise ValueError("storage must be 'flop' and partial_sum 'none' for the batch check of nmpu")
    count = max(1, vectors // 2 // parameters.columns)
    drawn = random_groups(parameters, count, parameters.columns, seed)
    words = ("scale_positive", "scale_negative", "offset")
    shared = {name: getattr(drawn, name)[:1] for name in words if getattr(drawn, name) is not None}
    groups = replace(drawn, **shared)
    run, _ = run_array(rtl, parameters, groups)
    compared = require_equal(vars(run), vars(golden(groups, parameters)), seed)
    traffic = random_traffic(parameters, count, seed, array=True)
    return compared + require_equal(*array_under_traffic(rtl, parameters, traffic), seed)
