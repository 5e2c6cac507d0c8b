"""CARRIERS: how a notice goes out; one line here for each. A carrier is a module with one verb.

The inbox sends inside the transaction, for nothing leaves the house. OUTGOING ones make a letter (`send`) that
`sending.py` carries out afterwards, with its retries.
"""

from collections.abc import Mapping
from types import MappingProxyType

from services.notify.carriers import email, inbox
from services.notify.carriers.email import Letter
from services.notify.carriers.inbox import Send

CARRIERS: Mapping[str, Send] = MappingProxyType({inbox.NAME: inbox.send})

OUTGOING: Mapping[str, Letter] = MappingProxyType({email.NAME: email.send})

FIRST = inbox.NAME
"""The carrier of everybody; no wish of an officer's can leave it out."""

NAMES: tuple[str, ...] = (*CARRIERS, *OUTGOING)
