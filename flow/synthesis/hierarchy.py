"""Where the area of a mapped design lies: totals, and a breakdown by instance."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import fsum

from flow.libraries import Library


@dataclass(frozen=True, kw_only=True)
class Module:
    """One module of a mapped design, without what lies in its submodules. ``instances`` maps their names to modules."""

    cells: Mapping[str, int]
    instances: Mapping[str, str]
    area_um2: float
    sequential_um2: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """One instance: ``path`` from the top (``unit_0.multiply``; empty for the top itself) and the module it is of.

    ``own_um2`` is the area of the cells directly in it, ``total_um2`` includes everything below: over all parts the own
    areas add up to the top's total.
    """

    path: str
    module: str
    own_um2: float
    total_um2: float
    sequential_um2: float


def measure(library: Library, cells: Mapping[str, int], instances: Mapping[str, str]) -> Module:
    """A module with the areas of its cells; `fsum`, so that the order of the cells does not change the last bit."""
    areas = {cell: library.area_um2(cell) * number for cell, number in cells.items()}
    return Module(
        cells=cells,
        instances=instances,
        area_um2=fsum(areas.values()),
        sequential_um2=fsum(area for cell, area in areas.items() if library.holds_state(cell)),
    )


def all_cells(modules: Mapping[str, Module], top: str) -> Counter[str]:
    """Number of cells of each kind in ``top`` and everything below."""
    total: Counter[str] = Counter()
    for name, number in instance_numbers(modules, top).items():
        total.update({cell: number * each for cell, each in modules[name].cells.items()})
    return total


def instance_numbers(modules: Mapping[str, Module], top: str) -> Counter[str]:
    """How often each module occurs in ``top``, itself included, at any depth."""

    @cache
    def count(name: str) -> Counter[str]:
        total = Counter({name: 1})
        for child in modules[name].instances.values():
            total.update(count(child))
        return total

    return count(top)


def breakdown(modules: Mapping[str, Module], top: str) -> tuple[Part, ...]:
    """The top and every instance below it, parents before their children."""

    @cache
    def total(name: str) -> float:
        return modules[name].area_um2 + sum(map(total, modules[name].instances.values()))

    def parts(path: str, name: str) -> Iterator[Part]:
        module = modules[name]
        yield Part(
            path=path,
            module=name,
            own_um2=module.area_um2,
            total_um2=total(name),
            sequential_um2=module.sequential_um2,
        )
        for instance, child in sorted(module.instances.items()):
            yield from parts(f"{path}.{instance}" if path else instance, child)

    return tuple(parts("", top))
