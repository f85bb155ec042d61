"""Write exported cost models, each file whole, and never over a file that bitline did not write.

A written file carries the hash of its own text: in the JSON under ``sha256``, in the Python file in its last line. A
file whose hash does not fit was written or changed by someone else.
"""

import json
from hashlib import sha256
from pathlib import Path

from flow.exports.checks import check
from flow.exports.component import render_component
from flow.exports.cost_model import CostModel, content_sha256
from gen.cache import replace_file

_SIGNATURE = "# bitline wrote the lines above; their SHA-256: "


def write_cost_model(model: CostModel, folder: Path) -> tuple[Path, Path]:
    """Write ``DESIGN.json`` and ``DESIGN_component.py`` to ``folder``; returns both paths.

    Earlier ones that bitline wrote are replaced.

    :raises ValueError: the folder cannot be written to, or holds a file of one of these names that is not bitline's, or
        `load_cost_model` would refuse the model; nothing is written then.
    """
    table, component = folder / f"{model.design}.json", folder / f"{model.design}_component.py"
    texts = {table: model.to_json(), component: _signed(render_component(model))}
    check(texts[table])
    try:
        for path, ours in ((table, _our_json), (component, _our_component)):
            if path.exists() and not (path.is_file() and ours(path.read_bytes())):
                raise ValueError(f"{path} is not as bitline wrote it; choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            replace_file(path, text.encode())
    except OSError as error:
        raise ValueError(f"cannot write to {folder}: {error.strerror}") from None
    return table, component


def _signed(text: str) -> str:
    return f"{text}\n{_SIGNATURE}{sha256(text.encode()).hexdigest()}\n"


def _our_component(data: bytes) -> bool:
    text, mark, written = data.rpartition(f"\n{_SIGNATURE}".encode())
    return bool(mark) and written.strip().decode(errors="replace") == sha256(text).hexdigest()


def _our_json(data: bytes) -> bool:
    try:
        content = json.loads(data)
        return bool(content["sha256"] == content_sha256(content))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
