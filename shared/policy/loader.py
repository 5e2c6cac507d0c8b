"""Finds the packages that ship with the code and reads each once.

A package is read by every service at its start: one that is not fit is refused there, with file, line and
remedy, and not at the first household that needs it.
"""

from functools import cache
from pathlib import Path

from shared.policy.package import Policy, read_package
from shared.policy.reading import PolicyError

PACKAGES = Path(__file__).with_name("packages")


def available() -> tuple[str, ...]:
    """The names of the packages, sorted."""
    return tuple(sorted(path.stem for path in PACKAGES.glob("*.yaml")))


@cache
def load(name: str) -> Policy:
    """The package of this name. Raises PolicyError: none of this name, or one that is not fit."""
    if name not in available():
        raise PolicyError(
            f"{name}.yaml",
            1,
            "there is no such policy package",
            f"set SHOUWANG_POLICY to one of {', '.join(available())}",
        )
    return read_package(PACKAGES / f"{name}.yaml")
