"""Measure one point: what runs in a worker process, on this machine or another."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from flow.libraries import Library, find
from flow.metrics import Metric, Subject, metric
from flow.results import read_entry, write_entry
from gen.cache import cache_folder, content_key
from gen.catalog import find as find_design
from gen.tools import ToolMissing

CACHE = "sweeps"
MEASURED, REFUSED, FAILED, MISSING = "measured", "refused", "failed", "missing"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A point to measure, in plain data that any process can be sent. ``versions`` holds one hash for each metric."""

    design: str
    parameters: Mapping[str, Any]
    library: str
    liberty: tuple[Path, ...]
    versions: Mapping[str, str]

    @property
    def key(self) -> str:
        """Hash of everything that the values of this point depend on."""
        return content_key(self.design, self.parameters, self.versions)

    def metric_key(self, name: str) -> str:
        """Hash of everything that the value of one metric depends on."""
        return content_key(self.design, self.parameters, name, self.versions[name])


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``values`` where ``state`` is `MEASURED`, else the reason in ``message``.

    `REFUSED`: the design or a metric does not take these parameters; `FAILED`: a tool or a check fails; `MISSING`: a
    tool is not installed. ``damaged`` names metrics whose cached value was damaged.
    """

    state: str
    values: Mapping[str, float] = field(default_factory=dict)
    message: str = ""
    damaged: tuple[str, ...] = ()


def measure(task: Task) -> Outcome:
    """The values of all metrics, from the cache where it has them. No error is raised that the sweep can live with."""
    try:
        return _measured(task)
    except ValueError as error:
        return Outcome(state=REFUSED, message=_one_line(error))
    except ToolMissing as error:
        return Outcome(state=MISSING, message=_one_line(error))
    except (RuntimeError, AssertionError) as error:
        return Outcome(state=FAILED, message=_one_line(error))


def _measured(task: Task) -> Outcome:
    design = find_design(task.design)
    library = _library(task.library, task.liberty)
    subject = Subject(design=design, parameters=design.configuration()(**task.parameters), library=library)
    values: dict[str, float] = {}
    damaged: list[str] = []
    for name, version in task.versions.items():
        chosen = metric(name, design)
        if chosen.version(library) != version:
            raise RuntimeError(f"the worker has another version of bitline, of its tools or of {library.name}")
        values[name], was_damaged = _value(chosen, subject, task.metric_key(name))
        damaged += [name] * was_damaged
    return Outcome(state=MEASURED, values=values, damaged=tuple(damaged))


def _value(chosen: Metric, subject: Subject, key: str) -> tuple[float, bool]:
    """The value, and whether the cache held a damaged one."""
    cached = (cache_folder(CACHE) / key).exists()
    entry = read_entry(CACHE, key)
    if entry is not None:
        return entry[0], False
    value = chosen.measure(subject)
    if not math.isfinite(value):
        raise RuntimeError(f"{chosen.name} must be finite, not {value}")
    write_entry(CACHE, key, value)
    return value, cached


@cache
def _library(name: str, liberty: tuple[Path, ...]) -> Library:
    return find(name, liberty)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
