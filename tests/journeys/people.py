"""Invented people of the journeys. Names, numbers and phones are canaries: nowhere may they stand in the clear."""

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
HEAD, WIFE = "欧阳守望者", "上官平安者"
PHONE = "13905580001"
CANARY_WORDS = (HEAD, WIFE, "守望者", "平安者", PHONE)


def id_number(serial: int) -> str:
    """An invented ID number of the tests' county, with its check digit."""
    stem = f"34122119630305{serial:03d}"
    return stem + "10X98765432"[sum(int(d) * w for d, w in zip(stem, WEIGHTS, strict=True)) % 11]


def couple(serial: int) -> list[dict[str, str]]:
    """Husband `serial` and wife `serial + 500`."""
    return [
        {
            "name": HEAD, "id_no": id_number(serial), "relation": "户主", "sex": "男", "health": "患有大病",
            "labour": "丧失劳动力", "phone": PHONE,
        },
        {
            "name": WIFE, "id_no": id_number(serial + 500), "relation": "配偶", "sex": "女", "health": "健康",
            "labour": "普通劳动力",
        },
    ]  # fmt: skip
