"""The file that a training script writes: chosen on the command line, written all at once."""

import io
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gen.cache import replace_file


def target(arguments: list[str], module: str, usual: Path) -> Path:
    """The file to write, ``usual`` if none is named; exit 2 with one line where it cannot be written.

    ``arguments`` are those of the command line, ``module`` is what is run.
    """
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write(f"usage: python -m {module} [FILE.npz]\n")
        raise SystemExit(2)
    path = Path(arguments[0]) if arguments else usual
    if path.suffix != ".npz" or not path.parent.is_dir():
        sys.stderr.write(f"FILE must end in .npz and lie in an existing folder, not {path}\n")
        raise SystemExit(2)
    return path


def write(arrays: Mapping[str, NDArray[np.generic]], path: Path) -> None:
    """Write arrays by name, all at once; numpy stamps no time into the file, so equal arrays give equal bytes."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    replace_file(path, content.getvalue())
