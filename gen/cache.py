"""A cache on disk that survives a kill at any moment and serves parallel runs.

Everything in it is named by a hash of its inputs, so an entry never changes: it is there whole or not at all.
"""

import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_SUFFIX = ".partial"
_DAY = 86400.0


def cache_folder(kind: str) -> Path:
    """The folder for one kind of entry, created when absent.

    It lies in ``$BITLINE_CACHE``, else ``$XDG_CACHE_HOME/bitline``, else ``~/.cache/bitline``.

    :raises ValueError: the folder cannot be created.
    """
    folder = _root() / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot create {folder} ({error.strerror}); set BITLINE_CACHE to a writable folder"
        ) from error
    return folder


def _root() -> Path:
    if chosen := os.environ.get("BITLINE_CACHE"):
        return Path(chosen).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "bitline")


def content_key(*parts: object) -> str:
    """SHA-256 of ``bytes`` and of anything JSON can write, as 64 hex digits; the order of keys does not matter."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode()
        digest.update(f"{type(part) is bytes} {len(data)}\n".encode())
        digest.update(data)
    return digest.hexdigest()


@contextmanager
def publish(path: Path) -> Iterator[Path]:
    """Create the file or folder ``path`` all at once.

    The body writes a file or folder at the temporary path it is given, in the same folder as ``path``. When the body
    returns, that is flushed to disk and renamed; when it raises, removed. If ``path`` exists by then, another run was
    faster: its entry is kept and this one dropped. What killed runs left behind is removed by a later one.

    >>> with publish(cache_folder("results") / key) as temporary:
    ...     temporary.write_text(result)
    """
    _sweep(path.parent)
    temporary = path.parent / f".{path.name}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}"
    try:
        yield temporary
        _flush(temporary)
        _rename(temporary, path)
    finally:
        _remove(temporary)


def replace_file(path: Path, content: bytes) -> None:
    """Write the file ``path`` all at once, in place of an earlier one: whoever reads it sees the old text or the new.

    :raises OSError: it cannot be written.
    """
    temporary = path.parent / f".{path.name}.{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}{_SUFFIX}"
    try:
        temporary.write_bytes(content)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    finally:
        _remove(temporary)


def _rename(temporary: Path, path: Path) -> None:
    if path.exists():
        return
    try:
        temporary.replace(path)
    except OSError:
        # Between the question and the rename another run may have published its folder.
        if not path.exists():
            raise
    _sync(path.parent)


def _flush(path: Path) -> None:
    if path.is_dir():
        for child in path.iterdir():
            _flush(child)
    if not path.is_symlink():
        _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@cache  # once per folder and process is enough
def _sweep(folder: Path) -> None:
    for path in folder.glob(f".*{_SUFFIX}"):
        with suppress(OSError):
            if _abandoned(path):
                _remove(path)


def _abandoned(path: Path) -> bool:
    """Whether the run that was writing ``path`` is gone. A run on another machine gets a day."""
    ours = re.search(rf"\.{re.escape(socket.gethostname())}\.(\d+)\.[0-9a-f]{{8}}{re.escape(_SUFFIX)}$", path.name)
    if ours is None:
        return time.time() - path.stat().st_mtime > _DAY
    try:
        os.kill(int(ours[1]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # alive, and another user's
    return False
