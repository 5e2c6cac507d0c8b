"""The corpus: hostile and awkward files, each made by code, with its right answer.

An answer is either the code that refuses the whole file and its place, or what became of each row: the fields that
matter of a record that was read, or the code and the field for which it is refused.
"""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

import xlwt
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook
from xlwt.CompoundDoc import XlsDoc

from tests.services.intake.files.making import (
    HEADINGS,
    NUMBER,
    Rows,
    archive,
    bent,
    settlement_row,
    text,
    xls,
    xlsx,
)

MEDICAL, REGISTER, LABOUR = "medical_insurance", "rural_revitalization", "human_resources"
MANY, TOO_MANY = 50_001, 500_001


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row, or of the rows of one household: `code` and the field's path where it is refused."""

    line: int
    code: str | None = None
    path: str | None = None
    says: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refused:
    """The whole file."""

    code: str
    place: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    content: Callable[[], bytes]
    answer: Refused | tuple[Row, ...]
    file: str = "表.csv"
    department: str = MEDICAL
    notes: tuple[str, ...] = ()


def read(line: int, **says: Any) -> Row:
    return Row(line, says={name.replace("__", "."): value for name, value in says.items()})


GOOD = settlement_row()
OK = (read(2, record_id="YB-0001", subject__id_no=NUMBER, data__total_yuan="8000.00", data__setting="inpatient"),)
TABLE = [HEADINGS, GOOD]


def one(**more: Any) -> list[list[Any]]:
    return [list(HEADINGS), settlement_row(**more)]


