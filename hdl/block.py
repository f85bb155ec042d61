"""The base of every component: a block that can be emitted once and instantiated many times."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, Self

from amaranth.hdl import Instance
from amaranth.lib import wiring

from hdl.memory import MemoryShape


class BlockPlatform(Protocol):
    """A platform that emits every distinct block once."""

    def instantiate(self, block: "Block") -> Instance | None:
        """An instance wired to ``block``'s ports, or None when ``block`` is to be elaborated itself."""


class Block(wiring.Component):
    """A component whose equal instances share one module in the Verilog.

    Two blocks are equal when their class and their constructor's keyword arguments, which must be hashable, are. Under
    a `BlockPlatform` all but the first stand for an instance of it: elaborating an array of units then costs one unit,
    and the shared module shows the ports its class declares. Simulators elaborate every instance as usual.

    A block that is a memory and nothing else sets ``memory``: its area is then reported apart, and a compiled macro can
    take its place.
    """

    memory: MemoryShape | None = None

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The ports, which follow from the constructor's arguments."""

    def __new__(cls, **arguments: Any) -> Self:
        block = super().__new__(cls)
        block.__dict__["identity"] = (cls, tuple(sorted(arguments.items())))
        return block

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "elaborate" in cls.__dict__:
            setattr(cls, "elaborate", _instantiable(cls.__dict__["elaborate"]))  # noqa: B010


def _instantiable(elaborate: Callable[[Block, Any], Any]) -> Callable[[Block, Any], Any]:
    @wraps(elaborate)
    def elaborate_or_instantiate(self: Block, platform: Any) -> Any:
        instance = platform.instantiate(self) if hasattr(platform, "instantiate") else None
        return elaborate(self, platform) if instance is None else instance

    return elaborate_or_instantiate
