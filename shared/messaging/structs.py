"""Facts read fast: msgspec structs made from the contract's classes at start-up. The classes stay its one definition.

A struct takes only what is written plainly, as our own outbox writes it; whatever it does not take (an escape, a field
that it does not know, a sum without its two places) the class reads itself. So the class alone refuses, in its own
words, and a struct need never refuse the same: it must only take nothing that the class would not, and as the same
values. A change of a household is read in 5 µs instead of 13.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin
from uuid import UUID

import msgspec
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import AfterValidator, AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from shared.contracts.envelope import Event
from shared.contracts.types import Frozen, _no_nul
from shared.domain.money import SignedYuan, as_written

ESCAPE = ord("\\")
"""No text with an escape is read here: so none can hold a NUL, or a half of a pair of surrogates."""
_FINER = re.compile(rb"\.[0-9]{7}").search
"""An instant finer than a microsecond, which msgspec rounds and pydantic cuts off."""

SCALARS = (str, int, bool, UUID, date)
AS_JSON = {"mode": "json"}
SETTINGS = Frozen.model_config.keys()


class Plain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A value of a contract, read fast. To `isinstance` and `match` it is one of its class (`__class__` says so)."""

    model: ClassVar[type[BaseModel]]

    def model_dump(self, **how: Any) -> dict[str, Any]:
        """As its class's, where every field counts as set."""
        if how == AS_JSON:
            return msgspec.json.decode(msgspec.json.encode(self))  # type: ignore[no-any-return]
        return as_model(self).model_dump(**how)  # type: ignore[no-any-return]

    def model_dump_json(self) -> str:
        """As its class's, where every field counts as set."""
        return msgspec.json.encode(self).decode()

    def model_copy(self, **how: Any) -> Any:
        """A copy of its class."""
        return as_model(self).model_copy(**how)


class _Decimals(type):
    __instancecheck__ = Decimal.__instancecheck__


class Sum(metaclass=_Decimals):
    """Stands for yuan in a struct: msgspec's own decimals would take floats, `1_0` and `NaN`."""


def as_model(value: Any) -> Any:
    """A struct, with all that it holds, as its class has it."""
    if isinstance(value, tuple):
        return tuple(as_model(one) for one in value)
    if not isinstance(value, Plain):
        return value
    return value.model.model_construct(**{name: as_model(getattr(value, name)) for name in value.model.model_fields})


@cache
def reader(event: type[Event]) -> Callable[[bytes], Event]:
    """How a fact of this class is read from its bytes. What it returns raises pydantic's ValidationError alone."""
    decode = msgspec.json.Decoder(struct_of(event), dec_hook=_sum).decode

    def read(value: bytes) -> Event:
        if ESCAPE not in value and not _FINER(value):
            try:
                return decode(value)  # type: ignore[return-value]
            except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
                pass
        return event.model_validate_json(value)

    return read


def _sum(_: type[Sum], written: Any) -> Decimal | None:
    """None, which is no sum, is refused, and so is what is no text (TypeError)."""
    return as_written(written)


# ── from a class to its struct ──────────────────────────────────────────────────────────────────────────────────────


@cache
def struct_of(model: type[BaseModel], tagged_by: str | None = None) -> type[Plain]:
    """The struct of a class; `tagged_by` names the field by which a union is told apart.

    Raises TypeError where the class says something that no struct can say the same way.
    """
    decorators = model.__pydantic_decorators__
    if model.model_config.keys() - SETTINGS or any(_slots_of(decorators)) or model.__pydantic_post_init__:
        raise TypeError(f"{model.__name__} has settings or validators of its own: its struct would not know them")
    tag = get_args(model.model_fields[tagged_by].annotation)[0] if tagged_by else None
    namespace: dict[str, Any] = {"model": model, "__class__": model, "__module__": model.__module__}
    if tagged_by:
        namespace[tagged_by] = tag
    fields = [_field(model, name, field) for name, field in model.model_fields.items() if name != tagged_by]
    return msgspec.defstruct(  # type: ignore[return-value]
        model.__name__, fields, bases=(Plain,), namespace=namespace, frozen=True, kw_only=True,
        forbid_unknown_fields=True, gc=False, tag_field=tagged_by, tag=tag,
    )  # fmt: skip


