"""Version of the installed distribution and of the tools that shape its output."""

from importlib.metadata import version


def bitline_version() -> str:
    """Version of bitline, as installed."""
    return version("bitline")


def generator_versions() -> dict[str, str]:
    """Versions of everything that decides the bytes of generated Verilog."""
    return {name: version(name) for name in ("bitline", "amaranth", "pyosys")}
