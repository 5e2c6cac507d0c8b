"""What a call that is meant says, by call; and the house's own ids, as its answers give them."""

import io
import random
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from services.intake.departments import KINDS
from tests.contracts.known import Known
from tests.contracts.lived import DECLARED
from tests.journeys.people import id_number
from tests.journeys.road import CADRE, DEPUTY, SECOND_CADRE, WORKER
from tests.services.intake import county
from tests.services.intake.files.making import HEADINGS, settlement_row, text, xlsx
from tests.tokens import GRID, VILLAGE
from tests.volume.bent import one_of

Json = Any

KEPT = 40
"""Values of a name that are remembered: those of the beginning, and the newest."""
PEOPLE = 60
"""Invented people whom sound calls are about."""
ITEMS = 5
"""Of a list's items so many are looked at for ids."""

_ROSTER = {
    "offices": [
        {"office_id": "o-{small}", "kind": "village_group", "region": VILLAGE, "name": {"zh": "第 {small} 组",
        "en": "{small}"}}
    ],
    "grids": [{"grid": f"{VILLAGE}-{{small}}", "region": VILLAGE, "office_id": "o-{small}"}],
    "officers": [
        {
            "officer_id": "gw-{small}", "name": "王守望", "display_name": "王**", "role": "grid_worker",
            "region": VILLAGE,
            "grid": GRID, "office_id": GRID, "capacity": None, "post": "member", "since": "2026-01-01",
            "until": "2027-01-01",
        }
    ],
}  # fmt: skip
_LEAVE = {"officer_id": DEPUTY, "since": "2027-0{digit}-01", "until": "2027-0{digit}-05", "reason_code": "annual"}
_PROOF = {"phone_last4": DECLARED["phone"][-4:]}
SOUND: Mapping[str, Sequence[Json]] = {
    "POST /v1/dead-letters/{id}/skip": [{"reason": "不再需要"}],
    "POST /v1/clues": [
        {"channel": "cadre_visit", "region": VILLAGE, "concern": ["unsafe_house"], "text": "东屋墙裂了 {small}"},
        {
            "channel": "cadre_visit",
            "household": "{household_id}",
            "concern": ["debt"],
            "text": "欠账",
            "level": "yellow",
        },
        {
            "channel": "hotline",
            "region": VILLAGE,
            "group": 3,
            "text": "住院",
            "risk": "illness",
            "sudden": True,
            "subject": {"id_no": "{id_no}", "name": "孙求助", "phone": "13905580077", "address": "八里槐村 3 组"},
        },
        {"channel": "hotline", "region": VILLAGE, "text": "没有人上门", "about_offices": [GRID], "confidential": True},
    ],
    "POST /v1/contacts/resolve": [
        {"references": ["household:{household_id}", "officer:gw-1", "household:{uuid}"], "purpose": "告知结果"}
    ],
    "POST /v1/declarations": [
        DECLARED,
        DECLARED | {"name": "孙{small}", "id_no": "{id_no}", "group": 3, "risk": "illness", "sudden": True},
        DECLARED | {"village_name": "槐树村", "region": f"{VILLAGE[:9]}000", "address": "槐树村 2 组"},
        DECLARED
        | {"contact_person": {"name": "李相助", "phone": "13905580078"}, "proxy": {"name": "李", "relation": "子"}},
        DECLARED | {"household_no": "H-0001", "concerns": ["medical_burden", "debt"], "email": "sun@example.org"},
    ],
    "POST /v1/declarations/status": [_PROOF | {"receipt_no": "{receipt_no}"}],
    "POST /v1/declarations/{receipt_no}/appeals": [_PROOF | {"text": "请再看一次"}],
    "POST /v1/declarations/{receipt_no}/withdrawals": [_PROOF, _PROOF | {"text": "不用了"}],
    "POST /v1/households/{id}/unmask": [{"reason": "上门走访核对"}],
    "POST /v1/identity/{id}/match": [{"household_id": "{household_id}", "reason": "按走访核对"}],
    "POST /v1/identity/{id}/not-ours": [{"reason": "外县住户"}],
    "POST /v1/identity/{id}/unmask": [{"reason": "上门走访核对"}],
    "POST /v1/objections": [
        {"region": VILLAGE, "text": "名单不公", "name": "欧阳守望者", "phone": "13905580079"},
        {"region": VILLAGE, "text": "名单不公", "household_no": "H-0002", "about_officers": [CADRE]},
    ],
    "PUT /v1/preferences": [
        {"language": "en", "carriers": ["inbox", "email"], "email": "someone@example.gov.cn"},
        {"language": "zh-CN", "carriers": ["inbox"]},
    ],
    "PUT /v1/grids/{grid}": [
        {"worker": WORKER, "deputy": DEPUTY},
        {"deputy": "gw-{small}"},
        {"deputy": None},
        {"office": GRID},
    ],
    "POST /v1/leaves": [
        _LEAVE,
        _LEAVE | {"officer_id": WORKER, "deputy_id": DEPUTY},
        _LEAVE | {"officer_id": SECOND_CADRE},
    ],
    "POST /v1/officers": [_ROSTER, {"officers": _ROSTER["officers"]}],
    "POST /v1/supervisions/{supervision_id}/answers": [{"text": "下雨路断，明日补办"}],
    "POST /v1/supervisions/{supervision_id}/closures": [{"text": "已经办完"}],
    "POST /v1/tasks/{task_id}/decisions": [
        {"action": "report", "form": {}, "version": 1},
        {"action": "advance", "form": {"opinion": "同意"}, "version": 1, "comment": "见走访记录"},
    ],
}
"""Bodies with the house's ids left open, by call. What stands between braces is filled in anew each time."""
RECORDS: Mapping[str, Sequence[Json]] = {
    code: [
        make("H-0001", "{id_no}") | {"record_id": f"{kind.name[:3]}-{{small}}", "version": "{digit}"}
        for kind in kinds
        for make in [county.SOUND[kind.name]]
        if kind.name != "household"
    ]
    for code, kinds in KINDS.items()
} | {
    "rural_revitalization": [
        county.household(f"H-000{at}", county.member("{id_no}")) | {"record_id": f"H-000{at}", "version": "{digit}"}
        for at in range(3, 7)
    ]
}
"""A department's records: of few ids, so that they come again, and of few households and people."""


