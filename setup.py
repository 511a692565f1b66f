"""What pyproject.toml cannot say: a built wheel carries the weights and the page, which live beside the packages."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
CARRIED = {"models/weights": "gpff/weights", "frontend/dist": "studio/page"}


class Build(build_py):
    """Copies the folders of `CARRIED` into their packages. An editable install finds them where they are."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source, target in CARRIED.items():
            if (HERE / source).is_dir():
                shutil.copytree(HERE / source, Path(self.build_lib) / target, dirs_exist_ok=True)
            elif source == "frontend/dist":
                self.warn(f"{source} is missing: the wheel goes without; build it first (make setup)")
            else:
                raise FileNotFoundError(f"{source} is missing: a wheel without it could generate nothing")


setup(cmdclass={"build_py": Build})
