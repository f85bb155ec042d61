"""Which fault is active in the simulations that a thread begins, of all models that were built with faults in them."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_chosen = threading.local()


@contextmanager
def selected(number: int) -> Iterator[None]:
    """Runs that this thread begins have fault ``number`` of `verif.mutation.apply.with_mutants`, counted from 1.

    A bench may put more around a design with faults, and so build another model of it: the choice holds for each.
    """
    _chosen.number = number
    try:
        yield
    finally:
        _chosen.number = 0


def select_in(library: ctypes.CDLL) -> None:
    """Tell the library of a model which fault is active; does nothing for a model without faults."""
    if hasattr(library, "bitline_select"):
        library.bitline_select(getattr(_chosen, "number", 0))
