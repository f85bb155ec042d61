"""Widths of words: the fewest bits that hold given numbers."""


def signed_width(bound: int) -> int:
    """Width of the smallest two's complement word that holds ``bound`` and ``-bound`` (``bound`` >= 0)."""
    return bound.bit_length() + 1


def unsigned_width(bound: int) -> int:
    """Width of the smallest unsigned word that holds ``bound``; a word has at least one bit."""
    return max(1, bound.bit_length())


def index_bits(count: int) -> int:
    """Bits of a number below ``count``, at least one."""
    return unsigned_width(count - 1)
