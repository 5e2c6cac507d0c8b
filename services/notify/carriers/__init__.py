"""CARRIERS: how a notice goes out. A carrier is a module with one verb, `send`; one line here for each."""

from collections.abc import Mapping
from types import MappingProxyType

from services.notify.carriers import inbox
from services.notify.carriers.inbox import Send

CARRIERS: Mapping[str, Send] = MappingProxyType({inbox.NAME: inbox.send})

FIRST = inbox.NAME
"""The carrier of every officer who has said nothing else."""
