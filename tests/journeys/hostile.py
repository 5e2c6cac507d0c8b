"""Two hundred kinds of hostile bytes for a topic of ours, made from its golden example by a seed."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

from shared.contracts import schema

EXAMPLES = Path(schema.__file__).parent / "examples"
KINDS = 200


def values(topic: str, seed: int) -> Iterator[bytes]:
    """Bodies that the contract of the topic must refuse, or that are no JSON at all."""
    text = (EXAMPLES / f"{topic}.json").read_text("utf-8")
    whole = text.encode()
    chance = random.Random(f"{seed}:{topic}")
    yield from (
        b"", b" ", b"null", b"3", b'"3"', b"[]", b"{}", b"{", b"\x00", b"\xff\xfe", b"NaN", b"Infinity", whole[:-2],
        "农户".encode("gbk"), b"[" * 20_000, b'{"a":' * 5_000, b"\xef\xbb\xbf" + b"{}", b"1e400000", whole + b"}",
        whole.replace(b'"1.0"', b'"9.9"'), whole.replace(b'"data"', b'"atad"'), whole.decode().encode("utf-16"),
    )  # fmt: skip
    made = 22
    fields = ["id", "type", "sequence", "time", "region", "source", "subject", "correlationid", "data", "partitionkey"]
    wrong: list[object] = [
        None,
        True,
        -1,
        2**70,
        1.5,
        "",
        "\u0000",
        "x" * 300,
        [],
        {},
        [[]],
        "1E+400000",
        "2026-13-45",
        "９９９",
    ]
    for field in fields:
        for value in wrong:
            yield _with(text, field, value)
            made += 1
    data = list(json.loads(text)["data"])
    while made < KINDS:
        cut = chance.randrange(2, len(whole) - 2)
        yield whole[:cut] if chance.random() < 0.5 else _data_without(text, chance.choice(data))
        made += 1


def _with(text: str, field: str, value: object) -> bytes:
    return json.dumps(json.loads(text) | {field: value}).encode()


def _data_without(text: str, name: str) -> bytes:
    """A payload whose part is of another kind: a list of lists of nothing."""
    whole = json.loads(text)
    whole["data"] = {**whole["data"], name: [[None]]}
    whole["id"] = "not one"
    return json.dumps(whole).encode()
