"""The cost model of a priced design: what cost-model tools need of it, as an object and as JSON.

The JSON is described key by key in ``cost_model.schema.json``, beside this file. In it, as here, a figure that was not
measured is null (None), with the reason in the mapping ``unknown`` of the same object under the same key.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

SCHEMA = {"id": "urn:bitline:cost-model", "version": 1}


@dataclass(frozen=True, kw_only=True)
class Memory:
    """``count`` equal blocks of ``words`` words that are memories; ``built_of`` says what holds their bits."""

    module: str
    count: int
    words: int
    width_bits: int
    built_of: str
    each_um2: float


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """The area of one netlist; ``by_kind_um2`` (``combinational``, ``flip_flop``, ``memory``) adds up to ``um2``."""

    recipe: str
    um2: float
    ge: float
    by_kind_um2: Mapping[str, float]
    memories: tuple[Memory, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """From the JSON of one netlist."""
        return cls(**{**content, "memories": tuple(Memory(**memory) for memory in content["memories"])})


@dataclass(frozen=True, kw_only=True)
class Area:
    """The smallest netlist, and the one with buffers that energy, leakage and timing are of."""

    smallest: Netlist
    buffered: Netlist


@dataclass(frozen=True, kw_only=True)
class CellLibrary:
    """The cell library; corner, voltage and temperature are None where its files do not give them."""

    name: str
    content_sha256: str
    corner: str | None
    voltage_v: float | None
    temperature_c: float | None


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Longest paths, shortest clock period, and the period that energies and latencies are given for."""

    delay_s: float
    delay_tool: str
    longest_path_s: float | None
    shortest_period_s: float | None
    clock_period_s: float | None
    tool: str | None
    unknown: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class ActionEnergy:
    """Mean energy of one operation in joules; ``leakage`` is static power over the time between operations."""

    internal: float
    switching: float
    leakage: float
    total: float

    @property
    def dynamic(self) -> float:
        """What the operation itself costs: for tools that count leakage power apart."""
        return self.internal + self.switching


@dataclass(frozen=True, kw_only=True)
class Action:
    """One thing that the design does, and what doing it once costs."""

    name: str
    description: str
    energy_j: ActionEnergy | None
    latency_cycles: int
    latency_s: float | None
    throughput_per_s: float | None
    measured_operations: int | None
    measured_cycles: int | None
    unknown: Mapping[str, str]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """From the JSON of one action."""
        energy = content["energy_j"]
        return cls(**{**content, "energy_j": ActionEnergy(**energy) if energy is not None else None})


@dataclass(frozen=True, kw_only=True)
class CostModel:
    """What one design with these parameters costs on one cell library."""

    design: str
    summary: str
    source: str
    parameters: Mapping[str, Any]
    library: CellLibrary
    conditions: str
    tools: Mapping[str, str]
    area: Area
    leakage_w: float | None
    timing: Timing
    actions: tuple[Action, ...]
    unknown: Mapping[str, str]
    provenance: Mapping[str, str]

    def action(self, name: str) -> Action:
        """The action called ``name``; ValueError names the nearest one when there is none."""
        for action in self.actions:
            if action.name == name:
                return action
        from gen.suggest import unknown

        raise ValueError(unknown("action", name, (action.name for action in self.actions)))

    def to_json(self) -> str:
        """The text of the JSON file; the same model gives the same bytes."""
        content = {"schema": SCHEMA, **asdict(self)}
        return json.dumps({**content, "sha256": content_sha256(content)}, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """From checked JSON."""
        parts: dict[str, Any] = {
            "library": CellLibrary(**content["library"]),
            "area": Area(**{which: Netlist.from_json(netlist) for which, netlist in content["area"].items()}),
            "timing": Timing(**content["timing"]),
            "actions": tuple(Action.from_json(action) for action in content["actions"]),
        }
        plain = {key: value for key, value in content.items() if key not in ("schema", "sha256", *parts)}
        return cls(**plain, **parts)


def load_cost_model(path: Path) -> CostModel:
    """The cost model in the JSON file ``path``.

    :raises ValueError: in one line: the file cannot be read, is no JSON, breaks the schema (a key that is missing,
        unknown, of the wrong type or negative), contradicts itself, or was changed since bitline wrote it.
    """
    from flow.exports.checks import check

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no cost model: it is not UTF-8 text") from None
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    try:
        return CostModel.from_json(check(text))
    except ValueError as error:
        raise ValueError(f"{path} is no cost model: {error}") from None


def content_sha256(content: Mapping[str, Any]) -> str:
    """The hash of everything in the JSON but the hash itself."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
