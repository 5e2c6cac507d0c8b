"""The console's pages: a file a page, listed here."""

from services.console.pages import (
    account,
    apply,
    clue,
    events,
    feeds,
    files,
    home,
    household,
    households,
    identity,
    late,
    notices,
    people,
    queues,
    sign_in,
    task,
    track,
    waiting,
    warning,
    warnings,
)

PAGES = (
    home.routes,
    sign_in.routes,
    queues.routes,
    task.routes,
    households.routes,
    household.routes,
    notices.routes,
    people.routes,
    feeds.routes,
    files.routes,
    identity.routes,
    account.routes,
    waiting.routes,
    warnings.routes,
    warning.routes,
    late.routes,
    clue.routes,
    apply.routes,
    track.routes,
    events.routes,
)

__all__ = ["PAGES"]
