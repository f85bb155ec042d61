"""Cell libraries: found by name, read once, with what pricing needs of them."""

from flow.libraries.library import Library, find, installed
from flow.libraries.sources import DEFAULT, NAMES

__all__ = ["DEFAULT", "NAMES", "Library", "find", "installed"]
