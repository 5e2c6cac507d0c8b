"""A household's address, asked of intake at the moment of sending and forgotten after it (`POST /v1/contacts/resolve`).

The one place that knows that call. Away, refused, or without an address: the household has its inbox, and is tried
again.
"""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import httpx

from services.notify.contact import is_address
from shared.access.tokens import Issuer

PURPOSE = "notice"
REFERENCES_MAX = 500
TIMEOUT = httpx.Timeout(5.0, connect=1.5)
TOKEN_LASTS = timedelta(minutes=2)


class Intake:
    """`transport` stands for intake where only notify is tested."""

    def __init__(self, url: str, issuer: Issuer, transport: httpx.AsyncBaseTransport | None = None) -> None:
        # Calls between our own services never go through a proxy of the environment.
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT, trust_env=False, transport=transport)
        self._issuer = issuer

    async def addresses_of(self, persons: Sequence[str]) -> Mapping[str, str] | None:
        """Person → e-mail address, of those who have one; None when intake does not answer."""
        if not persons:
            return {}
        token = self._issuer.issue({"role": "system"}, TOKEN_LASTS)
        asked = {"references": list(persons[:REFERENCES_MAX]), "purpose": PURPOSE}
        try:
            answer = await self._client.post(
                "/v1/contacts/resolve", json=asked, headers={"Authorization": f"Bearer {token}"}
            )
        except httpx.HTTPError:
            return None
        if answer.status_code != 200:
            return None
        found: dict[str, str] = {}
        with contextlib.suppress(ValueError, AttributeError, TypeError, KeyError):
            for one in answer.json()["items"]:
                email = one.get("email")
                if isinstance(email, str) and is_address(email):
                    found[str(one["reference"])] = email
        return found

    async def close(self) -> None:
        await self._client.aclose()
