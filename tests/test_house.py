"""Rules of the house that a program can check."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {"sim_models", "hdl", "gen", "verif", "flow", "tests"}


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).exists()]


def test_packages_import_only_from_the_floors_below() -> None:
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert lint.returncode == 0, lint.stdout


def test_folders_at_the_top_are_the_agreed_ones() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.parent != ROOT}
    assert {name for name in folders if not name.startswith(".")} == TOP_LEVEL


def test_no_file_holds_a_machine_path_or_cell_library() -> None:
    here = Path(__file__)
    for path in tracked_files():
        assert path.suffix not in (".lib", ".gz", ".lef", ".gds"), path
        if path != here and path.suffix in (".py", ".md", ".toml", ".html", ""):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w/])/(?:work|root|home)/", text), path
