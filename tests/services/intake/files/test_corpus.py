"""Each file of the corpus has its right answer; none is green over a loss."""

from typing import Any

import orjson
import pytest

from services.intake.files.reading import open_table
from services.intake.files.reasons import FILE, NOTES, ROW, Unreadable, noted, refusal
from services.intake.rejection import REASONS, message
from tests.services.intake.files.corpus import CASES, Case, Refused

LEAST = 60


@pytest.mark.parametrize("case", CASES, ids=[one.name for one in CASES])
def test_a_file_has_its_right_answer(case: Case) -> None:
    content = case.content()
    if isinstance(case.answer, Refused):
        with pytest.raises(Unreadable) as caught:
            list(open_table(content, case.file, case.department).items())
        assert (caught.value.code, caught.value.place.told()) == (case.answer.code, dict(case.answer.place))
        return
    table = open_table(content, case.file, case.department)
    found = list(table.items())
    assert [(one.line, one.code, one.field) for one in found] == [(one.line, one.code, one.path) for one in case.answer]
    for item, row in zip(found, case.answer, strict=True):
        if item.record is not None:
            record = orjson.loads(item.record)
            assert {path: _at(record, path) for path in row.says} == dict(row.says)
    assert sum(len(orjson.loads(one.rows)) for one in found) == table.rows, "each row is in one item"
    if case.notes:
        assert tuple(one.code for one in table.notes) == case.notes


def _at(record: Any, path: str) -> Any:
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record


def test_the_corpus_is_large_enough_and_its_names_are_its_own() -> None:
    assert len(CASES) >= LEAST
    assert len({one.name for one in CASES}) == len(CASES)


def test_every_reason_is_met_by_some_file() -> None:
    refused = {one.answer.code for one in CASES if isinstance(one.answer, Refused)}
    rows = {row.code for one in CASES if not isinstance(one.answer, Refused) for row in one.answer}
    notes = {note for one in CASES for note in one.notes}
    assert (set(FILE) - refused, set(ROW) - rows, set(NOTES) - notes) == (set(), set(), set())


def test_every_reason_is_told_in_two_languages() -> None:
    for code in FILE:
        place = Unreadable(code, sheet="甲", row=3, column="F").place
        zh, en = refusal(code, place, "zh"), refusal(code, place, "en")
        assert zh.startswith("工作表“甲”第 3 行F 列") and en.startswith("sheet “甲”, row 3, column F")
    for code in ROW:
        assert code not in REASONS and message(code, "zh") != message(code, "en")
    for code in NOTES:
        assert noted(code, "甲", ("乙",), "zh") != noted(code, "甲", ("乙",), "en")
