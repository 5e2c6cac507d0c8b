"""Offices, grids and the people responsible for them, all invented.

Each grid has one worker and one deputy but for a few that have neither, so that the fall-back to the
village's office can be seen. Full names go to workflow's own table; events carry the masked
`display_name`.
"""

from datetime import date, timedelta
from random import Random
from typing import Any

from deploy.demo.county import COUNTY, Part
from deploy.demo.names import given_name, surname
from deploy.demo.register import Settled
from shared.domain.division import Division, division, pad
from shared.domain.identity import mask_name

Record = dict[str, Any]

_GRIDS_WITHOUT_WORKER = 3  # in the first part; elsewhere one
# (role, capacity): who sits in a village; the first secretary and the team are sent from outside
_VILLAGE_POSTS = (
    ("village", "handler"),
    ("village", "reviewer"),
    ("village", "approver"),
    ("resident_team", "handler"),
    ("resident_team", "reviewer"),
)
# Who signs is never who handled; two of each, so that a leave or an appeal finds another person
_OFFICE_POSTS = ("handler", "handler", "reviewer", "approver", "approver")
# Above the county one supervises and never edits
_CITY_POSTS = ("handler", "approver")
_DEPARTMENT_POSTS = ("handler", "approver")
# The county's functional departments, to which measures go: (code, name, name in English)
DEPARTMENTS = (
    ("rural_revitalization", "农业农村局帮扶股", "rural revitalisation desk"),
    ("medical_insurance", "医疗保障局", "medical insurance bureau"),
    ("housing", "住房和城乡建设局", "housing bureau"),
    ("education", "教育局", "education bureau"),
    ("water", "水利局", "water bureau"),
    ("civil_affairs", "民政局", "civil affairs bureau"),
    ("human_resources", "人力资源和社会保障局", "human resources bureau"),
    ("disabled_federation", "残疾人联合会", "disabled persons' federation"),
    ("emergency", "应急管理局", "emergency management bureau"),
)

_IN_ENGLISH = {
    "城关": "Chengguan", "邢塘": "Xingtang", "田桥": "Tianqiao", "城东": "Chengdong", "城南": "Chengnan",
    "杨桥": "Yangqiao", "鲖城": "Tongcheng", "谭棚": "Tanpeng", "老集": "Laoji", "滑集": "Huaji", "吕寨": "Lüzhai",
    "单桥": "Shanqiao", "长官": "Zhangguan", "宋集": "Songji", "张新": "Zhangxin", "艾亭": "Aiting",
    "陈集": "Chenji", "韦寨": "Weizhai", "迎仙": "Yingxian", "瓦店": "Wadian", "姜寨": "Jiangzhai",
    "庙岔": "Miaocha", "黄岭": "Huangling", "白庙": "Baimiao", "关庙": "Guanmiao", "高塘": "Gaotang",
    "土陂": "Tupi", "陶老": "Taolao",
}  # fmt: skip


def offices(part: Part) -> tuple[Record, ...]:
    """City, county with its departments (with the first part), township, then each village with its groups.

    An id is the place's code, a department's with its own behind it, a group's its grid.
    """
    found = _offices_of_county() if part.index == 0 else []
    if part.opens_township:
        found.append(_office_of_township(division(part.township)))
    for place in part.places:
        village = place.village
        found.append(
            _office(village.code, "village_committee", village.code, village.name, f"{village.short_name} committee")
        )
        for group in range(1, len(place.groups) + 1):
            zh = f"{village.short_name}第 {group} 组"
            en = f"{village.short_name}, group {group}"
            found.append(_office(place.grid(group), "village_group", village.code, zh, en))
    return tuple(found)


def _offices_of_county() -> list[Record]:
    county = division(COUNTY)
    city = division(city_of(county))
    return [
        _office(city.code, "city", city.code, f"{city.name}农业农村局", "Fuyang city office"),
        _office(county.code, "county", county.code, f"{county.name}农业农村局", "Linquan county office"),
        *(
            _office(f"{county.code}-{code}", "department", county.code, f"{county.name}{zh}", f"Linquan {en}")
            for code, zh, en in DEPARTMENTS
        ),
    ]


