"""Cell libraries: found by name, read once, with what pricing needs of them."""

from flow.libraries.library import DEFAULT, NAMES, Library, find, installed

__all__ = ["DEFAULT", "NAMES", "Library", "find", "installed"]
