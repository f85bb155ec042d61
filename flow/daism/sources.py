"""What cached results of the network depend on besides their arguments: the code that computes them."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import sim_models.arith
from flow.daism import arithmetic, gradients, network
from flow.digits import data

MODELS = (
    "accumulate",
    "compiled_float",
    "compiled_integer",
    "convolution",
    "error",
    "layers",
    "layout",
    "matmul",
    "multiply",
    "parameters",
    "product",
    "words",
)
"""Modules of `sim_models.daism` that layers are computed with; the cost models beside them change no result."""


def code(*files: Path) -> Sequence[bytes]:
    """Source files of models, network and data set, and of ``files``; versions of the packages they compute with."""
    floor = Path(sim_models.arith.__file__ or "").parent
    models = [floor.with_name("daism") / f"{name}.py" for name in MODELS]
    used = [Path(module.__file__ or "") for module in (arithmetic, gradients, network, data)]
    versions = [f"{name} {metadata.version(name)}" for name in ("numpy", "scikit-learn")]
    paths = (*sorted(floor.glob("*.py")), *models, *used, *files)
    return [path.read_bytes() for path in paths] + [version.encode() for version in versions]
