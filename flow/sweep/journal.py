"""The journal of a sweep: one line of JSON for each finished point, each with its own checksum, only ever appended.

A line is on disk before the next point counts as finished, so a kill at any moment costs at most the line being
written; what is left of that is cut off at the next start.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gen.cache import replace_file

DONE, REFUSED = "done", "refused"


@dataclass(frozen=True, kw_only=True)
class Record:
    """A finished point: ``done`` with a value for each metric, or ``refused`` by the design with a message.

    ``point`` is its number in the order of the search, ``key`` the hash of everything that its values depend on.
    """

    point: int
    key: str
    state: str
    parameters: Mapping[str, Any]
    values: Mapping[str, float]
    message: str


class Journal:
    """The records in ``path``, by key. What is damaged is dropped, and said in ``notices``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.notices: list[str] = []
        raw = path.read_bytes() if path.exists() else b""
        self.records = self._read(raw)
        sound = b"".join(map(_line, self.records.values()))
        if sound != raw or not path.exists():
            replace_file(path, sound)

    def append(self, records: Iterable[Record]) -> None:
        """Add finished points and wait until they are on disk.

        :raises RuntimeError: the disk does not take them.
        """
        fresh = [record for record in records if record.key not in self.records]
        lines = b"".join(map(_line, fresh))
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            if os.write(handle, lines) != len(lines):
                raise OSError("the disk is full")
            os.fsync(handle)
        except OSError as error:
            raise RuntimeError(f"cannot write {self._path}: {error.strerror or error}") from None
        finally:
            os.close(handle)
        self.records |= {record.key: record for record in fresh}

    def _read(self, raw: bytes) -> dict[str, Record]:
        records: dict[str, Record] = {}
        *lines, rest = raw.split(b"\n")
        if rest:
            self.notices.append(f"{self._path}: the last line is incomplete and was cut off")
        for number, line in enumerate(lines, 1):
            record = _record(line)
            if record is None:
                self.notices.append(f"{self._path}: line {number} is damaged; its point is measured again")
            elif record.key in records:
                self.notices.append(f"{self._path}: line {number} repeats a point and was dropped")
            else:
                records[record.key] = record
        return records


def _line(record: Record) -> bytes:
    body = asdict(record)
    return json.dumps({**body, "sha256": _checksum(body)}, allow_nan=False).encode() + b"\n"


def _record(line: bytes) -> Record | None:
    try:
        body = json.loads(line)
        checksum = body.pop("sha256")
        record = Record(**body)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return record if checksum == _checksum(body) else None


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
