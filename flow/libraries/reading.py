"""Read liberty files, compressed or not, each once: what was read is kept in the cache."""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from gzip import BadGzipFile
from gzip import decompress as gunzip
from pathlib import Path
from typing import Any

from flow.libraries import groups, liberty, truth
from flow.libraries.liberty import Cell, Liberty, read_liberty
from flow.results import read_entry, write_entry
from gen.cache import cache_folder, content_key, publish


@dataclass(frozen=True, kw_only=True)
class File:
    """A liberty file: the path it was ``named`` by, its text on disk at ``plain``, and its content."""

    named: Path
    plain: Path
    data: bytes
    liberty: Liberty


def read_file(path: Path) -> File:
    """Read one liberty file.

    :raises ValueError: it cannot be read, is a damaged gzip file, or is no usable liberty file.
    """
    plain = _plain(path)
    data = plain.read_bytes()
    return File(named=path, plain=plain, data=data, liberty=_content(path, data))


def _plain(path: Path) -> Path:
    """A liberty file as text on disk: compressed ones are unpacked once into the cache."""
    try:
        raw = path.read_bytes()
        if not raw.startswith(b"\x1f\x8b"):
            return path.absolute()
        target = cache_folder("liberty") / f"{content_key(raw)}.lib"
        if not target.exists():
            with publish(target) as temporary:
                temporary.write_bytes(gunzip(raw))
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    return target


def _content(named: Path, data: bytes) -> Liberty:
    reader = [Path(module.__file__ or "").read_bytes() for module in (groups, liberty, truth)]
    key = content_key(data, *reader)
    entry = read_entry("libraries", key)
    if entry is not None:
        return _restored(entry[0])
    try:
        content = read_liberty(data.decode("latin-1"))
    except ValueError as error:
        raise ValueError(f"{named} is no usable liberty file: {error}") from error
    write_entry("libraries", key, asdict(content))
    return content


def _restored(fields: Mapping[str, Any]) -> Liberty:
    return Liberty(**{**fields, "cells": tuple(Cell(**cell) for cell in fields["cells"])})
