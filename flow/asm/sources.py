"""What cached results of training depend on besides their arguments: the code that computes them."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import flow.asm
import flow.digits
import sim_models.arith
import sim_models.asm

TRAINING = (
    "architectures",
    "constrained",
    "exported",
    "inference",
    "modules",
    "pytorch",
    "quantiser",
    "sequence",
    "training",
    "words",
)
"""Modules of `flow.asm` that networks are trained and run with; tables, files and other networks change no result."""
MODELS = ("coding", "control", "grid", "multiply", "parameters", "requantize", "rounding")
"""Modules of `sim_models.asm` that they compute with; the models of cost beside them change no result."""


def code(*files: Path) -> Sequence[bytes]:
    """Source files of training, models and data set, and of ``files``; versions of the packages they compute with."""
    here, digits, arith, models = (
        Path(package.__file__ or "").parent for package in (flow.asm, flow.digits, sim_models.arith, sim_models.asm)
    )
    paths = [*(here / f"{name}.py" for name in TRAINING), *(models / f"{name}.py" for name in MODELS)]
    paths += [*sorted(arith.glob("*.py")), digits / "data.py", digits / "train.py", *files]
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    return [path.read_bytes() for path in paths] + [version.encode() for version in versions]
