"""Batch checks of the in-SRAM multiplier: the accelerator, a bank, what is behind its lanes."""

from collections.abc import Callable
from typing import Any

from gen.rtl import Rtl
from sim_models.daism import DaismParameters
from sim_models.daism.accelerator import AcceleratorParameters
from verif.checks_form import Check, require_equal
from verif.daism_accelerator import accelerator_work
from verif.daism_bank import bank_work, lane_work


def check_accelerator(rtl: Rtl, parameters: AcceleratorParameters, vectors: int, seed: int) -> int:
    """Random layers through the accelerator, and its counters."""
    return sum(require_equal(*pair, seed) for pair in accelerator_work(rtl, parameters, vectors, seed))


def check_bank(rtl: Rtl, parameters: DaismParameters, vectors: int, seed: int) -> int:
    """Random work of one bank."""
    return require_equal(*bank_work(rtl, parameters, vectors, seed), seed)


def lane(vectors_of: Callable[..., dict[str, Any]]) -> Check:
    """A check of the sums of what ``vectors_of`` draws."""

    def check(rtl: Rtl, parameters: DaismParameters, vectors: int, seed: int) -> int:
        return require_equal(*lane_work(rtl, vectors_of(parameters, vectors, seed)), seed)

    return check
