"""What cached results depend on besides their arguments: the code and data that they are computed with."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType

import sim_models.arith
import sim_models.crossbar

PACKAGES = ("numpy", "scikit-learn")


def code(modules: Sequence[ModuleType], *files: Path, floors: Sequence[ModuleType] = ()) -> list[bytes]:
    """Texts of ``modules``, ``files``, models of crossbars and of the packages ``floors``; versions of `PACKAGES`."""
    folders = [Path(each.__file__ or "").parent for each in (sim_models.arith, sim_models.crossbar, *floors)]
    paths = [path for folder in folders for path in sorted(folder.glob("*.py"))]
    paths += [Path(module.__file__ or "") for module in modules]
    versions = [f"{name} {metadata.version(name)}".encode() for name in PACKAGES]
    return [path.read_bytes() for path in (*paths, *files)] + versions
