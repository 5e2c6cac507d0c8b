"""What went wrong, told apart: infrastructure (back off and come again), the data's, or ours.

SQLSTATE classes 08, 40, 42 (but 42501), 53, 55, 57, lost connections and Kafka's errors are infrastructure. Every
other SQL error is a row's: the batch is halved. asyncpg's client-side DataError is an InterfaceError too, and must not
be taken for a lost connection.
"""

import asyncio
import os
import signal
from collections.abc import Mapping

import asyncpg

from shared.messaging.room import Problem

INFRASTRUCTURE_CLASSES = frozenset({"08", "40", "42", "53", "55", "57"})
FORBIDDEN_ROW = "42501"
LOST_STATES = frozenset({"25P03", "25P04", "25006", "58000", "58030"})
"""Ended by the server for being idle or long in a transaction, a standby, its disk: no record's fault either."""


class Retry(Exception):
    """The one exception that may leave a batch: the framework reads it again (NACK_ON_ERROR)."""


class Stopped(Exception):
    """More than half of a batch failed: it is us, not the records. It comes again until it passes, and nothing
    behind it is read meanwhile."""


class Hole(Exception):
    """A batch began beyond our position, and was rolled back. `stored`: such positions by (topic, partition)."""

    def __init__(self, stored: Mapping[tuple[str, int], int]) -> None:
        super().__init__()
        self.stored = stored


class Refused(Exception):
    """A person's call is refused by a rule of the field; its transaction is rolled back."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


class Unavailable(Exception):
    """Infrastructure failed under a person's call: 503, come again."""


def is_timeout(error: BaseException) -> bool:
    """A statement or a wait that took too long: infrastructure the first time, a batch too heavy the second."""
    if isinstance(error, asyncpg.PostgresError):
        return error.sqlstate in ("57014", "55P03")
    return isinstance(error, TimeoutError)


def is_lock_timeout(error: BaseException) -> bool:
    """Someone else holds a row for long: it says nothing about the record that needs it."""
    return isinstance(error, asyncpg.PostgresError) and error.sqlstate == "55P03"


def is_infrastructure(error: BaseException) -> bool:
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return (state[:2] in INFRASTRUCTURE_CLASSES and state != FORBIDDEN_ROW) or state in LOST_STATES
    if isinstance(error, asyncpg.exceptions._base.InterfaceError):
        return not isinstance(error, ValueError)
    if isinstance(error, asyncpg.InternalClientError):
        return True  # a session that the server ended within a statement: now and then the driver loses its place
    if isinstance(error, RuntimeError):
        return "handler is closed" in str(error)  # uvloop's word for writing to a connection that is gone
    return isinstance(error, ConnectionError | OSError | TimeoutError | asyncio.IncompleteReadError)


def fingerprint(error: BaseException) -> str:
    """What may be told of an error: its class, SQLSTATE and constraint. Its message can hold someone's data."""
    parts = [type(error).__name__]
    for attribute in ("sqlstate", "constraint_name", "column_name", "table_name"):
        value = getattr(error, attribute, None)
        if value:
            parts.append(str(value))
    return " ".join(parts)


class NotFirst(Exception):
    """A replay or a skip of a record that is not the first of its line."""


class BeginAgain(Exception):
    """Under the locks the keys turned out to be others: roll back and lock these too."""

    def __init__(self, keys: set[str]) -> None:
        super().__init__()
        self.keys = keys


BATCH_STEPS = ("begun", "locked", "decided", "saved", "finished", "committed")
CALL_STEPS = (
    "call_begun",
    "call_locked",
    "call_decided",
    "call_saved",
    "call_emitted",
    "call_answered",
    "call_committed",
)
RELAY_STEPS = ("selected", "sent", "deleted")
"""Crash points of the relay, and above of the unit of work and of a person's call, each in order. `halved` is
passed only where the database has refused a record: its neighbours are committed, and it waits next."""


def crash_point(step: str) -> None:
    """Die here, as by kill -9, or stand still (SIGSTOP), if the environment names this step: the hand of the tests that
    break the road. A process that stands still is continued by its tester, and comes back from the past."""
    if step == CRASH_AT:
        os._exit(137)
    if STOP_AT and STOP_AT[-1] == step:
        STOP_AT.clear()
        os.kill(os.getpid(), signal.SIGSTOP)


CRASH_AT = os.environ.get("SHOUWANG_CRASH_AT")
STOP_AT = [step for step in (os.environ.get("SHOUWANG_STOP_AT"),) if step]
"""Once a process: afterwards it goes on as if nothing had been."""
