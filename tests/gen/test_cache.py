"""The cache on disk: whole entries or none, whatever is killed and whoever runs beside."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gen import cache
from gen.cache import cache_folder, content_key, publish


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))
    cache._sweep.cache_clear()
    return cache_folder("results")


def _leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_folder("builds") == tmp_path / "cache" / "builds"
    monkeypatch.delenv("BITLINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder("builds") == tmp_path / "xdg" / "bitline" / "builds"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder("builds") == tmp_path / "home" / ".cache" / "bitline" / "builds"


def test_folder_that_cannot_be_made_is_a_one_line_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "file"))
    with pytest.raises(ValueError, match=r"^cannot create .*file/builds \(.*\); set BITLINE_CACHE to a writable"):
        cache_folder("builds")


def test_key_separates_parts_and_types() -> None:
    keys = {
        content_key(*parts)
        for parts in [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), (b'"abc"',), ("1",), (1,), (True,), (None,), ()]
    }
    assert len(keys) == 10
    assert all(len(key) == 64 for key in keys)


def test_key_ignores_dictionary_order() -> None:
    assert content_key({"a": 1, "b": [2, 3]}) == content_key({"b": [2, 3], "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})


def test_publish_file_and_folder(folder: Path) -> None:
    with publish(folder / "file") as temporary:
        temporary.write_text("result")
        assert not (folder / "file").exists()
    with publish(folder / "build") as temporary:
        (temporary / "deep").mkdir(parents=True)
        (temporary / "deep" / "model.so").write_bytes(b"code")
    assert (folder / "file").read_text() == "result"
    assert (folder / "build" / "deep" / "model.so").read_bytes() == b"code"
    assert _leftovers(folder) == []


def test_first_entry_stays(folder: Path) -> None:
    for text in ("first", "second"):
        with publish(folder / "file") as temporary:
            temporary.write_text(text)
        with publish(folder / "build") as temporary:
            temporary.mkdir()
            (temporary / "model").write_text(text)
    assert (folder / "file").read_text() == "first"
    assert (folder / "build" / "model").read_text() == "first"
    assert _leftovers(folder) == []


def test_folder_published_between_check_and_rename_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with publish(folder / "build") as temporary:
        temporary.mkdir()
        (temporary / "model").write_text("second")
        (folder / "build").mkdir()
        (folder / "build" / "model").write_text("first")
        answers = iter([False, True])
        monkeypatch.setattr(Path, "exists", lambda _: next(answers))
    assert (folder / "build" / "model").read_text() == "first"
    assert _leftovers(folder) == []


def test_failed_body_leaves_nothing(folder: Path) -> None:
    def interrupted() -> None:
        with publish(folder / "build") as temporary:
            temporary.mkdir()
            (temporary / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(folder.iterdir()) == []


def test_body_that_writes_nothing_is_an_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError), publish(folder / "build"):
        pass
    assert list(folder.iterdir()) == []


def test_parallel_publishers_agree(folder: Path) -> None:
    def run(serial: int) -> str:
        with publish(folder / "build") as temporary:
            temporary.mkdir()
            for part in range(4):
                (temporary / f"part{part}").write_text(str(serial))
        return "".join((folder / "build" / f"part{part}").read_text() for part in range(4))

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(run, range(8)))
    assert len(seen) == 1
    assert len(set(seen.pop())) == 1
    assert _leftovers(folder) == []


def test_killed_run_publishes_nothing_and_is_swept(folder: Path) -> None:
    script = (
        "import pathlib, sys, time\nfrom gen.cache import publish\n"
        "with publish(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.mkdir()\n    (temporary / 'half').write_text('half')\n    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    root = Path(cache.__file__).parents[1]
    command = [sys.executable, "-c", script, str(folder / "build")]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        _publish(folder / "other", "done")
        assert len(_leftovers(folder)) == 1, "a run that is alive keeps its temporary"
        child.send_signal(signal.SIGKILL)
    assert not (folder / "build").exists()
    assert len(_leftovers(folder)) == 1
    cache._sweep.cache_clear()
    _publish(folder / "build", "whole")
    assert (folder / "build").read_text() == "whole"
    assert _leftovers(folder) == []


def test_other_machines_temporaries_get_a_day(folder: Path) -> None:
    old, new = (folder / f".entry.{host}.1.00000000.partial" for host in ("old-host", "new-host"))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 100_000,) * 2)
    assert socket.gethostname() not in ("old-host", "new-host")
    _publish(folder / "entry", "done")
    assert not old.exists()
    assert new.exists()


def _publish(path: Path, text: str) -> None:
    with publish(path) as temporary:
        temporary.write_text(text)
