"""Cached results: one folder per entry, written all at once, with checksums that tell a damaged one from a good one."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gen.cache import cache_folder, publish

_RECORD = "record.json"


def read_entry(kind: str, key: str) -> tuple[Any, dict[str, str]] | None:
    """The content of an entry and its texts by file name, or None when it is absent. A damaged entry is removed."""
    folder = cache_folder(kind) / key
    if not folder.is_dir():
        return None
    try:
        return _checked(folder)
    except (OSError, ValueError, KeyError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None


def write_entry(kind: str, key: str, content: Any, texts: Mapping[str, str] | None = None) -> None:
    """Keep ``content`` (anything JSON can write) and ``texts`` (by file name) as one entry, safe against a kill."""
    texts = texts or {}
    body = json.dumps(content, sort_keys=True)
    sums = {name: _checksum(text) for name, text in {_RECORD: body, **texts}.items()}
    with publish(cache_folder(kind) / key) as folder:
        folder.mkdir()
        for name, text in texts.items():
            (folder / name).write_text(text)
        (folder / _RECORD).write_text(json.dumps({"content": content, "sha256": sums}, sort_keys=True) + "\n")


def _checked(folder: Path) -> tuple[Any, dict[str, str]]:
    record = json.loads((folder / _RECORD).read_text())
    content, sums = record["content"], record["sha256"]
    texts = {name: (folder / name).read_text() for name in sums if name != _RECORD}
    found = {name: _checksum(text) for name, text in {_RECORD: json.dumps(content, sort_keys=True), **texts}.items()}
    if found != sums:
        raise ValueError("checksums differ")
    return content, texts


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