def _cases_of_text() -> list[Case]:
    broken = text(TABLE).replace(b"YB-0001", b'"YB-0001')
    swallowing = (
        text([HEADINGS, *(settlement_row(f"A-{n}") for n in range(9))])
        .replace(b"A-2,", b'"A-2,', 1).replace(b",A-6", b"", 1)
        .replace(b"A-6,", b'A-6",', 1)
    )  # fmt: skip
    utf8 = text([HEADINGS, *(settlement_row(f"A-{n}") for n in range(50))])
    tail = [["合计", "", "", "", "", "8000", "2000", "6000"], ["填表人：李四", "", "审核人：王五", "", "", "", "", ""]]
    return [
        Case("utf-8", lambda: text(TABLE), OK),
        Case("50,001 rows", lambda: text([HEADINGS, *(settlement_row(f"A-{n}") for n in range(MANY))]),
             tuple(read(n + 2, record_id=f"A-{n}") for n in range(MANY))),
        Case("500,001 rows", lambda: text([HEADINGS]) + b"A-1\r\n" * TOO_MANY, Refused("too_many_rows")),
        Case("as many headings under commas as under tabs", lambda: text([HEADINGS]) + text([HEADINGS], delimiter="\t"),
             Refused("delimiter_unclear")),
        Case("utf-8 with its mark", lambda: text(TABLE, "utf-8-sig"), OK),
        Case("gb18030", lambda: text(TABLE, "gb18030"), OK),
        Case("gb18030 with a rare name", lambda: text([HEADINGS, settlement_row(name="㐱𠮷")], "gb18030"),
             (read(2, subject__name="㐱𠮷"),)),
        Case("utf-16 little", lambda: b"\xff\xfe" + text(TABLE, "utf-16-le", "\t"), OK),
        Case("utf-16 big", lambda: b"\xfe\xff" + text(TABLE, "utf-16-be"), OK),
        Case("utf-16 without its mark", lambda: text(TABLE, "utf-16-le"), Refused("encoding_utf16_unmarked")),
        Case("utf-8 with one broken name", lambda: utf8.replace("张三".encode(), b"\xd5\xc5\xc8\xfd", 1),
             Refused("encoding_damaged", {"line": 2})),
        Case("utf-8 cut within a character", lambda: utf8[: utf8.rindex("住".encode()) + 1],
             Refused("encoding_damaged", {"line": 51})),
        Case("gb18030 with a broken byte", lambda: text(TABLE, "gb18030").replace(b"2026", b"\xff\xff26", 1),
             Refused("encoding_unknown", {"line": 2})),
        Case("latin-1", lambda: "record_id,id_no,total_yuan\ná,é,í\xff".encode("latin-1"),
             Refused("encoding_unknown", {"line": 2})),
        Case("semicolons", lambda: text(TABLE, delimiter=";"), OK),
        Case("tabs", lambda: text(TABLE, delimiter="\t"), OK),
        Case("a separator that Excel names", lambda: b"sep=;\r\n" + text(TABLE, delimiter=";"),
             (read(3, record_id="YB-0001"),)),
        Case("full-width commas", lambda: text(TABLE).decode().replace(",", "，").encode(), Refused("no_heading_row")),
        Case("bare line feeds", lambda: text(TABLE, line_end="\n"), OK),
        Case("bare carriage returns", lambda: text(TABLE, line_end="\r"), OK),
        Case("no line end at the end", lambda: text(TABLE).rstrip(), OK),
        Case("a quote that is never closed", lambda: broken, Refused("broken_quotes", {"line": 2})),
        Case("a quote that closes rows later", lambda: swallowing, Refused("quote_swallows_rows", {"line": 4})),
        Case("a quote within a cell's text", lambda: text([HEADINGS, settlement_row(name='张"三')]),
             (read(2, subject__name='张"三'),)),
        Case("signs after a closing quote", lambda: text(TABLE).replace(b"YB-0001", b'"YB"-1'),
             Refused("broken_quotes", {"line": 2})),
        Case("a line end within a quoted cell", lambda: text([[*HEADINGS, "备注"], [*GOOD, "一\n二"], [*GOOD, ""]]),
             (read(2, data__备注="一\n二"), read(4, record_id="YB-0001"))),
        Case("a NUL", lambda: text(TABLE).replace(b"YB-0001", b"YB\x000001"), Refused("nul_character", {"line": 2})),
        Case("a cell of 200,000 signs", lambda: text([HEADINGS, settlement_row(name="长" * 200_000)]),
             Refused("cell_too_long", {"line": 2})),
        Case("an unquoted comma in a name", lambda: text(TABLE).replace("张三".encode(), "张,三".encode()),
             (Row(2, "too_many_cells"),)),
        Case("the last line cut off", lambda: text([HEADINGS, GOOD, settlement_row("YB-0002")])[:-20],
             (*OK, Row(3, "too_few_cells"))),
        Case("delimiters at every line's end", lambda: text([[*row, "", ""] for row in TABLE]), OK),
        Case("nothing at all", lambda: b"", Refused("empty_file")),
        Case("blank lines alone", lambda: b"\r\n \r\n", Refused("empty_file")),
        Case("commas alone", lambda: b",,,\r\n,,,\r\n", Refused("empty_file")),
        Case("headings alone", lambda: text([HEADINGS]), Refused("no_rows")),
        Case("no headings", lambda: text([GOOD, GOOD]), Refused("no_heading_row")),
        Case("headings in the tenth line", lambda: text([["标题"]] * 9 + TABLE),
             (read(11, record_id="YB-0001"),), notes=("lines_above_heading",)),
        Case("headings in the eleventh line", lambda: text([["标题"]] * 10 + TABLE), Refused("no_heading_row")),
        Case("data above the headings", lambda: text([GOOD, HEADINGS, GOOD]),
             Refused("rows_above_heading", {"line": 1})),
        Case("totals and a foot", lambda: text([*TABLE, *tail]), (*OK, Row(3, "total_row"), Row(4, "footer_row"))),
        Case("the headings once more", lambda: text([*TABLE, HEADINGS, settlement_row("YB-0002")]),
             (*OK, Row(3, "heading_repeated"), read(4, record_id="YB-0002"))),
        Case("a heading twice", lambda: text([[*HEADINGS, "总费用"], [*GOOD, "9"]]),
             Refused("heading_twice", {"line": 1, "column": "I"})),
        Case("an unknown heading twice", lambda: text([[*HEADINGS, "备注", "备注"], [*GOOD, "a", "b"]]),
             (Row(2, says={"data.备注 (I)": "a", "data.备注 (J)": "b"}),), notes=("unknown_headings",)),
        Case("a cell under no heading", lambda: text([[*HEADINGS, "", "备注"], [*GOOD, "x", ""]]),
             (Row(2, "cell_without_heading", "I"),)),
        Case("a column that numbers the rows", lambda: text([["序号", *HEADINGS], ["1", *GOOD]]),
             (Row(2, says={"record_id": "YB-0001", "data.序号": None}),), notes=("columns_left_out",)),
        Case("sums in ten thousands by the heading",
             lambda: text([[*HEADINGS[:5], "医疗费总额（万元）", *HEADINGS[6:]], GOOD]),
             Refused("unit_not_yuan", {"line": 1, "column": "F"})),
        Case("sums in ten thousands by the title", lambda: text([["结算表", "", "单位：万元"], *TABLE]),
             Refused("unit_not_yuan", {"line": 1, "column": "C"})),
        Case("headings with units, stars and blanks",
             lambda: text([["*记录 编号", "身份证号码", " 姓名", "就医类型", "结算日期", "医疗费总额（元）",
                            "报销金额(元)", "个人负担金额"], GOOD]), OK),
        Case("national names", lambda: text([
            ["setl_id", "certno", "psn_name", "med_type", "setl_time", "medfee_sumamt", "fund_pay_sumamt",
             "psn_part_amt", "hifp_pay", "inscp_scp_amt"], [*GOOD, "1500.00", "7000.00"]]),
             (read(2, record_id="YB-0001", data__basic_fund_yuan="1500.00", data__in_scope_yuan="7000.00"),)),
        Case("names of the contract", lambda: text([
            ["record_id", "version", "op", "kind", "occurred_on", "id_no", "region", "total_yuan", "setting"],
            ["R", "2", "upsert", "settlement", "2026-10-03", NUMBER, "341221101200", "1.5", "outpatient"],
            ["R", "3", "撤销", "", "", "", "", "", ""]]),
             (read(2, version=2, kind="settlement", subject__region="341221101200"),
              read(3, version=3, op="withdraw"))),
        Case("two kinds in one table", lambda: text([
            ["记录编号", "类别", "身份证号", "发生日期", "参保状态", "医疗费总额", "就医类型"],
            ["C1", "参保", NUMBER, "2026-10-03", "暂停参保", "", ""],
            ["S1", "结算", NUMBER, "2026-10-03", "", "5", "门诊"],
            ["X1", "别的", NUMBER, "2026-10-03", "", "5", "门诊"]]),
             (read(2, kind="cover", data__status="paused"), read(3, kind="settlement", data__setting="outpatient"),
              read(4, kind="别的"))),
        Case("a kind that no column tells", lambda: text([["记录编号", "姓名"], ["1", "张三"]]),
             Refused("kind_columns_missing", {"line": 1})),
        Case("no column of record ids", lambda: text([row[1:] for row in TABLE]), Refused("record_id_missing")),
        Case("a record without its id", lambda: text(one(record_id="")), (read(2, record_id=None),)),
        Case("an id as 3.40822E+17", lambda: text(one(id_no="3.40822E+17")), (read(2, subject__id_no="3.40822E+17"),)),
        Case("noughts in front", lambda: text(one(record_id="000123")), (read(2, record_id="000123"),)),
        Case("noughts kept by a formula", lambda: text(one(record_id='="000123"')), (read(2, record_id="000123"),)),
        Case("full-width figures", lambda: text(one(total="８０００．５０", settled_on="２０２６－１０－０３")),
             (read(2, data__total_yuan="8000.50", data__settled_on="2026-10-03"),)),
        Case("a sum as people write it", lambda: text(one(total="￥48,210.50元")),
             (read(2, data__total_yuan="48210.50"),)),
        Case("a sum grouped wrongly", lambda: text(one(total="1,23")), (read(2, data__total_yuan="1,23"),)),
        Case("a sum in words", lambda: text(one(total="4.8万")), (read(2, data__total_yuan="4.8万"),)),
        Case("a day as 20261003", lambda: text(one(settled_on="20261003")), (read(2, occurred_on="2026-10-03"),)),
        Case("a day as 2026.10.3", lambda: text(one(settled_on="2026.10.3")), (read(2, occurred_on="2026-10-03"),)),
        Case("a day as 2026年10月3日", lambda: text(one(settled_on="2026年10月3日")),
             (read(2, occurred_on="2026-10-03"),)),
        Case("a day with its hour", lambda: text(one(settled_on="2026/10/3 08:30:00")),
             (read(2, occurred_on="2026-10-03"),)),
        Case("a day that may be two", lambda: text(one(settled_on="3/10/2026")),
             (read(2, data__settled_on="3/10/2026"),)),
        Case("a day that never was", lambda: text(one(settled_on="2026-02-30")),
             (read(2, data__settled_on="2026-02-30"),)),
        Case("a name lost before", lambda: text(one(name="张\ufffd")), (Row(2, "damaged_characters", "subject.name"),)),
        Case("锟斤拷", lambda: text(one(name="锟斤拷")), (Row(2, "damaged_characters", "subject.name"),)),
        Case("a name as question marks", lambda: text(one(name="??")), (Row(2, "damaged_characters", "subject.name"),)),
        Case("what looks like a formula", lambda: text(one(name="=1+1")), (read(2, subject__name="=1+1"),)),
    ]  # fmt: skip


