"""Cores by affinity and by a container's limit, in both versions of control groups."""

import math
import os
from pathlib import Path

import pytest

from gpff import cores
from gpff.cores import quota


def made(folder: Path, membership: str, **limits: str) -> tuple[Path, Path]:
    """Control groups with these files; `__` in a name stands for `/`."""
    for name, text in limits.items():
        file = folder / name.replace("__", "/").replace("cpu_max", "cpu.max").replace("cfs", "cpu.cfs")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "membership").write_text(membership)
    return folder, folder / "membership"


@pytest.mark.parametrize(
    ("membership", "limits", "expected"),
    [
        ("0::/\n", {"cpu_max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu_max": "max 100000\n"}, math.inf),
        ("0::/a/b\n", {"a__cpu_max": "100000 100000", "a__b__cpu_max": "300000 100000", "c__cpu_max": "1 100000"}, 1.0),
        ("0::/docker/77\n", {"cpu_max": "50000 100000\n"}, 0.5),
        ("3:memory:/\n1:cpu,cpuacct:/x\n", {"cpu__cfs_quota_us": "200000\n", "cpu__cfs_period_us": "100000\n"}, 2.0),
        ("1:cpu:/\n", {"cpu__cfs_quota_us": "-1\n", "cpu__cfs_period_us": "100000\n"}, math.inf),
        ("0::/\n", {"cpu_max": "nonsense"}, math.inf),
        ("", {}, math.inf),
    ],
)
def test_a_limit_of_cpu_time_counts_in_cores(
    membership: str, limits: dict[str, str], expected: float, tmp_path: Path
) -> None:
    assert quota(*made(tmp_path, membership, **limits)) == expected


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert quota(tmp_path, tmp_path / "nowhere") == math.inf


@pytest.mark.parametrize(("limit", "expected"), [(math.inf, 6), (2.2, 3), (0.1, 1), (40.0, 6)])
def test_cores_are_those_of_the_affinity_within_the_limit(
    limit: float, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)))
    monkeypatch.setattr(cores, "quota", lambda: limit)
    assert cores.cores() == expected
