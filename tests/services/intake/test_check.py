"""What would be refused of a file is said beforehand, with its place and remedy."""

import json
from pathlib import Path

import pytest

from services.intake.check import Unclear, check
from tests.services.intake.county import number, settlement
from tests.services.intake.files.making import HEADINGS, settlement_row, text, xlsx


def test_a_table_names_the_cell_of_each_refusal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "结算.xlsx"
    file.write_bytes(xlsx([HEADINGS, settlement_row("1"), settlement_row("2", total="x"), settlement_row("2")]))
    assert not check(file, None)
    told = capsys.readouterr().out
    assert "Sheet1: 3 F 医疗费总额  not_money" in told and "medical_insurance: 3 records, 1 would be refused" in told


def test_a_sound_table_passes(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(text([HEADINGS, settlement_row()], "gb18030"))
    assert check(file, None) and check(file, "medical_insurance")


def test_a_whole_file_is_refused_with_its_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.xls"
    file.write_bytes(b"<html><table></table></html>")
    assert not check(file, None)
    assert "save it as .xlsx" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["lines", "array"])
def test_records_in_json_are_checked_too(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = number()
    records = [
        settlement(who, record_id="A"), settlement(who, record_id="A", data={"total_yuan": "1.00"}),
        settlement(who, record_id="B", occurred_on="2999-01-01"),
    ]  # fmt: skip
    file = tmp_path / "a.json"
    file.write_text("\n".join(map(json.dumps, records)) if form == "lines" else json.dumps(records, indent=1))
    assert not check(file, None)
    told = capsys.readouterr().out
    assert "2 version  same_version_other_content" in told and "3 occurred_on  date_in_future" in told


def test_what_cannot_be_checked_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unclear, match="cannot be read"):
        check(tmp_path / "none.csv", None)
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(Unclear, match="--department"):
        check(tmp_path / "a.json", None)
    with pytest.raises(Unclear, match="no department"):
        check(tmp_path / "a.json", "nobody")
