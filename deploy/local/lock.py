"""Write `jars.lock`: every jar that `fetch.py` may fetch, by SHA-256, size and path. For developers only.

Run `python -m deploy.local.lock > deploy/local/jars.lock` when a version below changes. jgo resolves what
Maven would, as long as each call has one root: two roots in one call let the second root's managed versions
win, silently.
"""

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0"
# Kafka's jar brings no binding for SLF4J, and without one its errors vanish; the version is log4j-core's
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"
PAGES = ("org.webjars.npm:htmx.org:2.0.10", "org.webjars.npm:htmx-ext-sse:2.2.2")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for line in sorted(lines(Path(folder)), key=lambda line: line.split()[2]):
            print(line)


def lines(folder: Path) -> Iterator[str]:
    from jgo.maven import MavenContext

    mirror = os.environ.get("SHOUWANG_MAVEN_URL")
    repositories = {"central": mirror} if mirror else None
    context = MavenContext(repo_cache=folder, timeout=60, remote_repos=repositories)
    artifacts = resolve(context, KAFKA)
    artifacts += [artifact for root in (LOGGING, *PAGES) for artifact in resolve(context, root)[:1]]
    for artifact in artifacts:
        jar = Path(artifact.resolve())
        content = jar.read_bytes()
        yield f"{hashlib.sha256(content).hexdigest()} {len(content)} {jar.relative_to(folder).as_posix()}"


def resolve(context: Any, coordinate: str) -> list[Any]:
    """The artifact of one coordinate, then all that it needs to run."""
    from jgo import parse

    root = dataclasses.replace(parse.Coordinate.parse(coordinate), scope="compile")
    inputs, needed = context.resolver.resolve([context.create_dependency(root)])
    wanted = [dependency for dependency in needed if dependency.scope in ("compile", "runtime")]
    return [dependency.artifact for dependency in (*inputs, *wanted)]


if __name__ == "__main__":
    main()
