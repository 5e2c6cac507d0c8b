"""Jars come whole or not at all, once, and from a mirror where one is named."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import fetch
from deploy.local.fetch import Jar
from deploy.trouble import Trouble

CONTENT = {"org/a/one/1.0/one-1.0.jar": b"the first jar", "org/b/two/2.0/two-2.0.jar": b"the second jar"}
NOBODY = "http://127.0.0.1:9"


class Mirror(http.server.BaseHTTPRequestHandler):
    content: dict[str, bytes]
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        found = self.content.get(self.path.removeprefix("/maven/"))
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(found or b"")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Mirror]]:
    handler = type("Handler", (Mirror,), {"content": dict(CONTENT), "asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    jars = [Jar(hashlib.sha256(text).hexdigest(), len(text), path) for path, text in CONTENT.items()]
    monkeypatch.setattr(fetch, "locked", lambda: jars)
    monkeypatch.setattr(fetch, "TRIES_MAX", 1)
    monkeypatch.setenv("SHOUWANG_MAVEN_URL", f"http://127.0.0.1:{server.server_port}/maven/")
    monkeypatch.setenv("SHOUWANG_CACHE", str(tmp_path / "缓存 cache"))
    yield handler
    server.shutdown()
    server.server_close()


def test_missing_jars_are_fetched_once_and_need_no_network_again(
    mirror: type[Mirror], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    folder = fetch.ensure(lambda what, done, total: told.append((done, total)))
    assert sorted(path.name for path in folder.iterdir()) == ["one-1.0.jar", "two-2.0.jar"]
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert (folder / "one-1.0.jar").stat().st_mode & 0o777 == 0o644
    monkeypatch.setenv("SHOUWANG_MAVEN_URL", NOBODY)
    assert fetch.ensure() == folder
    assert fetch.class_path(folder) == f"{folder / 'one-1.0.jar'}:{folder / 'two-2.0.jar'}"


def test_a_jar_that_was_damaged_on_disk_is_fetched_again(mirror: type[Mirror]) -> None:
    folder = fetch.ensure()
    (folder / "one-1.0.jar").write_bytes(b"the first j")
    mirror.asked.clear()
    fetch.ensure()
    assert (folder / "one-1.0.jar").read_bytes() == b"the first jar"
    assert mirror.asked == ["/maven/org/a/one/1.0/one-1.0.jar"]


def test_a_jar_with_other_content_than_the_lock_is_refused_and_not_kept(mirror: type[Mirror]) -> None:
    mirror.content["org/a/one/1.0/one-1.0.jar"] = b"something else"
    with pytest.raises(Trouble, match=r"Could not fetch one-1\.0\.jar \(its content is not the locked one\)"):
        fetch.ensure()
    assert not list(fetch.cache().rglob("one*"))


def test_without_a_network_one_sentence_names_the_remedy(mirror: type[Mirror], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOUWANG_MAVEN_URL", NOBODY)
    with pytest.raises(Trouble, match=r"check the network .* mirror .* SHOUWANG_MAVEN_URL") as trouble:
        fetch.ensure()
    assert "\n" not in str(trouble.value)


def test_the_lock_holds_kafka_its_logging_and_the_pages_scripts_and_no_address() -> None:
    names = {jar.name for jar in fetch.locked()}
    assert {"kafka_2.13-4.4.0.jar", "log4j-slf4j-impl-2.25.5.jar", "htmx.org-2.0.10.jar"} <= names
    assert "htmx" not in fetch.class_path(Path("/jars"))
    assert "://" not in (Path(fetch.__file__).parent / "jars.lock").read_text()


def test_the_pages_scripts_are_unpacked_from_their_jars(tmp_path: Path) -> None:
    folder = fetch.unpack_assets(tmp_path / "assets")
    assert b"htmx" in (folder / "htmx.min.js").read_bytes()
    assert b"EventSource" in (folder / "sse.js").read_bytes()
