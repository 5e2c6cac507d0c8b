"""A decision while it is being made: what is put, told and written, laid over a state that is never mutated. Pure.

One record may touch several households (somebody moved), and several records that were waiting for it; each household
that changed is told once, with its whole public state.
"""

from collections.abc import Hashable
from datetime import datetime
from typing import Any
from uuid import UUID

from services.intake.identity import Seat
from services.intake.record import Head
from services.intake.register import Home, HomeRow, Whereabouts
from shared.contracts.data import Fact
from shared.contracts.envelope import event_id
from shared.messaging.room import Decision, Emit, State


class Draft:
    """`cause` names the record that is decided: (department, record id, version)."""

    def __init__(self, state: State, now: datetime, cause: tuple[str, str, int], traceparent: str | None) -> None:
        self.now = now
        self.rows: list[Any] = []
        self._state, self._cause, self._traceparent = state, cause, traceparent
        self._puts: dict[Hashable, Any] = {}
        self._digests: dict[str, bytes] = {}
        self._emits: list[Emit] = []
        self._homes: dict[UUID, Home | None] = {}

    def get(self, name: Hashable) -> Any:
        return self._puts[name] if name in self._puts else self._state.get(name)

    def put(self, name: Hashable, value: Any) -> None:
        self._puts[name] = value

    def head(self, key: str) -> Head | None:
        found: Head | None = self.get(("head", key))
        return found

    def put_head(self, key: str, head: Head) -> None:
        self._puts["head", key] = head
        self._digests[key] = head.packed()

    # ── households ──────────────────────────────────────────────────────────────────────────────────────────────

    def home(self, household_id: UUID) -> Home | None:
        found: Home | None = self.get(("home", household_id))
        return found

    def put_home(self, home: Home) -> None:
        """Remembers what the household was before, so that `finish` tells the change once."""
        before = self.home(home.household_id)
        self._homes.setdefault(home.household_id, before)
        self._puts["home", home.household_id] = home
        self._puts["seat", home.household_id] = Seat(home.region, home.grid, home.status == "active")
        self.rows.append(HomeRow(home.household_id, before is not None and before.grid != home.grid))

    def seat(self, household_id: UUID) -> Seat | None:
        found: Seat | None = self.get(("seat", household_id))
        return found

    def whereabouts(self, person_id: UUID) -> Whereabouts | None:
        found: Whereabouts | None = self.get(("person", person_id))
        return found

    def put_whereabouts(self, person_id: UUID, where: Whereabouts) -> None:
        self._puts["person", person_id] = where

    # ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tell(self, word: str, fact: Fact, revision: int) -> None:
        """`data.changed` about a known household. Its id: record, version, household, link revision."""
        type_ = f"shouwang.data.{word}.v1"
        seat = self.seat(fact.household_id)
        assert seat is not None, "a fact is told of a registered household only"
        source = f"/departments/{fact.department}\x1f{fact.record_id}\x1f{fact.version}"
        self._emits.append(
            Emit(
                "data.changed", type_, str(fact.household_id),
                event_id(source, type_, fact.household_id, revision),
                seat.region, fact, grid=seat.grid, traceparent=self._traceparent,
            )
        )  # fmt: skip

    def _tell_homes(self) -> None:
        for household_id, before in self._homes.items():
            home = self.home(household_id)
            assert home is not None
            if before is not None and before.public() == home.public():
                continue
            known = before is not None and before.status == "active"
            word = "removed" if home.status == "removed" else "changed" if known else "registered"
            type_ = f"shouwang.household.{word}.v1"
            department, record_id, version = self._cause
            source = f"/departments/{department}\x1f{record_id}\x1f{version}"
            self._emits.append(
                Emit(
                    "household.registered", type_, str(household_id), event_id(source, type_, household_id),
                    home.region, home.public(), grid=home.grid, traceparent=self._traceparent,
                )
            )  # fmt: skip

    def finish(self, outcome: str, word: str = "", answer: Any = None) -> Decision:
        self._tell_homes()
        return Decision(outcome, word, self._puts, self._digests, self._emits, self.rows, answer)