def _office_of_township(township: Division) -> Record:
    short = township.name.removesuffix("街道").removesuffix("镇").removesuffix("乡")
    is_urban = township.name.endswith("街道")
    zh = f"{township.name}{'办事处' if is_urban else '人民政府'}"
    en = f"{_IN_ENGLISH.get(short, township.name)} {'subdistrict' if is_urban else 'township'} office"
    return _office(township.code, "township", township.code, zh, en)


def grids(part: Part) -> tuple[Record, ...]:
    return tuple(
        {"grid": place.grid(group), "region": place.village.code, "office_id": place.grid(group)}
        for place in part.places
        for group in range(1, len(place.groups) + 1)
    )


def officers(seed: int, part: Part, today: date) -> tuple[Record, ...]:
    """Everybody with a post, the county's people with the first part and first. Nobody is in two posts."""
    rng, county = Random(f"{seed}:officers {part.index}"), division(COUNTY)
    found = _of_office(rng, today, "county", COUNTY) if part.index == 0 else []
    if part.opens_township:
        found += _of_office(rng, today, "township", part.township)
    without_worker = _without_worker(rng, part)
    for place in part.places:
        village = place.village
        for number, (role, capacity) in enumerate(_VILLAGE_POSTS, start=1):
            officer_id = f"{'T' if role == 'resident_team' else 'V'}-{village.code}-{number}"
            found.append(_officer(rng, today, officer_id, role, village.code, None, village.code, capacity, "member"))
        for group in range(1, len(place.groups) + 1):
            grid = place.grid(group)
            found.extend(_of_grid(rng, today, place, grid, has_worker=grid not in without_worker))
    return tuple(found + (_above_and_beside(seed, today, county) if part.index == 0 else []))


def _without_worker(rng: Random, part: Part) -> set[str]:
    every = [place.grid(group) for place in part.places for group in range(1, len(place.groups) + 1)]
    wanted = _GRIDS_WITHOUT_WORKER if part.index == 0 else 1
    return set(rng.sample(every, min(wanted, len(every) // 2)))


def _above_and_beside(seed: int, today: date, county: Division) -> list[Record]:
    """The city's people and the departments', by a number of their own: nobody else's name changes for them."""
    rng, city = Random(f"{seed}:city and departments"), city_of(county)
    found = [
        _officer(rng, today, f"CITY-{city}-{number}", "city", city, None, city, capacity, "member")
        for number, capacity in enumerate(_CITY_POSTS, start=1)
    ]
    for code, _, _ in DEPARTMENTS:
        office, prefix = f"{county.code}-{code}", f"D-{county.code}-{code.replace('_', '-')}"
        found += [
            _officer(rng, today, f"{prefix}-{number}", "department", county.code, None, office, capacity, "member")
            for number, capacity in enumerate(_DEPARTMENT_POSTS, start=1)
        ]
    return found


def city_of(county: Division) -> str:
    """The code of the county's city."""
    return county.code[:4]


def _of_office(rng: Random, today: date, role: str, code: str) -> list[Record]:
    return [
        _officer(rng, today, f"{role.upper()}-{code}-{number}", role, code, None, code, capacity, "member")
        for number, capacity in enumerate(_OFFICE_POSTS, start=1)
    ]


def _of_grid(rng: Random, today: date, place: Settled, grid: str, *, has_worker: bool) -> list[Record]:
    posts = [("L", "group_leader", "leader")]
    if has_worker:
        posts += [("W", "grid_worker", "worker"), ("D", "grid_worker", "deputy")]
    return [
        _officer(
            rng,
            today,
            f"{letter}-{grid}",
            role,
            place.village.code,
            grid,
            grid,
            "handler",
            post,
        )
        for letter, role, post in posts
    ]


def _office(office_id: str, kind: str, region: str, zh: str, en: str) -> Record:
    return {"office_id": office_id, "kind": kind, "region": pad(region), "name": {"zh": zh, "en": en}}


def _officer(
    rng: Random,
    today: date,
    officer_id: str,
    role: str,
    region: str,
    grid: str | None,
    office_id: str,
    capacity: str,
    post: str,
) -> Record:
    name = surname(rng) + given_name(rng, rng.random() < 0.6, today.year - rng.randint(24, 58))
    return {
        "officer_id": officer_id,
        "name": name,
        "display_name": mask_name(name),
        "role": role,
        "region": pad(region),
        "grid": grid,
        "office_id": office_id,
        "capacity": capacity,
        "post": post,
        "since": (today - timedelta(days=rng.randint(60, 1500))).isoformat(),
    }
