"""Processes that a process has started, found in /proc."""

from pathlib import Path

AVAILABLE = Path("/proc/self/stat").exists()


def children(parent: int) -> list[int]:
    """Return the running processes that a process has started."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, its_parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(its_parent) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


def grandchildren(parent: int) -> list[int]:
    """Return the running processes that the children of a process have started, such as workers of ``--jobs``."""
    return [one for child in children(parent) for one in children(child)]
