"""intake's loops where the unit of work says to come again: infrastructure is no alarm, what stops a batch is one."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest

from services.intake import app, matching
from services.intake.matching import Waits
from services.intake.vault import Vault
from shared.messaging.faults import Retry
from shared.policy import load
from shared.service import Loop, Service
from tests.services.intake.county import NOW

ROW = {"department": "housing", "record_id": "R-1", "household_id": uuid4(), "target": uuid4()}
LATE = Waits("clue:1", NOW, uuid4(), uuid4(), "declaration", "web", (), None, False, "farmer", "341221102201")


class Away:
    """A service whose every batch is to come again."""

    def __init__(self, stopped: str | None) -> None:
        self.stopped, self.alarms, self.tried = stopped, list[str](), 0
        self.worker = SimpleNamespace(fetch=self.fetch)

    async def fetch(self, *_: Any) -> list[Any]:
        return [ROW]

    async def process(self, _: Any) -> Any:
        self.tried += 1
        raise Retry(self.stopped or "ConnectionDoesNotExistError")

    def calls(self, _: Any, *, as_worker: bool) -> Any:
        assert as_worker
        return self

    def alarm(self, name: str) -> None:
        self.alarms.append(name)


def loop_of(name: str, away: Away, monkeypatch: pytest.MonkeyPatch) -> Loop:
    service, vault = cast(Service, away), cast(Vault, None)
    match name:
        case "parked":
            return app._ask_again(service, vault)
        case "unmatched":
            return app._match_again(service, vault)
        case _:
            monkeypatch.setattr(matching, "_waits", lambda _: LATE)
            return matching.alarming(service, load("regular-2026"))


@pytest.mark.parametrize("name", ["parked", "unmatched", "matching"])
@pytest.mark.parametrize("stopped", [None, "more than half of 200 records failed"])
async def test_a_batch_that_is_to_come_again_is_alarmed_only_where_it_was_stopped(
    name: str, stopped: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away(stopped)
    await loop_of(name, away, monkeypatch)()
    assert away.tried == 1 and away.alarms == ([f"{name}_stopped"] if stopped else [])
