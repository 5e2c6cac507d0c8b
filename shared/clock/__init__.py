"""Two clocks. *Civil* time (deadlines, rules, notices) is the database's: `civil.now()`, read once a transaction
under the locks. *Machine* time (leases, tokens, retries) is this process's, handed in as an argument.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

Machine = Callable[[], datetime]


def machine_now() -> datetime:
    """The machine's instant, aware, UTC."""
    return datetime.now(UTC)


def civil_date(instant: datetime) -> date:
    """The day in Asia/Shanghai on which an instant falls."""
    return instant.astimezone(SHANGHAI).date()