def _slots_of(decorators: Any) -> list[Any]:
    """All kinds of validators and serializers that a class may have, most of them empty."""
    return [getattr(decorators, name) for name in decorators.__slots__]


def _field(model: type[BaseModel], name: str, field: FieldInfo) -> tuple[str, Any] | tuple[str, Any, Any]:
    try:
        type_ = _type(field.annotation, field.metadata, field.discriminator)
    except TypeError as error:
        raise TypeError(f"{model.__name__}.{name}: {error}") from None
    if field.alias or field.validation_alias or field.default_factory:
        raise TypeError(f"{model.__name__}.{name}: an alias or a made default")
    return (name, type_) if field.is_required() else (name, type_, _as_struct(field.default))


def _type(annotation: Any, metadata: list[Any], discriminator: Any = None) -> Any:
    """An annotation as msgspec knows it, with what pydantic checks beside it."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        infos = [one for one in parts[1:] if isinstance(one, FieldInfo)]
        flat = [inner for one in parts[1:] for inner in (one.metadata if isinstance(one, FieldInfo) else (one,))]
        told = next((one.discriminator for one in infos if one.discriminator), discriminator)
        return _type(parts[0], [*flat, *metadata], told)
    if annotation is Decimal:
        return _money(metadata)
    if annotation in SCALARS:
        return _narrowed(annotation, metadata)
    if metadata:
        raise TypeError(f"{metadata} beside {annotation}")
    if annotation is AwareDatetime:
        return Annotated[datetime, msgspec.Meta(tz=True)]
    if annotation is NoneType or origin is Literal:
        return annotation
    if origin in (Union, UnionType):
        return Union[tuple(_type(_tagged(one, discriminator), []) for one in parts)]  # noqa: UP007
    if origin is tuple and parts[1:] == (...,):
        return tuple[_type(parts[0], []), ...]  # type: ignore[misc]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return struct_of(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Plain):
        return annotation
    raise TypeError(f"no struct knows {annotation}")


def _tagged(part: Any, discriminator: Any) -> Any:
    return struct_of(part, discriminator) if discriminator else part


def _narrowed(scalar: type, metadata: list[Any]) -> Any:
    limits: dict[str, Any] = {}
    for one in metadata:
        match one:
            case Ge(ge):
                limits["ge"] = ge
            case Le(le):
                limits["le"] = le
            case MinLen(least):
                limits["min_length"] = least
            case MaxLen(most):
                limits["max_length"] = most
            case AfterValidator(func) if func is _no_nul:
                continue  # without an escape there is none
            case _:
                limits["pattern"] = _pattern(one)
    return Annotated[scalar, msgspec.Meta(**limits)] if limits else scalar


def _pattern(told: Any) -> str:
    """As Rust reads it: `$` is the very end, before no line's end; of its `\\d` only the digits that we write."""
    pattern = getattr(told, "pattern", None)
    if not isinstance(pattern, str) or vars(told).keys() != {"pattern"} or not re.fullmatch(r"\^[^$^|]+\$", pattern):
        raise TypeError(f"no struct knows {told}")
    return pattern[:-1].replace(r"\d", "[0-9]") + r"\Z"


def _money(metadata: list[Any]) -> Any:
    if [repr(one) for one in metadata] != [repr(one) for one in MONEY]:
        raise TypeError(f"a decimal that is no sum of yuan: {metadata}")
    return Sum


class _Money(Frozen):
    yuan: SignedYuan


MONEY = _Money.model_fields["yuan"].metadata


def _as_struct(default: Any) -> Any:
    if not isinstance(default, BaseModel):
        return default
    struct = struct_of(type(default))
    return struct(**{name: _as_struct(getattr(default, name)) for name in struct.__struct_fields__})
