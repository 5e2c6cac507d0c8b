"""Wording: what a notice says, per event, in which part and language; Chinese first. Pure.

A notice says what is asked, until when and why; a household's message is in plain words.

Minimal: the concern in the village's own band, the level, the last day, the office. No name,
number, sum, illness or hospital ever enters here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from services.notify.audience import Part
from services.notify.occasion import Occasion
from shared.domain.calendar import SHANGHAI
from shared.domain.concerns import BY_CODE
from shared.domain.said_day import said_day, said_minute
from shared.policy import Names

LANGUAGES = ("zh-CN", "en")
CONCERNS_MAX = 3
"""Three are read on a phone; the rest stands on the task."""
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Worded:
    title: Names
    text: Names


def told(occasion: Occasion, part: Part, place: Names) -> Worded:
    """The words of one occasion for one part. Raises KeyError for an event or part that the catalogue does not have."""
    return _worded([_words(one, occasion, part, place) for one in LANGUAGES])


def answer(step: str, day: date | None, basis: Names | None) -> Worded:
    """A household's own message in plain words. Raises KeyError for a step that the catalogue does not have."""
    return _worded([_plain(one, step, day, basis) for one in LANGUAGES])


def group_name(grid: str | None) -> Names:
    """`…-03` → 第 3 组 / group 3; a grid without a number, or none, is the village's."""
    number = (grid or "").rpartition("-")[2]
    if grid and number.isdigit():
        zh, en = (catalogue(one)["place.group"].format(number=int(number)) for one in LANGUAGES)
    else:
        zh, en = (catalogue(one)["place.village"] for one in LANGUAGES)
    return Names(zh, en)


def day_words(day: date, language: str) -> str:
    """Without the year: a notice speaks of the days and weeks after it."""
    return said_day(day, language, day.year)


def hop_words(hop: str | None, hop_step: str | None, language: str) -> str:
    """What is to be done: the hop's step by its own name, else the hop's."""
    texts = catalogue(language)
    return texts.get(f"step.{hop}.{hop_step}", texts.get(f"hop.{hop}", ""))


def due_words(due_at: datetime, language: str) -> str:
    """A limit in days ends with its last day (00:00 of the next); one in hours at its minute."""
    local = due_at.astimezone(SHANGHAI)
    is_day = local.time() == time.min
    last = local - _INSTANT if is_day else local
    texts = catalogue(language)
    day = day_words(last.date(), language)
    return texts["due.day" if is_day else "due.minute"].format(day=day, clock=said_minute(last))


def concern_words(codes: Sequence[str], language: str) -> str:
    """The bands of the concerns, at most three; a code that is not on the list is not shown."""
    texts = catalogue(language)
    known = [BY_CODE[code] for code in dict.fromkeys(codes) if code in BY_CODE] or [BY_CODE["other"]]
    bands = [one.band_zh if language == "zh-CN" else one.band_en for one in known[:CONCERNS_MAX]]
    return texts["between"].join([bands[0], *(one[:1].lower() + one[1:] for one in bands[1:])])


def _words(language: str, occasion: Occasion, part: Part, place: Names) -> tuple[str, str]:
    texts = catalogue(language)
    # Where nobody has handed it over (its household lives here now), it is the arrival of any task.
    is_handed_over = occasion.step != "reassigned" or occasion.not_to is not None
    own = f"notice.{occasion.step if is_handed_over else 'arrived'}.{part}"
    key = f"notice.any.{part}" if part == "head" and f"{own}.title" not in texts else own
    facts = {
        "level": texts[f"level.{occasion.level}"],
        "hop": hop_words(occasion.hop, occasion.hop_step, language),
        "concerns": concern_words(occasion.concerns, language),
        "due": due_words(occasion.due_at, language) if occasion.due_at else texts["due.none"],
        "place": place.zh if language == "zh-CN" else place.en,
    }
    title = texts[f"{key}.title"].format_map(facts)
    return texts["green"] + title if occasion.is_green else title, texts[f"{key}.text"].format_map(facts)


def _plain(language: str, step: str, day: date | None, basis: Names | None) -> tuple[str, str]:
    texts, key = catalogue(language), f"household.{step}"
    named = "" if basis is None else basis.zh if language == "zh-CN" else basis.en
    facts = {"day": day_words(day, language) if day else "", "basis": named or texts["basis.unnamed"]}
    return texts[f"{key}.title"].format_map(facts), texts[f"{key}.text"].format_map(facts)


def _worded(words: Sequence[tuple[str, str]]) -> Worded:
    (title_zh, text_zh), (title_en, text_en) = words
    return Worded(Names(title_zh, title_en), Names(text_zh, text_en))


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text of a language by its dotted key."""
    text = Path(__file__).with_name(f"{language}.yaml").read_text("utf-8")
    return MappingProxyType(dict(_flat(yaml.safe_load(text), "")))


def _flat(tree: Mapping[str, Any], prefix: str) -> list[tuple[str, str]]:
    found = []
    for key, value in tree.items():
        found += _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else [(f"{prefix}{key}", str(value))]
    return found
