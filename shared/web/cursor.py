"""Where a list goes on, and ids of several parts: one word, opaque to the caller.

`next` of a page is `packed` from the columns of its last row by which the list runs. `after` of the following call is
`read` beside what stands before the first row: its values say of which kind each part must be.
"""

import base64
from datetime import UTC, date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from shared.web.problems import refuse

SEPARATOR, ESCAPE = "\x1f", "\x1e"
_ESCAPED = {ESCAPE: f"{ESCAPE}e", SEPARATOR: f"{ESCAPE}s"}
"""A part may hold any sign, these two as well: a key is what its sender made it."""
LONG_AGO, NIL = datetime(1, 1, 2, tzinfo=UTC), UUID(int=0)
"""Before every instant and every id that is kept."""
NEWEST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))
"""Before the first row of a list that runs from the newest to the oldest."""
NUMBER_MAX = 2**63 - 1

Place = TypeVar("Place", bound=tuple[Any, ...])


def packed(*parts: object) -> str:
    """Instants, days, ids, numbers and texts as one word, of letters that may stand in an address."""
    text = SEPARATOR.join(_escaped(_text(part)) for part in parts)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpacked(text: str, number: int) -> list[str]:
    """So many parts of what `packed` made. Raises ValueError for what is none of ours."""
    whole = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    parts = whole.split(SEPARATOR)
    if len(parts) != number or "\x00" in whole:
        raise ValueError("not one of ours")
    return [_plain(part) for part in parts]


def read(after: str | None, first: Place, number_max: int = NUMBER_MAX) -> Place:
    """Behind what a page begins; without a cursor `first`. Raises Refused (422) for what is no cursor of ours."""
    if not after:
        return first
    try:
        parts = zip(unpacked(after, len(first)), first, strict=True)
        return cast(Place, tuple(_value(text, like, number_max) for text, like in parts))
    except (ValueError, OverflowError):
        raise refuse(422, "cursor", "This cursor is not one of ours: begin again without it.") from None


def _escaped(text: str) -> str:
    return text.replace(ESCAPE, _ESCAPED[ESCAPE]).replace(SEPARATOR, _ESCAPED[SEPARATOR])


def _plain(text: str) -> str:
    return text.replace(_ESCAPED[SEPARATOR], SEPARATOR).replace(_ESCAPED[ESCAPE], ESCAPE)


def _text(part: object) -> str:
    match part:
        case datetime():
            return part.astimezone(UTC).isoformat()
        case bool():
            return str(int(part))
        case _:
            return str(part)


def _value(text: str, like: object, number_max: int) -> object:
    """A part as the same kind of thing as `like`. Raises ValueError, OverflowError."""
    match like:
        case datetime():
            instant = datetime.fromisoformat(text)
            if instant.tzinfo is None:
                raise ValueError("an instant has a zone")
            return instant.astimezone(UTC)
        case date():
            return date.fromisoformat(text)
        case UUID():
            return UUID(text)
        case bool():
            return bool(("0", "1").index(text))
        case int():
            number = int(text)
            if not 0 <= number <= number_max:
                raise ValueError("no number of ours")
            return number
        case _:
            return text
