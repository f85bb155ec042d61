"""The syntax of liberty files: groups of attributes inside one another."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TABLES = re.compile(r"/\*.*?\*/|\b(?:values|index_\d)\s*\([^)]*\)\s*;?", re.S)
_TOKEN = re.compile(
    r"(?P<group>[A-Za-z]\w*)\s*\((?P<name>[^(){};]*)\)\s*\{"
    r"|(?P<attribute>[A-Za-z]\w*)\s*(?::\s*(?P<value>\"[^\"]*\"|[^;}\n]*)|\((?P<values>[^(){};]*)\)\s*;)"
    r"|(?P<close>\})"
)


@dataclass
class Group:
    """``kind (name) { attribute : value; ... }`` with the groups inside it."""

    kind: str
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    groups: list["Group"] = field(default_factory=list)

    def inside(self, *kinds: str) -> Iterator["Group"]:
        """The groups of these kinds directly inside this one."""
        return (group for group in self.groups if group.kind in kinds)


def read_groups(text: str) -> Group:
    """The ``library`` group of a liberty text. Tables of numbers are left out.

    :raises ValueError: the text is empty, binary, cut off or no liberty library.
    """
    if not text.strip():
        raise ValueError("it is empty")
    if "\0" in text:
        raise ValueError("it is binary, not text")
    root = Group("", "")
    open_groups = [root]
    for token in _TOKEN.finditer(_TABLES.sub("", text)):
        if token["group"]:
            group = Group(token["group"], token["name"].strip(' "'))
            open_groups[-1].groups.append(group)
            open_groups.append(group)
        elif token["attribute"]:
            value = token["value"] if token["value"] is not None else token["values"]
            open_groups[-1].attributes[token["attribute"]] = value.strip(' "\t')
        elif len(open_groups) > 1:
            open_groups.pop()
        else:
            raise ValueError("it has a closing brace too many")
    library = next(root.inside("library"), None)
    if library is None:
        raise ValueError("it holds no `library` group")
    if len(open_groups) > 1:
        raise ValueError(f"it ends inside the group `{open_groups[-1].kind}`: the file is cut off")
    return library
