"""The console's pages: a file a page, listed here."""

from services.console.pages import (
    account,
    events,
    files,
    household,
    households,
    notices,
    people,
    queues,
    sign_in,
    task,
    waiting,
)

PAGES = (
    files.routes,
    sign_in.routes,
    queues.routes,
    task.routes,
    households.routes,
    household.routes,
    notices.routes,
    people.routes,
    account.routes,
    waiting.routes,
    events.routes,
)

__all__ = ["PAGES"]