def _undated(book: bytes) -> bytes:
    """A workbook that does not say when it was made: the same bytes each time."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            if name != "docProps/core.xml":
                target.writestr(zipfile.ZipInfo(name), source.read(name))
    return out.getvalue()


FILES: Sequence[tuple[str, bytes]] = (
    ("结算.csv", text([HEADINGS, settlement_row(id_no=id_number(1)), settlement_row("YB-0002", total="很多")])),
    ("结算.xlsx", _undated(xlsx([HEADINGS, settlement_row(id_no=id_number(2)), []]))),
    ("结算.csv", text([HEADINGS, settlement_row("YB-0003", id_no="3.40822E+17")])),
    ("a.csv", "守望".encode("gbk")), ("a.xls", b"\xd0\xcf\x11\xe0"), ("", b""), ("a.zip", b"PK\x03\x04"), ("a.pdf",
    b"%PDF-1.7"),
)  # fmt: skip


def filled(template: Json, pool: "Pool", chance: random.Random) -> Json:
    """The template with its open places filled in."""
    match template:
        case str():
            return _said(template, pool, chance) if "{" in template else template
        case dict():
            return {name: filled(inner, pool, chance) for name, inner in template.items()}
        case list():
            return [filled(inner, pool, chance) for inner in template]
    return template


def _said(template: str, pool: "Pool", chance: random.Random) -> Json:
    before, _, rest = template.partition("{")
    name, _, after = rest.partition("}")
    match name:
        case "small":
            found = f"{int(chance.random() * PEOPLE)}"
        case "digit":
            number = 1 + int(chance.random() * 9)
            if template == "{digit}":
                return number
            found = str(number)
        case "id_no":
            found = id_number(1 + int(chance.random() * PEOPLE))
        case "uuid":
            found = f"{chance.getrandbits(128):032x}"
            found = "-".join((found[:8], found[8:12], f"4{found[13:16]}", f"8{found[17:20]}", found[20:]))
        case _:
            found = pool.one(name, chance) or ""
    return before + found + after


class Pool:
    """What there is in the house, by the name under which a call asks for it: known at first, and learnt from answers.

    Bounded: of a name so many values are kept, of which the first half stays.
    """

    def __init__(self, known: Known) -> None:
        self._values: dict[str, list[Any]] = {name: list(values)[:KEPT] for name, values in known.values.items()}
        self._next: dict[str, int] = {}
        self._known = Known(self._values)

    def there(self, service: str, call: str, names: Sequence[str], chance: random.Random) -> dict[str, str]:
        """A value for each of these parameters of which something is known."""
        found = self._known.there(service, call, names)
        return {name: str(one_of(chance, values)) for name, values in found.items()}

    def one(self, name: str, chance: random.Random) -> Any:
        """A value of this name; None where nothing is known. Takes one number of the chance either way."""
        return one_of(chance, self._values.get(name) or (None,))

    def learn(self, name: str, value: Any) -> None:
        kept = self._values.setdefault(name, [])
        if value in kept:
            return
        if len(kept) < KEPT:
            kept.append(value)
        else:
            at = self._next[name] = (self._next.get(name, -1) + 1) % (KEPT // 2)
            kept[KEPT // 2 + at] = value

    def learn_from(self, service: str, call: str, answer: Json, feeds: Iterable[str]) -> None:
        """Ids of an answer. `feeds`: under these names stands the `id` of a list's items."""
        if not isinstance(answer, dict):
            return
        items = answer.get("items")
        for one in (answer, *(items[:ITEMS] if isinstance(items, list) else ())):
            for name in LEARNT & one.keys():
                if isinstance(one[name], str):
                    self.learn(name, one[name])
            if one is not answer and isinstance(one.get("id"), str):
                for name in feeds:
                    self.learn(name, one["id"])
        if isinstance(answer.get("next"), str):
            self.learn(f"{service} {call} after", answer["next"])
        if "actions" in answer:
            self._offer(answer)
        if "batch_id" in answer:
            self.learn("GET /v1/batches/{id} id", answer["batch_id"])
            self.learn("GET /v1/batches/{id}/rejections.xlsx id", answer["batch_id"])

    def _offer(self, task: Json) -> None:
        """What can be done with a task as it is now; what was offered before is over."""
        left = [one for one in self._values.get(OFFERED, ()) if one[0]["task_id"] != task["task_id"]]
        for one in task["actions"]:
            form = (one.get("form_schema") or {}).get("examples") or [{}]
            said = {"action": one["action"], "form": form[0], "version": task["version"]}
            if one.get("needs_reason"):
                said |= {"reason_code": (one["reason_codes"] or ["other"])[0], "comment": "见走访记录"}
            left.append(({"task_id": task["task_id"]}, said))
        self._values[OFFERED] = left[-KEPT:]


LEARNT = frozenset(
    {"household_id", "task_id", "case_id", "warning_id", "notice_id", "leave_id", "supervision_id", "receipt_no"}
)
OFFERED = "POST /v1/tasks/{task_id}/decisions said"
"""What a task says that can be done with it: the address's values, and a body."""