def _cases_of_other_files() -> list[Case]:
    html = "<html><table><tr><td>身份证号</td></tr></table></html>".encode()
    return [
        Case("a web page as xls", lambda: html, Refused("html_as_xls"), "a.xls"),
        Case("a saved web page", lambda: b"MIME-Version: 1.0\r\nContent-Type: multipart/related",
             Refused("html_as_xls")),
        Case("xml of 2003",
             lambda: b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
             Refused("xml_spreadsheet"), "a.xls"),
        Case("an et file", lambda: xls(TABLE), Refused("et_file"), "a.et"),
        Case("a pdf", lambda: b"%PDF-1.7\n", Refused("not_a_table"), "a.pdf"),
        Case("a picture", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 99, Refused("not_a_table"), "a.xlsx"),
        Case("an archive of files", lambda: archive([("a.csv", text(TABLE))]), Refused("not_a_table"), "a.zip"),
        Case("an open document", lambda: archive([("mimetype", b"x"), ("content.xml", b"<a/>")]), Refused("ods_file")),
        Case("a binary workbook", lambda: archive([("[Content_Types].xml", b"<a/>"), ("xl/workbook.bin", b"")]),
             Refused("xlsb_file")),
        Case("a bomb", lambda: archive([("[Content_Types].xml", b"<a/>"), ("xl/a.xml", b"0" * 100_000_000)]),
             Refused("file_too_large"), "a.xlsx"),
        Case("a locked workbook", _locked, Refused("password_protected"), "a.xlsx"),
        Case("an ole file of another kind", lambda: _ole("WordDocument", b"x" * 5000), Refused("not_a_table"), "a.xls"),
        Case("an ole file that ends", lambda: xls(TABLE)[:600], Refused("file_damaged"), "a.xls"),
        Case("a cut workbook", lambda: xlsx(TABLE)[:-200], Refused("file_damaged"), "a.xlsx"),
        Case("a workbook whose sheet is no xml",
             lambda: bent(xlsx(TABLE), lambda name, part: b"<a" if "sheet1" in name else part),
             Refused("file_damaged"), "a.xlsx"),
        Case("a workbook without its sheet",
             lambda: bent(xlsx(TABLE), lambda name, part: None if "sheet1" in name else part),
             Refused("file_damaged"), "a.xlsx"),
        Case("two parts of one name", lambda: bent(xlsx(TABLE), lambda name, part: part,
                                                   {"xl/worksheets/SHEET1.xml": b"<a/>"}),
             Refused("file_damaged"), "a.xlsx"),
        Case("entities that multiply", lambda: bent(
            xlsx(TABLE), lambda name, part: part if name != "xl/worksheets/sheet1.xml" else
            b'<!DOCTYPE a [<!ENTITY b "hidden hidden"><!ENTITY c "&b;&b;">]>' + part),
            Refused("file_damaged"), "a.xlsx"),
        Case("a workbook by the name of csv", lambda: xlsx(TABLE), OK, "a.csv"),
        Case("a csv by the name of xlsx", lambda: text(TABLE), OK, "a.xlsx"),
    ]  # fmt: skip


