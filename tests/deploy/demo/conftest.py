"""One township a session: made once, read by all."""

from datetime import date

import pytest

from deploy.demo.township import SEED, Township, generate

TODAY = date(2026, 11, 25)


@pytest.fixture(scope="session")
def today() -> date:
    return TODAY


@pytest.fixture(scope="session")
def township() -> Township:
    return generate(SEED, TODAY)


@pytest.fixture(scope="session")
def other_township() -> Township:
    return generate(7, TODAY)


@pytest.fixture(params=["township", "other_township"])
def sample(request: pytest.FixtureRequest) -> Township:
    """Each of both in turn."""
    found: Township = request.getfixturevalue(request.param)
    return found
