"""What forms have in common: names, phones, places and words as people type them, brought to one form. Pure."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from services.intake.channels import CHANNELS
from shared.contracts.types import Frozen
from shared.domain.concerns import BY_CODE
from shared.domain.division import can_be_township, can_be_village, is_village_open

WORDS_MAX = 2000
NAME_MAX = 60
CONCERNS_MAX = 10

_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")
_PHONE = re.compile(r"0?[0-9]{5,12}")
_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[0-9A-Za-z.-]{1,180}\.[0-9A-Za-z]{2,24}")


def _plain(text: str) -> str:
    text = text.strip()
    if _INVISIBLE.search(text):
        raise PydanticCustomError("forbidden_character", "This field holds an invisible control character: remove it.")
    if not text:
        raise PydanticCustomError("missing", "This field is empty: fill it in or leave it out.")
    return text


def plain_phone(text: str) -> str:
    """Digits alone, without the country's code; mobile or landline with its area code."""
    digits = re.sub(r"[\s()+-]", "", unicodedata.normalize("NFKC", text))
    digits = digits.removeprefix("0086") if digits.startswith("0086") else digits
    digits = digits[2:] if digits.startswith("86") and len(digits) == 13 else digits
    if not _PHONE.fullmatch(digits) or not digits.isascii():
        raise PydanticCustomError("not_a_phone", "This is no phone number: write its digits, with the area code.")
    return digits


def plain_name(text: str) -> str:
    """As it is compared: full-width signs made plain, no blanks, one kind of middle dot."""
    return re.sub(r"[\s]", "", unicodedata.normalize("NFKC", text)).replace("•", "·").replace("・", "·")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise PydanticCustomError("not_an_email", "This is no e-mail address: correct it or leave it out.")
    return text


def _place(code: str) -> str:
    if not can_be_village(code) and not can_be_township(code):
        raise PydanticCustomError("not_a_village", "This is no village: choose one, or its township (12 digits).")
    return code


def _channel(code: str) -> str:
    if code not in CHANNELS:
        raise PydanticCustomError("not_one_of", "This channel is not on the list: see the contract.")
    return code


def _concern(code: str) -> str:
    if code not in BY_CODE:
        raise PydanticCustomError("not_one_of", "This concern is not on the list: see the contract.")
    return code


def _none_if_empty(value: Any) -> Any:
    return None if value == "" else value


Empty = BeforeValidator(_none_if_empty)
"""A form that is sent without scripts sends its empty fields too."""
Words = Annotated[str, Field(min_length=1, max_length=WORDS_MAX), AfterValidator(_plain)]
Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX), AfterValidator(_plain)]
Phone = Annotated[str, Field(min_length=1, max_length=30), AfterValidator(plain_phone)]
Email = Annotated[str, Field(min_length=3, max_length=254), AfterValidator(_email)]
Address = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
Place = Annotated[str, Field(min_length=12, max_length=12), AfterValidator(_place)]
"""A village, or the township of one that is in no list."""
Channel = Annotated[str, Field(min_length=1, max_length=32), AfterValidator(_channel)]
ConcernCode = Annotated[str, Field(min_length=1, max_length=32), AfterValidator(_concern)]
Concerns = Annotated[tuple[ConcernCode, ...], Field(max_length=CONCERNS_MAX)]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,31}$")]
IdNo = Annotated[str, Field(min_length=1, max_length=64)]
HouseholdNo = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$")]
Group = Annotated[int, Field(ge=1, le=99)]


class ContactPerson(Frozen):
    """Somebody through whom the declarer is reached."""

    name: Name
    phone: Annotated[Phone | None, Empty] = None


class Faulty(Exception):
    """A body that cannot be used: `errors` as pydantic tells them, none with what was sent."""

    def __init__(self, errors: list[Any]) -> None:
        super().__init__("faulty")
        self.errors = errors


def faulty(error: ValidationError) -> Faulty:
    return Faulty(list(error.errors(include_url=False, include_input=False, include_context=False)))


def fault(field: str, code: str, message: str) -> Faulty:
    return Faulty([{"loc": (field,), "type": code, "msg": message}])


def check_village_named(region: str | None, village_name: str | None) -> None:
    """A place that leaves its village open tells how the village is called. Raises Faulty."""
    if region is not None and is_village_open(region) and village_name is None:
        raise fault("village_name", "missing", "Say how the village is called, or choose it (region).")
