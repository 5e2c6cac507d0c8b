"""Inbox: the notice's own row is its delivery; the person reads it on the console. Nothing leaves the house."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from services.notify.notice import Notice

NAME = "inbox"

Send = Callable[[Notice, datetime], Notice]
"""A draft in, the notice as it was sent out. Pure: nothing is awaited inside the transaction."""


def send(notice: Notice, now: datetime) -> Notice:
    return replace(notice, carrier=NAME, state="sent", created_at=now)
