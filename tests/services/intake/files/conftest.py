"""The same running intake as its other tests have."""

from tests.services.intake.conftest import desk

__all__ = ["desk"]
