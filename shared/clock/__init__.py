"""Two clocks. *Civil* time (deadlines, rules, notices) is the database's: `civil.now()`, read once a transaction
under the locks. *Machine* time (leases, tokens, retries) is this process's, handed in as an argument.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from shared.domain.calendar import SHANGHAI
from shared.domain.calendar import day_of as civil_date

Machine = Callable[[], datetime]


def machine_now() -> datetime:
    """The machine's instant, aware, UTC."""
    return datetime.now(UTC)


__all__ = ["SHANGHAI", "Machine", "civil_date", "machine_now"]
