"""E-mail: a notice as a letter, in the receiver's language. Pure; the SMTP conversation is `smtp.py`'s.

Its Message-ID is the dispatch's own: a second copy, sent because the first one's receipt was lost, can be told for one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from uuid import UUID

from services.notify.notice import Notice
from services.notify.wording import catalogue

NAME = "email"


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom, to whom, in which language. `base` is the console's address, where its links lead."""

    sender: str
    address: str
    language: str
    base: str


Letter = Callable[[Notice, UUID, Envelope, datetime], EmailMessage]


def send(notice: Notice, dispatch_id: UUID, envelope: Envelope, now: datetime) -> EmailMessage:
    is_zh = envelope.language == "zh-CN"
    letter = EmailMessage(policy=SMTP)
    letter["From"] = envelope.sender
    letter["To"] = envelope.address
    letter["Subject"] = notice.title_zh if is_zh else notice.title_en
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(dispatch_id, envelope.sender)
    letter["Auto-Submitted"] = "auto-generated"
    letter["Content-Language"] = envelope.language
    letter.set_content("\n\n".join(_paragraphs(notice, envelope, is_zh)) + "\n")
    return letter


def message_id(dispatch_id: UUID, sender: str) -> str:
    return f"<{dispatch_id}@{sender.rpartition('@')[2]}>"


def _paragraphs(notice: Notice, envelope: Envelope, is_zh: bool) -> list[str]:
    texts = catalogue(envelope.language)
    found = [notice.text_zh if is_zh else notice.text_en]
    if notice.link:
        found.append(texts["email.link"].format(link=envelope.base + notice.link))
    return [*found, texts["email.foot"]]
