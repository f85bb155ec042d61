"""Print the baselines of the usual widths on the default library: ``python -m flow.baselines``."""

from flow.baselines.table import text, usual
from flow.libraries import find
from flow.progress import steps


def main() -> None:
    """Find them all, which takes minutes without a cache, and print the table."""
    searches = usual(find())
    with steps("finding baselines", total=len(searches)) as step:
        found = []
        for search in searches:
            step(f"{search.func.__name__} {' '.join(map(str, search.args[:-1]))}".replace("_", " "))
            found.append(search())
    print(text(found))


if __name__ == "__main__":
    main()
