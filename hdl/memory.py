"""What a component that is a memory says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class MemoryShape:
    """``words`` words of ``width`` bits each."""

    words: int
    width: int

    @property
    def bits(self) -> int:
        """All bits that are stored."""
        return self.words * self.width
