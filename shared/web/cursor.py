"""Where a list goes on: an instant and an id, opaque to the caller. Lists run from the newest to the oldest."""

import base64
from datetime import UTC, datetime
from uuid import UUID

from shared.web.problems import refuse

FIRST = (datetime(9999, 1, 1, tzinfo=UTC), UUID(int=2**128 - 1))


class Cursor:
    """`next` of a page, and `after` of the following call."""

    @staticmethod
    def write(instant: datetime, id: UUID) -> str:
        return base64.urlsafe_b64encode(f"{instant.isoformat()}|{id}".encode()).decode().rstrip("=")

    @staticmethod
    def read(text: str | None) -> tuple[datetime, UUID]:
        """Raises Refused (422) for what is no cursor of ours."""
        if text is None:
            return FIRST
        try:
            plain = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
            instant, _, id = plain.partition("|")
            moment = datetime.fromisoformat(instant)
            if moment.tzinfo is None:
                raise ValueError("naive")
            return moment, UUID(id)
        except ValueError:
            raise refuse(422, "cursor", "This cursor is not one of ours: begin again without it.") from None
