"""Programs that bitline starts, and the error that says one is missing."""

import shutil
from pathlib import Path


class ToolMissing(RuntimeError):  # noqa: N818  the name is the message
    """A program is not installed. The message is one line: what is missing, what that disables, what installs it."""

    def __init__(self, tool: str, disables: str, install: str) -> None:
        super().__init__(f"{tool} not found, which disables {disables}; install it with: {install}")
        self.tool = tool
        self.disables = disables
        self.install = install


def find_tool(tool: str, *, disables: str, install: str) -> Path:
    """The path of the program ``tool``.

    :raises ToolMissing: ``tool`` is not on the PATH.
    """
    found = shutil.which(tool)
    if found is None:
        raise ToolMissing(tool, disables, install)
    return Path(found)
