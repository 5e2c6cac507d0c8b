"""One letter, one SMTP conversation, bounded in time.

What went wrong is a coded word: a server's own sentence may repeat the address, and an address is never written down.
"""

import asyncio
from email.message import EmailMessage

import aiosmtplib

CONVERSATION_SECONDS = 15.0
"""All of it: connecting, greeting, sending, the receipt. A server that needs longer is tried again later."""


async def deliver(letter: EmailMessage, server: tuple[str, int], hello: str) -> str | None:
    """None when the server has taken it, else the cause. `hello` is the name that we greet with.

    A connection that ends after the text was sent and before its receipt is `cut`: the server may have it or not.
    """
    try:
        async with asyncio.timeout(CONVERSATION_SECONDS):
            await aiosmtplib.send(
                letter, hostname=server[0], port=server[1], local_hostname=hello, timeout=CONVERSATION_SECONDS
            )
    except aiosmtplib.SMTPRecipientsRefused as error:
        return _coded(error.recipients[0].code) if error.recipients else "smtp"
    except aiosmtplib.SMTPResponseException as error:
        return _coded(error.code)
    except (TimeoutError, aiosmtplib.SMTPTimeoutError):
        return "timeout"
    except aiosmtplib.SMTPConnectError:
        return "unreachable"
    except aiosmtplib.SMTPServerDisconnected:
        return "cut"
    except (aiosmtplib.SMTPException, OSError, ValueError):
        return "smtp"
    return None


def _coded(code: int) -> str:
    """4xx: for now; 5xx: for good, as the server sees it. Both are tried again, for either may be a slip of its own."""
    return f"smtp_{code}" if 100 <= code <= 999 else "smtp"