def _ole(name: str, stream: bytes) -> bytes:
    """An OLE container with one stream, by the writer of old workbooks."""
    out = io.BytesIO()
    XlsDoc().save(out, stream)
    told, wanted = "Workbook".encode("utf-16-le"), name.encode("utf-16-le")
    content = out.getvalue().replace(told + b"\0" * (len(wanted) - len(told)), wanted, 1)
    at = content.index(wanted) + 64
    return content[:at] + (len(wanted) + 2).to_bytes(2, "little") + content[at + 2 :]


def _locked() -> bytes:
    return _ole("EncryptedPackage", b"x" * 5000)


def _cases_of_workbooks() -> list[Case]:
    def then(change: Callable[[Any], None]) -> Callable[[Workbook], None]:
        return lambda book: change(book.worksheets[0])

    def sheet_xml(old: bytes, new: bytes, content: bytes | None = None) -> bytes:
        return bent(content or xlsx(TABLE), lambda name, part: part.replace(old, new) if "sheet1" in name else part)

    def hide_rows(sheet: Any) -> None:
        sheet.row_dimensions[2].hidden = True

    def hide_columns(sheet: Any) -> None:
        sheet.column_dimensions["C"].hidden = True

    def hide_sheet(book: Workbook) -> None:
        book.worksheets[1].sheet_state = "veryHidden"

    def of_1904(book: Workbook) -> None:
        book.epoch = CALENDAR_MAC_1904
        book.worksheets[0]["E2"] = datetime(2026, 10, 3)

    def noughts(sheet: Any) -> None:
        sheet["A2"] = 123
        sheet["A2"].number_format = "000000"

    def clothes(sheet: Any) -> None:
        sheet["A2"].font = Font(bold=True)
        sheet["A2"].comment = Comment("批注", "某人")
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = "A1:H2"
        for row in range(3, 2000):
            sheet.cell(row, 1).font = Font(bold=True)

    words = ("填表说明", [["一、身份证号须为文本"], ["二、金额以元为单位"]])
    other = ("其他", [["甲", "乙"], ["1", "2"]])
    choices = ("hidden1", [["住院"], ["门诊"], ["1"]])
    second = ("续表", [HEADINGS, settlement_row("YB-0002")])
    upward: Rows = [["记录编号", "身份证号", "费用", None, None, "就医类型"],
              [None, None, "医疗费总额", "报销金额", "个人负担金额", None],
              ["YB-0001", NUMBER, 8000, 2000, 6000, "住院"]]  # fmt: skip

    def merged_headings(sheet: Any) -> None:
        for area in ("A1:A2", "B1:B2", "C1:E1", "F1:F2"):
            sheet.merge_cells(area)

    return [
        Case("a sheet of a chart beside the table", lambda: xlsx(TABLE, then=lambda book: book.create_chartsheet("图")),
             OK, notes=("not_a_worksheet",)),
        Case("a workbook", lambda: xlsx(TABLE), OK, "a.xlsx"),
        Case("figures in it", lambda: xlsx(one(total=8000, reimbursed=2000.0, self_paid=6000.004999999999)),
             (read(2, data__total_yuan="8000.00", data__self_paid_yuan="6000.004999999999"),), "a.xlsx"),
        Case("a sum with the noise of adding", lambda: xlsx(one(total=26810.1 + 0.2)),
             (read(2, data__total_yuan="26810.30"),), "a.xlsx"),
        Case("an id number as a figure", lambda: xlsx(one(id_no=341221197001010011)),
             (read(2, subject__id_no="3.41221E+17"),), "a.xlsx"),
        Case("an old id number as a figure", lambda: xlsx(one(id_no=341221700101001)),
             (read(2, subject__id_no="341221700101001"),), "a.xlsx"),
        Case("a record id as a figure", lambda: xlsx(one(record_id=20261003)), (read(2, record_id="20261003"),),
             "a.xlsx"),
        Case("a record id that lost its digits", lambda: xlsx(one(record_id=20261003000012345)),
             (Row(2, "number_damaged_by_spreadsheet", "record_id"),), "a.xlsx"),
        Case("noughts that a format shows", lambda: xlsx(TABLE, then=then(noughts)),
             (read(2, record_id="000123"),), "a.xlsx"),
        Case("a day as a day", lambda: xlsx(one(settled_on=date(2026, 10, 3))),
             (read(2, occurred_on="2026-10-03"),), "a.xlsx"),
        Case("a day with an hour", lambda: xlsx(one(settled_on=datetime(2026, 10, 3, 8, 30))),
             (read(2, occurred_on="2026-10-03"),), "a.xlsx"),
        Case("a day as a count", lambda: xlsx(one(settled_on=46298)), (read(2, occurred_on="2026-10-03"),), "a.xlsx"),
        Case("a day as a count from 1904", lambda: xlsx(one(settled_on=44836), then=of_1904),
             (read(2, occurred_on="2026-10-03"),), "a.xlsx"),
        Case("a day as the figure 20261003", lambda: xlsx(one(settled_on=20261003)),
             (read(2, occurred_on="2026-10-03"),), "a.xlsx"),
        Case("a day as 2026.1", lambda: xlsx(one(settled_on=2026.1)), (read(2, data__settled_on="2026.1"),), "a.xlsx"),
        Case("an hour for a day", lambda: xlsx(one(settled_on=time(8, 30))),
             (read(2, data__settled_on="08:30:00"),), "a.xlsx"),
        Case("a formula with its result",
             lambda: sheet_xml(b"<v>8000</v>", b"<f>4000*2</f><v>8000</v>", xlsx(one(total=8000))),
             (read(2, data__total_yuan="8000.00"),), "a.xlsx"),
        Case("a formula without its result", lambda: xlsx(one(total="=4000*2")),
             (Row(2, "formula_without_value", "data.total_yuan"),), "a.xlsx"),
        Case("a formula that numbers the rows", lambda: xlsx([["序号", *HEADINGS], ["=ROW()-1", *GOOD]]), OK, "a.xlsx"),
        Case("#REF!", lambda: sheet_xml(
            b't="n"><v>8000</v>', b't="e"><v>#REF!</v>', xlsx(one(total=8000))),
             (Row(2, "cell_error", "data.total_yuan"),), "a.xlsx"),
        Case("hidden rows", lambda: xlsx(TABLE, then=then(hide_rows)), OK, "a.xlsx", notes=("hidden_rows_read",)),
        Case("hidden columns", lambda: xlsx(TABLE, then=then(hide_columns)), OK, "a.xlsx",
             notes=("hidden_columns_read",)),
        Case("a hidden sheet of choices", lambda: xlsx(("结算", TABLE), choices, then=hide_sheet), OK, "a.xlsx",
             notes=("hidden_sheet_not_read",)),
        Case("a hidden sheet of records", lambda: xlsx(("结算", TABLE), second, then=hide_sheet),
             (*OK, read(4, record_id="YB-0002")), "a.xlsx", notes=("hidden_sheet_read",)),
        Case("two sheets", lambda: xlsx(("结算", TABLE), second), (*OK, read(4, record_id="YB-0002")), "a.xlsx"),
        Case("a sheet that explains", lambda: xlsx(words, ("结算", TABLE)), OK, "a.xlsx", notes=("words_not_read",)),
        Case("a sheet of something else", lambda: xlsx(("结算", TABLE), other),
             Refused("sheet_without_headings", {"sheet": "其他"}), "a.xlsx"),
        Case("an empty sheet beside", lambda: xlsx(("结算", TABLE), ("Sheet2", [])), OK, "a.xlsx"),
        Case("nothing in any sheet", lambda: xlsx(("Sheet1", [])), Refused("empty_file"), "a.xlsx"),
        Case("merged headings of two rows", lambda: xlsx(upward, then=then(merged_headings)),
             (read(3, record_id="YB-0001", data__total_yuan="8000.00"),), "a.xlsx", notes=("lines_above_heading",)),
        Case("merged cells among the rows",
             lambda: xlsx([*TABLE, settlement_row("YB-0002")], then=then(lambda sheet: sheet.merge_cells("F2:F3"))),
             (Row(2, "merged_cells"), Row(3, "merged_cells")), "a.xlsx"),
        Case("a merged title",
             lambda: xlsx([["临泉县结算表"], *TABLE], then=then(lambda sheet: sheet.merge_cells("A1:H1"))),
             (read(3, record_id="YB-0001"),), "a.xlsx", notes=("lines_above_heading",)),
        Case("comments, a filter, formatted rows below", lambda: xlsx(TABLE, then=then(clothes)), OK, "a.xlsx"),
        Case("blank rows between and after", lambda: xlsx([HEADINGS, [], GOOD, [], ["  "]]),
             (read(3, record_id="YB-0001"),), "a.xlsx"),
        Case("a table that begins at C3", lambda: xlsx([[], [], *([None, None, *row] for row in TABLE)]),
             (read(4, record_id="YB-0001"),), "a.xlsx"),
        Case("a cell far away", lambda: xlsx(TABLE, then=then(lambda sheet: sheet.cell(2, 16_000, "x"))),
             Refused("file_too_large", {"sheet": "Sheet1"}), "a.xlsx"),
        Case("a sheet that names a range of a million rows",
             lambda: sheet_xml(b'<dimension ref="A1:H2"', b'<dimension ref="A1:XFD1048576"'), OK, "a.xlsx"),
        Case("cells without their places", lambda: _without_places(xlsx(TABLE)), OK, "a.xlsx"),
        Case("true for a sum", lambda: xlsx(one(total=True)), (read(2, data__total_yuan="TRUE"),), "a.xlsx"),
        Case("a tab after a number, as a trick", lambda: xlsx(one(id_no=NUMBER + "\t")), OK, "a.xlsx"),
        Case("an old workbook", lambda: xls(TABLE), OK, "a.xls"),
        Case("an old workbook with figures", lambda: xls(one(total=8000.5, id_no=341221197001010011.0)),
             (read(2, data__total_yuan="8000.50", subject__id_no="3.41221E+17"),), "a.xls"),
        Case("a formula without its result, of old",
             lambda: xls(TABLE, lambda sheet: sheet.write(1, 5, xlwt.Formula("4000*2"))),
             (Row(2, "formula_without_value", "data.total_yuan"),), "a.xls"),
        Case("#N/A, of old", lambda: xls(TABLE, lambda sheet: sheet.row(1).set_cell_error(5, 0x2A)),
             (Row(2, "cell_error", "data.total_yuan"),), "a.xls"),
        Case("hidden rows, of old", lambda: xls(TABLE, _hide_old_row), OK, "a.xls", notes=("hidden_rows_read",)),
        Case("a day, of old", lambda: xls(TABLE, lambda sheet: sheet.write(
            1, 4, datetime(2026, 10, 3), xlwt.easyxf(num_format_str="YYYY-MM-DD"))),
            (read(2, occurred_on="2026-10-03"),), "a.xls"),
    ]  # fmt: skip


