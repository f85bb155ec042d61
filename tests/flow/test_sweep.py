"""Sweeps from the command line: what is written, said, refused, resumed and repaired."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flow import metrics
from flow.cli import VERBS, main
from flow.sweep import evaluate
from flow.sweep.front import on_front
from flow.sweep.journal import Journal, Record
from flow.sweep.request import make_request
from flow.sweep.run import run_sweep
from flow.sweep.space import read_space
from flow.sweep.table import rows_of
from gen.catalog import find
from gen.tools import ToolMissing

Run = Callable[..., tuple[int, str, str]]

ADDER = ("float_add", "exponent_bits=1:4", "fraction_bits=2,4:8:2", "--metric", "error", "--workers", "1")
FILES = ["pareto.png", "pareto.svg", "results.csv", "results.jsonl", "sweep.json", "table.html"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BITLINE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def bitline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``bitline sweep`` in an empty folder; returns exit code, stdout, stderr."""
    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setitem(VERBS, "sweep", "")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["bitline", "sweep", *arguments])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in this process, where a test can put its own metrics."""
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import contextmanager

    @contextmanager
    def threads(workers: int):
        with ThreadPoolExecutor(workers) as pool:
            yield pool

    monkeypatch.setattr("flow.sweep.run.local_processes", threads)


def measured_by(monkeypatch: pytest.MonkeyPatch, function: Callable[[Any], float]) -> None:
    """Let ``function`` of the parameters be the metric error."""
    real = metrics.METRICS["error"]
    changed = lambda design: replace(real(design), measure=lambda subject: function(subject.parameters))  # noqa: E731
    monkeypatch.setitem(metrics.METRICS, "error", changed)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def test_a_sweep_writes_all_points_once_and_marks_the_front(bitline: Run) -> None:
    code, out, err = bitline(*ADDER, "-o", "sweep")
    assert (code, err) == (0, "")
    assert "12 measured, 4 refused" in out
    assert sorted(contents(Path("sweep"))) == FILES
    rows = list(csv.DictReader(io.StringIO(Path("sweep/results.csv").read_text())))
    assert [row["point"] for row in rows] == [str(number) for number in range(1, 17)]
    assert [(row["exponent_bits"], row["fraction_bits"]) for row in rows] == [
        (str(exponent), str(fraction)) for exponent in range(1, 5) for fraction in (2, 4, 6, 8)
    ]
    for row in rows:
        if row["exponent_bits"] == "1":
            assert (row["state"], row["error (ratio)"]) == ("refused", "")
            assert row["message"] == "exponent_bits must be between 2 and 8, not 1"
        else:
            assert (row["state"], row["message"]) == ("done", "")
    errors = [float(row["error (ratio)"]) for row in rows if row["state"] == "done"]
    assert [float(row["error (ratio)"]) for row in rows if row["front"] == "1"] == [min(errors)]
    lines = [json.loads(line) for line in Path("sweep/results.jsonl").read_text().splitlines()]
    assert sorted(line["point"] for line in lines) == list(range(1, 17))


def test_json_holds_request_definitions_and_points(bitline: Run) -> None:
    code, out, _ = bitline(*ADDER, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["swept"] == {"exponent_bits": [1, 2, 3, 4], "fraction_bits": [2, 4, 6, 8]}
    assert found["fixed"] == {"flush_to_zero": False}
    assert found["metrics"]["error"]["unit"] == "ratio"
    assert [point["point"] for point in found["points"]] == list(range(1, 17))
    assert found["files"] == [f"float_add-sweep/{name}" for name in ("results.csv", *FILES[1::-1], "table.html")]


def test_the_same_points_give_the_same_bytes_however_they_were_run(bitline: Run) -> None:
    assert bitline(*ADDER, "-o", "one")[0] == 0
    first = contents(Path("one"))
    assert bitline(*ADDER, "-o", "one")[0] == 0
    assert contents(Path("one")) == first
    bitline(*ADDER[:-1], "2", "-o", "two")
    second = contents(Path("two"))
    assert sorted(second.pop("results.jsonl").splitlines()) == sorted(first.pop("results.jsonl").splitlines())
    assert second == first


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["float_ad", "--metric", "error"], "unknown design 'float_ad': did you mean 'float_add'?"),
        (["float_add", "exponent_bit=3", "--metric", "error"], "unknown key 'exponent_bit': did you mean 'exponent_b"),
        (["float_add", "--metric", "eror"], "unknown metric 'eror': did you mean 'error'?"),
        (["float_add"], "Missing option '--metric'."),
        (["nmpu", "--metric", "area,delay"], "delay cannot be measured on nmpu: designs priced block by block"),
        (
            ["nmpu_unit", "columns_per_unit=3,5", "--metric", "error"],
            "every point is refused; the first: columns_per_un",
        ),
        (["float_add", "--metric", "error", "--workers", "0"], "Invalid value for '--workers'"),
        (["float_add", "--metric", "error", "--workers", "1", "--scheduler", "h:1"], "workers are this machine's"),
        (["float_add", "--metric", "error", "--scheduler", "nowhere"], "scheduler must be HOST:PORT"),
        (["float_add", "--metric", "error", "--library", "sky13"], "unknown library 'sky13'"),
        (
            ["float_add", "--metric", "error", "--search", "random"],
            "the search random needs a number of points, 1 to 1",
        ),
        (["float_add", "--metric", "error", "--config", "absent.toml"], "cannot read absent.toml: No such file"),
    ],
)
def test_bad_input_is_one_line_and_exit_2_and_writes_nothing(bitline: Run, arguments: list[str], message: str) -> None:
    code, out, err = bitline(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"bitline: {message}")
    assert err.count("\n") == 1
    assert list(Path.cwd().iterdir()) == []


def test_folders_that_are_not_this_sweeps_are_not_touched(bitline: Run) -> None:
    Path("mine").mkdir()
    Path("mine/notes.txt").write_text("keep")
    Path("file").write_text("keep")
    for name, message in (
        ("mine", "mine holds no sweep and is not empty; choose another folder"),
        ("file", "file is no"),
    ):
        code, _, err = bitline(*ADDER, "-o", name)
        assert code == 2
        assert err.startswith(f"bitline: {message}")
    assert (contents(Path("mine")), Path("file").read_text()) == ({"notes.txt": b"keep"}, "keep")

    bitline(*ADDER, "-o", "sweep")
    before = contents(Path("sweep"))
    other = ("float_add", "exponent_bits=2:4", *ADDER[2:])
    assert bitline(*other, "-o", "sweep")[2] == (
        "bitline: sweep holds a sweep that differs in swept; choose another folder\n"
    )
    random = (*ADDER, "--search", "random", "--points", "3")
    assert "differs in search;" in bitline(*random, "-o", "sweep")[2]
    assert contents(Path("sweep")) == before
    Path("sweep/sweep.json").write_text('{"design": ')
    assert bitline(*ADDER, "-o", "sweep")[2] == "bitline: sweep/sweep.json is damaged; choose another folder\n"


def test_two_runs_in_one_folder_are_refused(bitline: Run) -> None:
    import fcntl

    bitline(*ADDER, "-o", "sweep")
    holder = os.open("sweep/.lock", os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        assert bitline(*ADDER, "-o", "sweep")[::2] == (2, "bitline: another sweep is running in sweep\n")
    finally:
        os.close(holder)
    assert bitline(*ADDER, "-o", "sweep")[0] == 0


def record(point: int) -> Record:
    return Record(
        point=point,
        key=f"{point:064x}",
        state="done",
        parameters={"a": point},
        values={"area": 0.1 * point},
        message="",
    )


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9, 1.0])
def test_a_torn_line_is_cut_off_and_the_others_kept(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "results.jsonl"
    Journal(path).append([record(1), record(2)])
    whole = path.read_bytes()
    Journal(path).append([record(3)])
    line = path.read_bytes()[len(whole) :]
    torn = line[: int(kept * (len(line) - 1))]  # at most the newline lacks
    path.write_bytes(whole + torn)
    journal = Journal(path)
    assert list(journal.records.values()) == [record(1), record(2)]
    assert journal.notices == [f"{path}: the last line is incomplete and was cut off"] * bool(torn)
    assert path.read_bytes() == whole
    journal.append([record(3)])
    assert list(Journal(path).records.values()) == [record(1), record(2), record(3)]


def test_every_damaged_byte_of_a_journal_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    Journal(path).append([record(1), record(2), record(3)])
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for place in range(len(lines[0]), len(lines[0]) + len(lines[1]) - 1, 2):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 7
        path.write_bytes(damaged)
        journal = Journal(path)
        assert {record(1).key, record(3).key} <= journal.records.keys()
        # What is not noticed changes nothing that is read.
        assert journal.notices if len(journal.records) == 2 else record(2) in journal.records.values()
    path.write_bytes(whole + lines[1])
    assert Journal(path).notices == [f"{path}: line 4 repeats a point and was dropped"]
    assert path.read_bytes() == whole


def test_damage_to_journal_and_cache_is_said_and_repaired(bitline: Run, tmp_path: Path) -> None:
    bitline(*ADDER, "-o", "sweep")
    before = contents(Path("sweep"))
    lines = before["results.jsonl"].splitlines(keepends=True)
    changed = lines[-2].replace(b'"error": 0.0', b'"error": 0.1')
    assert changed != lines[-2]
    Path("sweep/results.jsonl").write_bytes(b"".join([*lines[:-2], changed, lines[-1][:40]]))
    entries = sorted((tmp_path / "cache" / evaluate.CACHE).iterdir())
    assert len(entries) == 12
    for entry in entries:
        text = (entry / "record.json").read_text()
        (entry / "record.json").write_text(text.replace("0.", "1.", 1))
    code, _, err = bitline(*ADDER, "-o", "sweep")
    assert code == 0
    numbers = sorted(json.loads(line)["point"] for line in lines[-2:])
    assert sorted(err.splitlines()) == sorted(
        [
            "bitline: sweep/results.jsonl: the last line is incomplete and was cut off",
            "bitline: sweep/results.jsonl: line 15 is damaged; its point is measured again",
            *(f"bitline: point {point}: the cached error was damaged and was measured again" for point in numbers),
        ]
    )
    after = contents(Path("sweep"))
    assert sorted(after.pop("results.jsonl").splitlines()) == sorted(before.pop("results.jsonl").splitlines())
    assert after == before


def test_a_second_sweep_takes_from_the_cache_what_the_first_measured(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, in_process: None
) -> None:
    asked: list[Any] = []

    def measure(parameters: Any) -> float:
        asked.append(parameters)
        return 1.0 / parameters.fraction_bits

    measured_by(monkeypatch, measure)
    assert bitline(*ADDER, "-o", "one")[0] == 0
    assert len(asked) == len(set(asked)) == 12
    assert bitline(*ADDER, "-o", "two")[0] == 0
    assert bitline("float_add", "exponent_bits=4", "fraction_bits=1,2", *ADDER[3:], "-o", "three")[0] == 0
    assert len(asked) == 13


def test_points_that_fail_are_said_and_tried_again(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, in_process: None
) -> None:
    def measure(parameters: Any) -> float:
        if parameters.fraction_bits == 6:
            raise RuntimeError("the tool\nfails")
        return 1.0

    measured_by(monkeypatch, measure)
    code, out, err = bitline(*ADDER, "-o", "sweep")
    assert code == 1
    assert "9 measured, 4 refused, 3 failed" in out
    assert sorted(err.splitlines()) == [f"bitline: point {point} failed: the tool fails" for point in (11, 15, 7)]
    measured_by(monkeypatch, lambda parameters: 1.0)
    code, out, err = bitline(*ADDER, "-o", "sweep")
    assert (code, err) == (0, "")
    assert "12 measured, 4 refused" in out


def test_a_missing_tool_ends_the_sweep_and_keeps_what_is_finished(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, in_process: None
) -> None:
    def measure(parameters: Any) -> float:
        if (parameters.exponent_bits, parameters.fraction_bits) == (4, 8):
            raise ToolMissing("sta", "energy", "apt-get install opensta")
        return 1.0

    measured_by(monkeypatch, measure)
    code, out, err = bitline(*ADDER, "-o", "sweep")
    assert (code, out) == (2, "")
    assert err == "bitline: sta not found, which disables energy; install it with: apt-get install opensta\n"
    assert {"results.jsonl", "sweep.json"} == set(contents(Path("sweep")))
    measured_by(monkeypatch, lambda parameters: 1.0)
    assert bitline(*ADDER, "-o", "sweep")[0] == 0


def test_a_point_that_only_measuring_refuses_is_recorded_as_refused(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, in_process: None
) -> None:
    def measure(parameters: Any) -> float:
        if parameters.fraction_bits > 4:
            raise ValueError("fraction_bits must be at most 4 here")
        return 1.0

    measured_by(monkeypatch, measure)
    code, out, _ = bitline(*ADDER, "-o", "sweep", "--json")
    refused = [point for point in json.loads(out)["points"] if point["state"] == "refused"]
    assert code == 0
    assert len(refused) == 4 + 6
    assert refused[-1]["message"] == "fraction_bits must be at most 4 here"


def test_a_value_that_is_not_finite_is_a_failure(
    bitline: Run, monkeypatch: pytest.MonkeyPatch, in_process: None
) -> None:
    measured_by(monkeypatch, lambda parameters: float("nan"))
    code, out, err = bitline(*ADDER, "-o", "sweep")
    assert code == 1
    assert err.count("failed: error must be finite, not nan\n") == 12
    assert sorted(contents(Path("sweep"))) == ["results.jsonl", "sweep.json"]
    assert "0 measured" in out


def test_a_worker_that_is_killed_is_said_and_the_sweep_can_go_on(tmp_path: Path) -> None:
    design = find("float_add")
    words = ("exponent_bits=2:8", "fraction_bits=1:23")
    request = make_request(design, read_space(design, words), ("error",), library="freepdk45")
    steps: list[str] = []

    def kill_a_worker(step: str) -> None:
        steps.append(step)
        if len(steps) == 5:
            os.kill(active_children()[0].pid or 0, signal.SIGKILL)

    before = dict(os.environ)
    with pytest.raises(RuntimeError, match=r"^the workers were lost; run the same command again to go on$"):
        run_sweep(request, tmp_path / "sweep", workers=2, say=print, step=kill_a_worker)
    assert dict(os.environ) == before
    result = run_sweep(request, tmp_path / "sweep", workers=2, say=print, step=lambda step: None)
    assert len(result.done) == len(result.records) == 7 * 23
    assert len(rows_of(result)) == 7 * 23


def test_nothing_is_left_running_or_lying_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    design = find("float_add")
    request = make_request(design, read_space(design, ("fraction_bits=1:4",)), ("error",), library="freepdk45")
    run_sweep(request, tmp_path / "sweep", workers=2, say=print, step=lambda step: None)
    assert list(temporary.iterdir()) == []
    assert active_children() == []


def beaten(point: Any, points: Any) -> bool:
    return any(
        all(b <= a for a, b in zip(point, other, strict=True)) and tuple(other) != tuple(point) for other in points
    )


@pytest.mark.parametrize("goals", [1, 2, 3, 4])
def test_the_front_is_what_no_point_beats(goals: int) -> None:
    draw = np.random.default_rng(goals)
    for count in (0, 1, 2, 30, 200):
        points = draw.integers(0, 6, (count, goals)).astype(float)
        assert on_front(points).tolist() == [not beaten(point, points) for point in points.tolist()]
    with pytest.raises(ValueError, match=r"^values must be finite and of shape"):
        on_front([[1.0, float("nan")]])


def test_the_page_needs_no_other_file_and_its_table_sorts(bitline: Run) -> None:
    words = ("exponent_bits=2:4", "fraction_bits=1:12:3", "flush_to_zero=false,true")
    bitline("float_multiply", *words, "--metric", "error", "--workers", "1", "-o", "sweep")
    page = Path("sweep/table.html").read_text()
    assert not re.search(r'(?:src|href)="(?!#)|url\((?!#)|@import', page)
    assert "mean relative error against the exact result" in page
    assert "pre-layout, no wires, one corner" in page.lower()
    node = subprocess.run(["which", "node"], capture_output=True, text=True, check=False).stdout.strip()
    if not node:
        pytest.skip("no JavaScript engine here")
    for column, kind in ((0, float), (2, float), (4, str), (5, float)):
        for clicks in (1, 2):
            found = sorted_by_script(node, page, column, clicks)
            assert found == sorted(found, key=kind, reverse=clicks == 2)


def sorted_by_script(node: str, page: str, column: int, clicks: int) -> list[str]:
    """The values of a column after clicks on its heading, by the page's own script on a stand-in for the page."""
    script = re.search(r"<script>(.*)</script>", page, re.S)
    body = re.search(r"<tbody>(.*)</tbody>", page, re.S)
    assert script
    assert body
    rows = [re.findall(r'data-value="([^"]*)"', row) for row in body[1].split("</tr>") if "data-value" in row]
    program = f"""
      const heading = () => {{
        const attributes = {{}}, button = {{ addEventListener: (_, f) => button.click = f }};
        return {{ firstElementChild: button, getAttribute: n => attributes[n] ?? null,
                  setAttribute: (n, v) => attributes[n] = v, removeAttribute: n => delete attributes[n] }}; }};
      const rows = {json.dumps(rows)}.map(values => ({{ cells: values.map(value => ({{ dataset: {{ value }} }})) }}));
      const stand_in = {{ tHead: {{ rows: [{{ cells: {json.dumps(rows[0])}.map(heading) }}] }},
        tBodies: [{{ rows, append: (...sorted) => rows.splice(0, rows.length, ...sorted) }}] }};
      const document = {{ getElementById: () => stand_in }};
      {script[1]}
      for (let i = 0; i < {clicks}; i++) stand_in.tHead.rows[0].cells[{column}].firstElementChild.click();
      console.log(JSON.stringify(rows.map(row => row.cells[{column}].dataset.value)));
    """
    done = subprocess.run([node, "-e", program], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


def test_help_is_immediate_and_names_the_grammar(bitline: Run) -> None:
    start = time.monotonic()
    code, out, _ = bitline("--help")
    assert (code, "lo:hi:step" in out) == (0, True)
    assert time.monotonic() - start < 5
