"""The trained networks that come with bitline: reading their file, checking everything in it."""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim_models.arith.checking import require_choice
from sim_models.crossbar.conductance import CellParameters
from sim_models.crossbar.neural_adder import NeuralAdder
from sim_models.crossbar.neural_quantiser import NeuralQuantiser
from sim_models.crossbar.vtc import InverterVtc

PERIPHERALS_FILE = Path(__file__).with_name("peripherals.npz")
CELL_BITS = 3
ADDER_FIELDS = {
    "input_codes": (np.int8, 3),
    "output_codes": (np.int8, 2),
    "biases": (np.float64, 2),
    "gains": (np.float64, 2),
    "dac_bits": (np.int8, 1),
    "cells": (np.int8, 0),
    "slope": (np.float64, 0),
    "input_scale": (np.float64, 1),
    "offset": (np.float64, 1),
}
"""Type and axes; the first axis is that of the networks for different DACs."""
STAGE_FIELDS = {
    "input_codes": (np.int8, 1),
    "output_codes": (np.int8, 2),
    "biases": (np.float64, 1),
    "output_biases": (np.float64, 1),
    "bits": (np.int8, 0),
    "slope": (np.float64, 0),
}
Fields = Mapping[str, NDArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Peripherals:
    """NNS+A networks by name and DAC bits, and the 4-bit stage of the NNADC."""

    adders: Mapping[tuple[str, int], NeuralAdder]
    stage: NeuralQuantiser

    def adder(self, name: str, dac_bits: int) -> NeuralAdder:
        """The network of that name and DAC. Raises ValueError for one that is not there."""
        require_choice("name", name, sorted({each for each, _ in self.adders}))
        require_choice("dac_bits", dac_bits, sorted({bits for each, bits in self.adders if each == name}))
        return self.adders[name, dac_bits]


def load(path: Path = PERIPHERALS_FILE) -> Peripherals:
    """Networks of an .npz file without pickles.

    Raises ValueError, naming the file and what is wrong, for another kind of file, a missing or additional array,
    another type, and networks that `NeuralAdder` or `NeuralQuantiser` refuse.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, ValueError) as problem:
        raise ValueError(f"{path} must be an .npz file of arrays: {problem}") from None
    try:
        return _peripherals(arrays)
    except ValueError as problem:
        raise ValueError(f"{path}: {problem}") from None


def _peripherals(arrays: Fields) -> Peripherals:
    groups: dict[str, dict[str, NDArray]] = {"stage": {}}
    for name, values in arrays.items():
        group, _, field = name.rpartition(".")
        groups.setdefault(group, {})[field] = values
    stage = _stage(groups.pop("stage"))
    adders = {}
    for group, fields in groups.items():
        _check_fields(group, fields, ADDER_FIELDS)
        _check_counts(group, fields)
        for place, dac_bits in enumerate(fields["dac_bits"].tolist()):
            adders[group, dac_bits] = _adder(fields, place)
    return Peripherals(adders=adders, stage=stage)


def _adder(fields: Fields, place: int) -> NeuralAdder:
    return NeuralAdder(
        dac_bits=int(fields["dac_bits"][place]),
        cells=CellParameters(bits=CELL_BITS, cells=int(fields["cells"])),
        vtc=InverterVtc(slope=float(fields["slope"])),
        input_codes=fields["input_codes"][place].astype(np.int64),
        output_codes=fields["output_codes"][place].astype(np.int64),
        input_scale=float(fields["input_scale"][place]),
        biases=fields["biases"][place],
        gains=fields["gains"][place],
        offset=float(fields["offset"][place]),
    )


def _stage(fields: Fields) -> NeuralQuantiser:
    _check_fields("stage", fields, STAGE_FIELDS)
    return NeuralQuantiser(
        bits=int(fields["bits"]),
        cells=CellParameters(bits=CELL_BITS),
        vtc=InverterVtc(slope=float(fields["slope"])),
        input_codes=fields["input_codes"].astype(np.int64),
        output_codes=fields["output_codes"].astype(np.int64),
        biases=fields["biases"],
        output_biases=fields["output_biases"],
    )


def _check_fields(group: str, fields: Fields, expected: Mapping[str, tuple[type, int]]) -> None:
    """Raise ValueError unless all arrays are there, of their type and axes, and nothing else is."""
    if fields.keys() != expected.keys():
        wrong = sorted(fields.keys() ^ expected.keys())[0]
        raise ValueError(f"arrays of {group} must be {', '.join(expected)}; {wrong!r} is missing or unknown")
    for name, (kind, axes) in expected.items():
        if fields[name].dtype != kind or fields[name].ndim != axes:
            found = f"{fields[name].dtype} with {fields[name].ndim}"
            raise ValueError(f"array {group}.{name} must be {np.dtype(kind)} with {axes} axes, not {found}")


def _check_counts(group: str, fields: Fields) -> None:
    """Raise ValueError unless every array has one entry a DAC, and every DAC comes once."""
    dac_bits = fields["dac_bits"].tolist()
    if len(set(dac_bits)) != len(dac_bits):
        raise ValueError(f"array {group}.dac_bits must not repeat a number, not {dac_bits}")
    for name, (_, axes) in ADDER_FIELDS.items():
        if axes and len(fields[name]) != len(dac_bits):
            raise ValueError(f"array {group}.{name} must have {len(dac_bits)} entries, not {len(fields[name])}")
