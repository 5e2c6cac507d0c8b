"""Any table of valid records, written in any dialect, is read back equal."""

from datetime import date

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.intake.files.reading import open_table
from tests.services.intake.files.making import HEADINGS, NUMBER, as_text, text, xls, xlsx

_SIGNS = st.sampled_from("张王李守望\"，,;'\n\t =+-@#?()（）𠮷㐱ab0１ ")
WORDS = (
    st.text(_SIGNS, min_size=1, max_size=12)
    .map(str.strip)
    .filter(lambda one: bool(set(one) - {"?"}) and not one.startswith('="'))
)
YUAN = st.integers(0, 10**9).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")
DAY = st.dates(date(2000, 1, 1), date(2026, 10, 3))
ID = st.from_regex(r"[A-Z]{1,4}-[0-9]{1,8}", fullmatch=True)
ROW = st.tuples(ID, WORDS, st.sampled_from(("inpatient", "outpatient")), DAY, YUAN, YUAN, YUAN)
SETTING = {"inpatient": "住院", "outpatient": "门诊"}


@given(st.lists(ROW, min_size=1, max_size=8), st.sampled_from(range(9)))
@settings(max_examples=150, deadline=None)
@example(rows=[("A-0", "=0", "inpatient", date(2000, 1, 1), "0.00", "0.00", "0.00")], dialect=7)
def test_a_table_is_read_back_equal(rows: list[tuple[str, str, str, date, str, str, str]], dialect: int) -> None:
    table = [
        HEADINGS,
        *([id_, NUMBER, name, SETTING[how], day.isoformat(), *sums] for id_, name, how, day, *sums in rows),
    ]
    content = (
        lambda: text(table), lambda: text(table, "utf-8-sig"), lambda: text(table, "gb18030"),
        lambda: b"\xff\xfe" + text(table, "utf-16-le"), lambda: text(table, delimiter=";"),
        lambda: text(table, delimiter="\t"), lambda: text(table, line_end="\n"), lambda: xlsx(table, then=as_text),
        lambda: xls(table),
    )[dialect]()  # fmt: skip
    found = [one for one in open_table(content, "a", "medical_insurance").items()]
    assert [one.code for one in found] == [None] * len(rows)
    told = [orjson.loads(one.record or b"") for one in found]
    assert [
        (one["record_id"], one["subject"]["name"], one["data"]["setting"], date.fromisoformat(one["occurred_on"]),
         one["data"]["total_yuan"], one["data"]["reimbursed_yuan"], one["data"]["self_paid_yuan"])
        for one in told
    ] == rows  # fmt: skip
