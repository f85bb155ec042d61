"""Training of the digits network: repeatable, and one line where something is missing. The slow tests want PyTorch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flow.digits import network


def run_module(*arguments: str, hide_torch: bool) -> subprocess.CompletedProcess[str]:
    hide = "sys.modules['torch'] = None; " if hide_torch else ""
    program = f"import sys, runpy; {hide}runpy.run_module('flow.digits.train', run_name='__main__')"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_without_pytorch_it_ends_with_one_line(tmp_path: Path) -> None:
    ended = run_module(str(tmp_path / "weights.npz"), hide_torch=True)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "flow.digits.train needs PyTorch: pip install 'bitline[train]'\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["weights.npy", "absent/weights.npz"])
def test_a_file_that_cannot_be_written_ends_with_one_line(name: str, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch")
    ended = run_module(str(tmp_path / name), hide_torch=False)
    assert ended.returncode == 2
    assert ended.stderr == f"FILE must end in .npz and lie in an existing folder, not {tmp_path / name}\n"


@pytest.mark.slow
def test_short_training_twice_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch")
    from flow.digits import train

    monkeypatch.setattr(train, "EPOCHS", 2)
    for name in ("first.npz", "second.npz"):
        train.main(tmp_path / name)
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()
    for layer in network.load(tmp_path / "first.npz"):
        assert (np.abs(layer.weights.astype(int)).max(axis=0) == 127).all()
