"""Names for people who do not exist: surnames of northern Anhui, given names by generation.

`family.py`, `people.py` and `officers.py` draw from it. The shares are own knowledge, good enough for a sample.
"""

from random import Random

SURNAMES = {
    "王": 82, "李": 80, "张": 78, "刘": 60, "陈": 38, "杨": 36, "赵": 24, "孙": 22, "马": 20, "韩": 18,
    "周": 17, "吴": 16, "徐": 15, "朱": 15, "胡": 14, "郭": 14, "高": 12, "林": 10, "何": 9, "郑": 9,
    "宋": 9, "谢": 8, "冯": 8, "于": 8, "董": 8, "程": 8, "曹": 8, "许": 7, "邓": 7, "姚": 7,
    "潘": 7, "夏": 6, "顾": 5, "庞": 5, "涂": 5, "骆": 5, "符": 4, "连": 4, "辛": 4, "耿": 4,
    "谷": 4, "梁": 4, "史": 4, "贾": 4, "丁": 4, "范": 4, "任": 4, "田": 4, "孟": 3, "常": 3,
}  # fmt: skip

# (born before 1965, before 1990, later): given names sound of their years
_MEN = (
    ("德福贵明国建军学文志金玉广兴万富存田山永", "才祥山林海田军华民生喜亭堂礼义信全旺清俊"),
    ("伟强勇军磊涛超明刚平辉鹏杰峰兵新建志文海", "伟强峰涛军飞龙辉杰明东亮宝华宁奇波斌生林"),
    ("子浩宇俊一梓家博泽思嘉天晨奕承睿明佳皓文", "轩涵宇辰豪杰阳然睿博航泽凯铭晟毅恒哲源翔"),
)
_WOMEN = (
    ("秀桂玉兰凤翠素淑美爱月春金银巧玲芝梅荣敬", "英兰芳珍荣花云梅莲枝芝美环侠真华贞香勤娥"),
    ("丽敏静艳娟红霞燕玲莉晓海春小雪彩文慧利素", "丽娜敏静芳娟霞燕梅红平萍玲英云洁莉琴侠华"),
    ("梓欣雨诗思佳语梦可若紫一子雅静嘉依心晨艺", "涵妍怡萱琪彤悦瑶欣然雯婷菲雪馨宁洁月桐妮"),
)
_ONE_CHARACTER_GIVEN_NAME = 0.22


def surname(rng: Random, clans: tuple[str, ...] = ()) -> str:
    """One in two bears a name of the village's clans, where it has some."""
    if clans and rng.random() < 0.5:
        return rng.choice(clans)
    return rng.choices(list(SURNAMES), weights=list(SURNAMES.values()))[0]


def clans_of(village_name: str) -> tuple[str, ...]:
    """The surnames that a village is called after: 姚老庄 → 姚; 李王楼 → 李, 王; 七里庙 → none."""
    return tuple(name for name in SURNAMES if name in village_name)


def given_name(rng: Random, is_man: bool, born_year: int) -> str:
    generation = 0 if born_year < 1965 else 1 if born_year < 1990 else 2
    first, second = (_MEN if is_man else _WOMEN)[generation]
    if rng.random() < _ONE_CHARACTER_GIVEN_NAME:
        return rng.choice(second)
    return rng.choice(first) + rng.choice(second)
