"""Why a file, or one row of it, is refused, and what to note of one that was read: a sentence each, zh and en.

`FILE` refuses the whole, with its place; `ROW` one row, beside the record's own reasons; `NOTES` tells what was done.
No sentence repeats what a cell holds.
"""

from dataclasses import dataclass, fields
from typing import Any

FILE: dict[str, tuple[str, str]] = {
    "empty_file": (
        "文件是空的：请重新导出后再传。",
        "The file is empty: export it again.",
    ),
    "no_rows": (
        "表头下面没有数据：请核对是否选错了工作表或导出条件。",
        "There is no row below the headings: check the sheet and the conditions of the export.",
    ),
    "file_too_large": (
        "文件（或解压后的内容）过大：请按乡镇或月份拆成几个文件。",
        "The file, or what it inflates to, is too large: split it by township or month.",
    ),
    "too_many_rows": (
        "超过 50 万行：请拆成几个文件。",
        "There are over 500,000 rows: split the file.",
    ),
    "file_damaged": (
        "文件已损坏或未传完，打不开：请用 Excel 或 WPS 打开，另存为 .xlsx 后再传。",
        "The file is damaged or cut off: open it in Excel or WPS, save it as .xlsx, and send that.",
    ),
    "password_protected": (
        "文件设了打开密码：请去掉密码后另存，再传。",
        "The file has a password: save it without one.",
    ),
    "et_file": (
        "这是 WPS 的 .et 文件：请在 WPS 中“另存为”.xlsx 后再传。",
        "This is a .et file of WPS: save it as .xlsx there.",
    ),
    "html_as_xls": (
        "这其实是网页（HTML），只是扩展名为 .xls，证件号可能已变样：请用 Excel 打开，另存为 .xlsx，或从系统导出 CSV。",
        "This is a web page (HTML) under the name of .xls: open it in Excel and save it as .xlsx, or export CSV.",
    ),
    "xml_spreadsheet": (
        "这是“XML 表格 2003”：请用 Excel 打开，另存为 .xlsx 后再传。",
        "This is an XML spreadsheet of 2003: open it in Excel and save it as .xlsx.",
    ),
    "xlsb_file": (
        "这是二进制工作簿（.xlsb）：请另存为 .xlsx 后再传。",
        "This is a binary workbook (.xlsb): save it as .xlsx.",
    ),
    "ods_file": (
        "这是 OpenDocument 表格（.ods）：请另存为 .xlsx 后再传。",
        "This is an OpenDocument table (.ods): save it as .xlsx.",
    ),
    "not_a_table": (
        "这不是表格文件（可能是图片、PDF、Word 或压缩包）：请传 .csv、.xlsx 或 .xls，压缩包请先解压。",
        "This is no table (perhaps a picture, PDF, Word file or archive): send .csv, .xlsx or .xls, unpacked.",
    ),
    "encoding_unknown": (
        "文字编码无法确认（既不是 UTF-8 也不是 GB18030）：请另存为“CSV UTF-8”后再传。",
        "The encoding is neither UTF-8 nor GB18030: save it as CSV UTF-8.",
    ),
    "encoding_damaged": (
        "这一行起有损坏的文字（UTF-8 中夹有别的编码）：请从系统重新导出，不要拼接不同编码的文件。",
        "From this line on there are damaged characters within UTF-8: export it again, in one encoding.",
    ),
    "encoding_utf16_unmarked": (
        "像是 UTF-16，但没有标记（BOM）：请另存为“CSV UTF-8”后再传。",
        "This looks like UTF-16 without its mark (BOM): save it as CSV UTF-8.",
    ),
    "nul_character": (
        "这一行有空字符（NUL），文件可能损坏：请重新导出。",
        "This line holds a NUL character, the file may be damaged: export it again.",
    ),
    "broken_quotes": (
        "这一行的引号不成对：请补上或删去多余的引号，或另存为 .xlsx 后再传。",
        "The quotes of this line do not match: mend them, or send the table as .xlsx.",
    ),
    "quote_swallows_rows": (
        "从这一行起，一个引号把后面的整行都括了进去：请补上引号，或另存为 .xlsx 后再传。",
        "A quote that begins in this line swallows whole rows after it: close it, or send the table as .xlsx.",
    ),
    "cell_too_long": (
        "这一行有一格超过 10 万字：请检查引号，或不要在表中放附件内容。",
        "A cell of this line has over 100,000 characters: check the quotes, or leave attachments out.",
    ),
    "delimiter_unclear": (
        "分隔符无法确认（逗号、分号、制表符都说得通）：请统一用逗号，或另存为 .xlsx。",
        "It is unclear what separates the columns: use commas, or send the table as .xlsx.",
    ),
    "no_heading_row": (
        "前十行里没有找到认得的表头：表头须在前十行，要有“记录编号”“身份证号”或“户编号”等列名；"
        "文字乱码时请另存为“CSV UTF-8”。",
        "No heading row that is known was found in the first ten rows: name the columns there (record_id, id_no, …); "
        "where the words are garbled, save the file as CSV UTF-8.",
    ),
    "sheet_without_headings": (
        "这个工作表有内容，但前十行里没有认得的表头：请删去它，或补上表头。",
        "This sheet has contents but no heading row that is known in its first ten: delete it, or name its columns.",
    ),
    "rows_above_heading": (
        "表头上面有像数据的行：请把表头放在数据之前。",
        "There are rows like data above the headings: put the headings first.",
    ),
    "heading_twice": (
        "两列的表头是同一个意思：请删去或改名其中一列。",
        "Two columns have headings of one meaning: delete one of them, or name it otherwise.",
    ),
    "unit_not_yuan": (
        "金额单位不是“元”：请换算成元后再传。",
        "The unit of a sum is not yuan: convert it to yuan.",
    ),
    "kind_unclear": (
        "看不出这些行是哪一类记录：请加一列“类别”（kind）。",
        "It is unclear which kind of record these rows are: add a column kind (类别).",
    ),
    "kind_columns_missing": (
        "列不够，任何一类记录都对不上：请加一列“类别”（kind），或补上缺的列。",
        "The columns fit no kind of record: add a column kind (类别), or the columns that are missing.",
    ),
    "record_id_missing": (
        "没有“记录编号”（record_id）一列：每条记录须有不变的编号，更正时才认得出是哪一条。",
        "There is no column record_id (记录编号): each record needs an id that stays, so that a correction finds it.",
    ),
}

