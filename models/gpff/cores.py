"""How many cores this process may use: what decides how many threads and processes pay."""

from __future__ import annotations

import math
import os
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def cores() -> int:
    """Cores that this process may run on, and no more than a container's limit of CPU time pays for."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, math.ceil(min(quota(), allowed))))


def quota(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> float:
    """CPU time in cores that the process's control groups (Linux, versions 1 and 2) allow; infinite without a limit."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return math.inf
    least = math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / "cpu" if controllers else groups
        own = root / path.lstrip("/")
        # A limit holds for all groups below. In a container the path may be the host's, and only the root be there.
        for folder in (own, *(parent for parent in own.parents if parent.is_relative_to(root))):
            least = min(least, _limit(folder))
    return least


def _limit(folder: Path) -> float:
    try:
        if (folder / "cpu.max").exists():
            limit, period = (folder / "cpu.max").read_text().split()
        else:
            limit, period = ((folder / f"cpu.cfs_{what}_us").read_text().strip() for what in ("quota", "period"))
        return math.inf if limit in ("max", "-1") else float(limit) / float(period)
    except (OSError, ValueError):
        return math.inf
