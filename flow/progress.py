"""Progress on the terminal's error stream, so that results on the output stream stay clean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@contextmanager
def steps(title: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """A bar that names the step under way; call the function given as each step begins. Silent without a terminal."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total)
        begun = 0

        def begin(step: str) -> None:
            nonlocal begun
            progress.update(task, description=f"{title}: {step}", completed=begun)
            begun += 1

        yield begin