ROW: dict[str, tuple[str, str]] = {
    "total_row": (
        "这是合计行，不是一条记录：请删去（若确是记录，请填记录编号并改去“合计”字样）。",
        "This is a row of totals, not a record: delete it.",
    ),
    "footer_row": (
        "这是表尾说明（填表人、备注等），不是一条记录：请删去。",
        "This is the table's foot (who filled it in, remarks), not a record: delete it.",
    ),
    "heading_repeated": (
        "这是重复的表头，不是一条记录：请删去。",
        "This is the heading row once more, not a record: delete it.",
    ),
    "cell_error": (
        "此格是错误值（如 #REF!、#N/A）：请改正公式或填入数值。",
        "This cell holds an error (#REF!, #N/A): mend the formula, or fill in the value.",
    ),
    "formula_without_value": (
        "此格是公式，文件里没有它的结果：请用 Excel 打开、保存一次，或改为数值。",
        "This cell is a formula whose result the file does not hold: open and save it in Excel, or paste the value.",
    ),
    "cell_without_heading": (
        "这一行有一格不在任何表头之下：请补上表头，或清空此格。",
        "A cell of this row stands under no heading: name its column, or empty it.",
    ),
    "merged_cells": (
        "这一行有合并单元格，看不出值属于哪一行：请取消合并，逐行填写。",
        "This row has merged cells: unmerge them, and fill in each row.",
    ),
    "damaged_characters": (
        "文字已损坏（出现“�”“锟斤拷”或一串问号）：请从系统重新导出为 UTF-8。",
        "The characters were damaged before (�, 锟斤拷, question marks): export it again as UTF-8.",
    ),
    "number_damaged_by_spreadsheet": (
        "编号被电子表格改成了数字，后几位已丢失：请把该列设为“文本”后重新导出。",
        "A spreadsheet turned this into a figure and lost its last digits: set the column to text and export again.",
    ),
    "too_few_cells": (
        "这一行的列数比表头少，可能文件被截断：请核对后重新导出。",
        "This row has fewer cells than the headings, the file may be cut off: export it again.",
    ),
    "too_many_cells": (
        "这一行的列数比表头多，可能文字里有没加引号的分隔符：请加引号，或另存为 .xlsx。",
        "This row has more cells than the headings, perhaps a separator without quotes: quote it, or send .xlsx.",
    ),
    "household_rows_differ": (
        "同一户的几行里，户的信息不一致：请核对后统一。",
        "The rows of one household say different things of it: make them the same.",
    ),
}

