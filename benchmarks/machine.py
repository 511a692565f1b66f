"""What figures were measured on, and where they go."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from gpff.cores import cores

RESULTS = Path(__file__).resolve().parents[1] / "docs" / "results"


def machine() -> str:
    """Cores and instruction set, and what else ran; nothing that names the machine."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    wide = next((flag for flag in ("avx512f", "avx2") if flag in flags), "")
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{cores()} cores {platform.machine()} {wide}, beside other work (load average {busy:.1f})"
