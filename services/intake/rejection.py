"""Why a record is refused: a closed list of codes, each with one sentence in Chinese and English that says what to do.

A refusal is an outcome of the field's rules, never an exception. No sentence repeats what was sent; identity numbers
have their own sentences in `shared/domain/identity.py`.
"""

from dataclasses import dataclass
from typing import cast

from services.intake.files.reasons import ROW
from shared.domain.identity import IdentityFault, identity_problem

TEXT_MAX = 64
"""Characters of a text, where its field has no limit of its own."""
LONGEST = {"name": 60, "address": 200}
REASONS: dict[str, tuple[str, str]] = {
    "not_json": (
        "这一条不是有效的 JSON：请检查引号、逗号和编码（须为 UTF-8）。",
        "This is not valid JSON: check quotes, commas and the encoding (UTF-8).",
    ),
    "not_an_object": (
        "这一条不是对象：每条记录须是一个 {…}。",
        "This is not an object: each record is one {…}.",
    ),
    "too_large": (
        "这一条超过 256 kB：请拆分，或不要附带附件内容。",
        "This record is over 256 kB: split it, or leave attachments out.",
    ),
    "too_deep": ("嵌套层数太多：请按接口说明组织字段。", "Nested too deeply: follow the contract's fields."),
    "missing": ("缺少此字段：请补充。", "This field is missing: add it."),
    "not_text": ("此字段须为文本（加引号）。", "This field is a text: put it in quotes."),
    "text_length": ("此字段须有 1 至 {longest} 个字。", "This field has 1 to {longest} characters."),
    "forbidden_character": (
        "此字段含有不可见的控制字符：请删去。",
        "This field holds an invisible control character: remove it.",
    ),
    "not_a_whole_number": ("此字段须为整数。", "This field is a whole number."),
    "out_of_range": ("数值超出允许范围：请核对。", "This number is out of range: check it."),
    "not_a_date": (
        "日期须写成 2026-10-03，且确有其日。",
        "A date is written 2026-10-03 and must exist.",
    ),
    "date_in_future": ("日期在今天之后：请核对。", "This date lies ahead of today: check it."),
    "not_a_school_year": (
        "学年须写成 2025-2026，或只写开学的那一年，如 2025。",
        "A school year is written 2025-2026, or as the year in which it begins, as 2025.",
    ),
    "not_money": (
        '金额须为以元为单位的文本，最多两位小数，如 "26810.50"。',
        'A sum is a text in yuan with at most two places, as "26810.50".',
    ),
    "negative_sum": (
        "收入和成本不能为负数：亏损请填入经营成本。",
        "An income or a cost is not below nought: put a loss into the operating cost.",
    ),
    "not_one_of": (
        "此字段的值不在代码表内：请见接口说明。",
        "This value is not on the list: see the contract.",
    ),
    "not_a_list": ("此字段须为列表 […]。", "This field is a list […]."),
    "list_length": ("列表的条数超出允许范围。", "This list has too few or too many items."),
    "not_an_object_here": ("此字段须为对象 {…}。", "This field is an object {…}."),
    "unknown_kind": (
        "本部门没有这一类记录：请见接口说明中的 kind。",
        "This department sends no such kind: see the contract's kinds.",
    ),
    "kind_changed": (
        "同一记录号先前是另一类记录：请换一个记录号。",
        "This record id was of another kind before: take another id.",
    ),
    "subject_missing": (
        "没有写明是谁：请填身份证号或户编号。",
        "Nobody is named: give an identity number or a household number.",
    ),
    "same_version_other_content": (
        "同一记录号、同一版本，内容却不同：更正请用更高的版本号。",
        "Same record and version with other content: send a correction as a higher version.",
    ),
    "record_id_holds_id_no": (
        "记录号里含有身份证号：请换成不含个人信息的编号。",
        "The record id holds an identity number: take one without personal data.",
    ),
    "record_id_of_other_county": (
        "这个记录号已由另一个县使用：请在记录号前加本县代码。",
        "Another county uses this record id: put your county's code before it.",
    ),
    "household_no_form": (
        "户编号只能有字母、数字和连字符，且不能是身份证号。",
        "A household number has letters, digits and dashes, and is no identity number.",
    ),
    "household_no_differs": (
        "两处户编号不一致：请核对 subject 与 data。",
        "Two different household numbers: compare subject and data.",
    ),
    "not_a_village": (
        "须为村级区划代码（12 位）。",
        "This is a village's division code (12 digits).",
    ),
    "place_wide_by_household": (
        "整村的供水情况暂不能整村接收：请对受影响的每一户各报一条，scope 填 household，并写明户编号或身份证号。",
        "A village's supply is not taken as a whole yet: send one record for each household concerned, with scope"
        " household and its household or identity number.",
    ),
    "member_twice": ("同一人在户内出现两次：请删去一处。", "The same person stands twice in the household."),
    "not_handled": (
        "这一条我们没能处理，已通知值守人员：请稍后以同样内容重发。",
        "We failed on this record, and somebody has been told: send it again later, unchanged.",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one record, and where: `field` is a path such as `data.members[2].id_no`."""

    code: str
    field: str | None = None


class Wrong(Exception):
    """Raised and caught while one record is read; it never leaves `parse`."""

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(code)
        self.fault = Fault(code, field)


def longest(field: str) -> int:
    """The characters that a text may have, by its field's name or path (`data.members[2].name`)."""
    return LONGEST.get(field.rpartition(".")[2], TEXT_MAX)


def message(code: str, language: str, field: str | None = None) -> str:
    """The sentence for a code, with the field's own limit where it names one: `zh` first, `en` when asked for."""
    if code in REASONS or code in ROW:
        zh, en = REASONS.get(code) or ROW[code]
        said = en if language == "en" else zh
        return said.replace("{longest}", str(longest(field or "")))
    told = identity_problem(cast(IdentityFault, code))
    return told.message_en if language == "en" else told.message_zh
