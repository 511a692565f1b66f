"""Targets for bond workers that do not survive them."""

import os
from pathlib import Path

from gpff.chemistry import Verdict


def dies_once(numbers: object, positions: object) -> Verdict:
    """Ends its process, unless the file named by GPFF_TEST_MARKER says that it has done so before."""
    marker = Path(os.environ["GPFF_TEST_MARKER"])
    if not marker.exists():
        marker.touch()
        os._exit(1)
    return Verdict(True, "O")


def dies(numbers: object, positions: object) -> Verdict:
    os._exit(1)
