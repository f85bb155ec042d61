"""Run a bank of the in-SRAM multiplier over a schedule, and say by the golden model what it must show."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.rtl import Rtl
from gen.vectors.daism_work import Drive, Integers, Load, Preset, random_actions, significands, sums_after
from hdl.daism.layouts import sum_bits
from sim_models.daism import DaismParameters, row_enables
from verif.batch import simulate
from verif.daism import Schedule, Timing, bank_inputs, schedule
from verif.packing import unpack

Results = dict[str, NDArray[Any]]
_STREAMS = (("load", Load), ("drive", Drive), ("preset", Preset))
_COUNTS = ("access_count", "skipped_count", "row_write_count", "wordline_count")


def run_bank(rtl: Rtl, plan: Schedule, seed: int = 0) -> Results:
    """What the bank shows, as `expected_bank` gives it."""
    return shown_bank(plan, simulate(rtl, bank_inputs(plan), seed=seed))


def shown_bank(plan: Schedule, outputs: Mapping[str, NDArray[Any]]) -> Results:
    """Of the outputs by cycle those that are promised."""
    finished, _ = _finished(plan)
    sums = unpack(outputs["sums"], plan.parameters.lanes, sum_bits(plan.parameters), False)
    pending = unpack(outputs["pending"], plan.parameters.interleave, 1, False)
    results = {name: outputs[f"{name}__ready"][_offers(plan, kind)] for name, kind in _STREAMS}
    results |= {"finished": outputs["finished"], "finished_slot": outputs["finished_slot"][finished]}
    results |= {"sums": sums[finished], "kept_sums": sums[plan.settled + _used_slots(plan)]}
    results |= {name: outputs[name][-1:] for name in _COUNTS}
    return results | {"pending": pending, "idle": outputs["idle"]}


def expected_bank(plan: Schedule) -> Results:
    """What `run_bank` must return: handshakes and what is under way by cycle, sums that end, those left, counters."""
    finished, slots = _finished(plan)
    after = sums_after(plan.actions, plan.parameters)
    ends = [sums for action, sums in zip(plan.actions, after, strict=True) if isinstance(action, Drive) and action.last]
    kept = {action.slot: sums for action, sums in zip(plan.actions, after, strict=True) if not isinstance(action, Load)}
    results: Results = {name: _accepts(plan, kind) for name, kind in _STREAMS}
    by_cycle = np.zeros(plan.length, np.int64)
    by_cycle[finished] = 1
    lanes = plan.parameters.lanes
    results |= {"finished": by_cycle, "finished_slot": slots, "sums": np.array(ends, np.int64).reshape(-1, lanes)}
    results["kept_sums"] = np.array([kept[slot] for slot in _used_slots(plan)], np.int64).reshape(-1, lanes)
    results |= {name: np.array([count]) for name, count in _counts(plan).items()}
    pending = _pending(plan)
    return results | {"pending": pending, "idle": (~pending.any(axis=1) & ~_writing(plan)).astype(np.int64)}


def _offers(plan: Schedule, kind: type[Any]) -> Integers:
    """The cycles in which something of one kind is offered."""
    _, taken, offered = plan.of(kind)
    ranges = [np.arange(begin, end + 1) for begin, end in zip(offered, taken, strict=True)]
    return np.concatenate([np.zeros(0, np.int64), *ranges])


def _accepts(plan: Schedule, kind: type[Any]) -> Integers:
    """For each offer whether it is taken: in the last cycle it is offered."""
    return np.isin(_offers(plan, kind), plan.of(kind)[1]).astype(np.int64)


def _finished(plan: Schedule) -> tuple[Integers, Integers]:
    """The cycles in which a sum is finished, and its slot."""
    drives, taken, _ = plan.of(Drive)
    chosen = [place for place, drive in enumerate(drives) if drive.last]
    cycles = taken[chosen] + Timing(parameters=plan.parameters).latency
    return cycles, np.array([drives[place].slot for place in chosen], np.int64)


def _pending(plan: Schedule) -> Integers:
    """By cycle and slot whether something is under way: from the cycle after a transfer until its sum is stored."""
    drives, taken, _ = plan.of(Drive)
    slots = np.array([drive.slot for drive in drives], np.int64)
    pending = np.zeros((plan.length, plan.parameters.interleave), np.int64)
    for age in range(1, Timing(parameters=plan.parameters).latency):
        pending[taken + age, slots] = 1
    return pending


def _writing(plan: Schedule) -> NDArray[np.bool_]:
    """By cycle whether a row is written."""
    _, taken, _ = plan.of(Load)
    writing = np.zeros(plan.length, np.bool_)
    for age in range(1, plan.parameters.rows_per_group + 1):
        writing[taken + age] = True
    return writing


def _used_slots(plan: Schedule) -> Integers:
    return np.unique([action.slot for action in plan.actions if not isinstance(action, Load)]).astype(np.int64)


def _counts(plan: Schedule) -> dict[str, int]:
    p = plan.parameters
    drives, _, _ = plan.of(Drive)
    drivers = significands(np.array([drive.operand for drive in drives], np.int64), p)
    skipped = p.accesses * int(np.count_nonzero(drivers == 0)) if p.zero_skip else 0
    return {
        "access_count": p.accesses * len(drives) - skipped,
        "skipped_count": skipped,
        "row_write_count": p.rows_per_group * len(plan.of(Load)[0]),
        "wordline_count": int(row_enables(drivers, p).sum()),
    }


def bank_work(rtl: Rtl, parameters: DaismParameters, products: int, seed: int) -> tuple[Results, Results]:
    """What a bank shows under random work of about ``products`` products, and what it must show."""
    actions = random_actions(parameters, max(1, products // parameters.lanes), seed)
    plan = schedule(actions, parameters)
    return run_bank(rtl, plan, seed), expected_bank(plan)


def lane_work(rtl: Rtl, vectors: Mapping[str, Any]) -> tuple[Results, Results]:
    """The sums that a lane or an accumulator shows over `gen.vectors.daism` vectors, and those it must show."""
    inputs = {name: np.array(words, np.int64) for name, words in vectors["inputs"].items()}
    shown = simulate(rtl, inputs)["shown_sum"].astype(np.int64)
    return {"sums": shown[vectors["cycles"]]}, {"sums": np.array(vectors["sums"], np.int64)}