NOTES: dict[str, tuple[str, str]] = {
    "unknown_headings": (
        "这些列没有对应的字段，已随记录保存，不参与判断：{names}",
        "These columns have no field of their own; they are kept with the record and judged by nothing: {names}",
    ),
    "columns_left_out": (
        "这些列只是行号，没有保存：{names}",
        "These columns only number the rows and were not kept: {names}",
    ),
    "hidden_rows_read": ("隐藏的行也已读入。", "Hidden rows were read too."),
    "hidden_columns_read": ("隐藏的列也已读入。", "Hidden columns were read too."),
    "hidden_sheet_read": ("隐藏的工作表也已读入。", "A hidden sheet was read too."),
    "hidden_sheet_not_read": (
        "这个隐藏的工作表没有认得的表头（多为下拉选项），没有读入。",
        "This hidden sheet has no headings that are known (a list of choices, mostly) and was not read.",
    ),
    "words_not_read": (
        "这个工作表只有一列文字（填表说明），没有读入。",
        "This sheet is one column of words (how to fill in) and was not read.",
    ),
    "not_a_worksheet": (
        "图表或宏工作表没有读入。",
        "A sheet of charts or macros was not read.",
    ),
    "lines_above_heading": (
        "表头上面的标题行没有读入。",
        "Title lines above the headings were not read.",
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file: `line` in a text, `sheet`, `row` and `column` (letters) in a workbook."""

    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    line: int | None = None

    def told(self) -> dict[str, Any]:
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) is not None}

    def words(self, language: str) -> str:
        """`工作表“Sheet1”第 3 行 F 列`; empty where the whole file is meant."""
        zh = (
            f"工作表“{self.sheet}”" if self.sheet else "",
            f"第 {self.line or self.row} 行" if self.line or self.row else "",
            f"{self.column} 列" if self.column else "",
        )
        en = (
            f"sheet “{self.sheet}”" if self.sheet else "",
            f"{'line' if self.line else 'row'} {self.line or self.row}" if self.line or self.row else "",
            f"column {self.column}" if self.column else "",
        )
        return ", ".join(filter(None, en)) if language == "en" else "".join(zh)


class Unreadable(Exception):
    """The whole file is refused: `code` is one of FILE."""

    def __init__(self, code: str, **place: Any) -> None:
        super().__init__(code)
        self.code, self.place = code, Place(**place)


def refusal(code: str, place: Place, language: str) -> str:
    """What was wrong, where, and what to do."""
    words, where = FILE[code][language == "en"], place.words(language)
    return (f"{where}: {words}" if language == "en" else f"{where}：{words}") if where else words


def noted(code: str, sheet: str | None, names: tuple[str, ...], language: str) -> str:
    words = NOTES[code][language == "en"].format(names="、".join(names))
    if not sheet:
        return words
    return f"Sheet “{sheet}”: {words}" if language == "en" else f"工作表“{sheet}”：{words}"