def _hide_old_row(sheet: Any) -> None:
    sheet.row(1).hidden = True


def _without_places(content: bytes) -> bytes:
    def strip(name: str, part: bytes) -> bytes:
        return re.sub(rb' r="[A-Z]*[0-9]+"', b"", part) if "sheet1" in name else part

    return bent(content, strip)


PEOPLE = ("户编号", "村代码", "村民组", "发生日期", "姓名", "身份证号", "与户主关系")


def _cases_of_households() -> list[Case]:
    def person(no: Any, name: str, relation: str, group: Any = 3, who: str = NUMBER) -> list[Any]:
        return [no, "341221101200", group, "2026-10-01", name, who, relation]

    head, wife = person("HB-1", "张三", "户主"), person("HB-1", "李四", "配偶", who="")
    other = person("HB-2", "王五", "户主")
    family = read(2, record_id="HB-1", kind="household", data__household_no="HB-1", data__group=3)
    return [
        Case("a household's rows", lambda: text([PEOPLE, head, wife]),
             (Row(2, says={**family.says, "data.members": [
                 {"name": "张三", "id_no": NUMBER, "relation": "户主"}, {"name": "李四", "relation": "配偶"}]}),)),
        Case("a household's rows apart", lambda: text([PEOPLE, head, other, wife]),
             (family, read(3, record_id="HB-2"))),
        Case("rows of one household that differ", lambda: text([PEOPLE, head, person("HB-1", "李四", "配偶", 4)]),
             (Row(2, "household_rows_differ", "data.group"),)),
        Case("a household number filled in once", lambda: text([PEOPLE, head, person("", "李四", "配偶")]),
             (Row(2, "missing", "data.household_no"),)),
        Case("a household with one damaged row",
             lambda: text([PEOPLE, head, person("HB-1", "李\ufffd", "配偶"), other]),
             (Row(2, "damaged_characters", "data.members.name"), read(4, record_id="HB-2"))),
        Case("merged household columns", lambda: xlsx([PEOPLE, head, person(None, "李四", "配偶")],
                                                      then=lambda book: book.worksheets[0].merge_cells("A2:A3")),
             (Row(2, "merged_cells"),)),
        Case("incomes of a year", lambda: text([
            ["记录编号", "户编号", "年度", "发生日期", "工资性收入", "经营成本"],
            ["I-1", "HB-1", "2025", "2026-01-01", "30000", "100"]]),
             (read(2, kind="income", subject__household_no="HB-1", data__year=2025, data__wage_yuan="30000"),)),
    ]  # fmt: skip


def _case_of_two_kinds() -> Case:
    """Its headings say employment and wage arrears at once, and no name says which."""
    rows = [
        ["记录编号", "身份证号", "就业状态", "状态起始日期", "欠薪金额"],
        ["J-1", NUMBER, "返乡", "2026-10-01", "800"],
    ]
    return Case("headings of two kinds", lambda: text(rows), Refused("kind_unclear", {"line": 1}), department=LABOUR)


CASES = [
    *_cases_of_text(),
    *_cases_of_other_files(),
    *_cases_of_workbooks(),
    _case_of_two_kinds(),
    *(Case(one.name, one.content, one.answer, one.file, REGISTER, one.notes) for one in _cases_of_households()),
]
