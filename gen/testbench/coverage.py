"""Functional coverage: which of the cases that matter a bench has seen."""

from collections.abc import Hashable, Iterable


class Coverage:
    """Points, each with named bins that count their hits.

    >>> coverage = Coverage(shift=range(4), relu=(False, True))
    >>> coverage.hit(shift=2, relu=True)
    >>> coverage.missing()
    ['shift=0', 'shift=1', 'shift=3', 'relu=False']
    """

    def __init__(self, **points: Iterable[Hashable]) -> None:
        self.hits = {point: dict.fromkeys(bins, 0) for point, bins in points.items()}

    def hit(self, **seen: Hashable) -> None:
        """Count one sighting of the bin ``seen[point]`` of each point given.

        :raises ValueError: a point or bin that was not declared.
        """
        for point, value in seen.items():
            if value not in self.hits.get(point, {}):
                raise ValueError(f"{point}={value!r} is no declared bin")
            self.hits[point][value] += 1

    def missing(self) -> list[str]:
        """Bins without a hit."""
        return [f"{point}={value!r}" for point, bins in self.hits.items() for value, count in bins.items() if not count]

    def report(self) -> str:
        """One line per point: how many of its bins were hit, and the hits of each."""
        lines = []
        for point, bins in self.hits.items():
            counts = ", ".join(f"{value!r}: {count}" for value, count in bins.items())
            lines.append(f"{point}: {sum(map(bool, bins.values()))} of {len(bins)} bins hit ({counts})")
        return "\n".join(lines)

    def assert_covered(self) -> None:
        """Fail when a bin has no hit.

        :raises AssertionError: names the bins.
        """
        missing = self.missing()
        if missing:
            raise AssertionError(f"never seen: {', '.join(missing)}")
