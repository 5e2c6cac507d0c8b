"""Fetch the jars of `jars.lock`: Kafka's class path, and the pages' scripts, which come as WebJars.

Every file is checked against its SHA-256 before it is kept and again at every start, so an interrupted,
corrupted or forged one is never used and a second start needs no network. No address stands here:
`SHOUWANG_MAVEN_URL`, else the repository that jgo knows.
"""

import hashlib
import os
import ssl
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import certifi
import httpx

from deploy.progress import Progress, quiet, shown
from deploy.trouble import Trouble, of_disk

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 6
TRIES_MAX = 4
TIMEOUT_SECONDS = 30.0

ASSETS: tuple[tuple[str, str], ...] = (("htmx.org", "dist/htmx.min.js"), ("htmx-ext-sse", "sse.js"))
"""The scripts of the console's pages: (artifact, path inside it)."""


@dataclass(frozen=True)
class Jar:
    sha256: str
    size: int
    path: str
    """In a Maven repository: group/artifact/version/artifact-version.jar."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def artifact(self) -> str:
        return self.path.split("/")[-3]

    @property
    def is_for_pages(self) -> bool:
        return self.path.startswith("org/webjars/")


def ensure(progress: Progress = quiet) -> Path:
    """The folder that holds every jar of the lock, whole and unchanged; what is missing is fetched first.

    Raises Trouble when a jar cannot be had.
    """
    return _ensure(locked(), progress)


def class_path(folder: Path) -> str:
    """Kafka's jars, named one by one and sorted: the order of `libs/*` is not the same everywhere."""
    return os.pathsep.join(sorted(str(folder / jar.name) for jar in locked() if not jar.is_for_pages))


def webjar(artifact: str, path_inside: str) -> bytes:
    """One file of a WebJar: `webjar("htmx.org", "dist/htmx.min.js")`; the jar is fetched if need be."""
    jar = next(jar for jar in locked() if jar.is_for_pages and jar.artifact == artifact)
    folder = _ensure([jar], quiet)
    version = jar.path.split("/")[-2]
    with zipfile.ZipFile(folder / jar.name) as archive:
        return archive.read(f"META-INF/resources/webjars/{artifact}/{version}/{path_inside}")


def unpack_assets(folder: Path) -> Path:
    """Write the pages' scripts into `folder`, which the console serves as SHOUWANG_ASSETS."""
    folder.mkdir(parents=True, exist_ok=True)
    for artifact, path_inside in ASSETS:
        _write(folder / path_inside.rpartition("/")[2], webjar(artifact, path_inside))
    return folder


def locked() -> list[Jar]:
    lines = (Path(__file__).parent / "jars.lock").read_text("ascii").splitlines()
    return [Jar(sha256, int(size), path) for sha256, size, path in (line.split() for line in lines)]


def cache() -> Path:
    """Outside any data folder, so that `--fresh` fetches nothing again."""
    return Path(os.environ.get("SHOUWANG_CACHE") or ROOT / ".cache").absolute()


def _ensure(jars: list[Jar], progress: Progress) -> Path:
    folder = cache() / "jars"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [jar for jar in jars if not _is_whole(folder / jar.name, jar)]
        if missing:
            _fetch(missing, folder, progress)
    except OSError as error:
        raise of_disk(error) from error
    return folder


def _is_whole(path: Path, jar: Jar) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256
    except FileNotFoundError:
        return False


def _fetch(jars: list[Jar], folder: Path, progress: Progress) -> None:
    what = f"Fetching {sum(jar.size for jar in jars) / 1e6:.0f} MB of jars"
    progress(what, 0, len(jars))
    with _client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        waiting = [pool.submit(_fetch_one, client, jar, folder) for jar in jars]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                progress(what, done, len(jars))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _client() -> httpx.Client:
    # certifi's authorities and the system's: slim images lack the one, companies' proxies need the other.
    # Passing transport= would make httpx ignore HTTPS_PROXY, so the tries are our own loop.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return httpx.Client(verify=context, timeout=TIMEOUT_SECONDS, follow_redirects=True)


def _fetch_one(client: httpx.Client, jar: Jar, folder: Path) -> None:
    address = f"{_base().rstrip('/')}/{jar.path}"
    reason = ""
    for attempt in range(TRIES_MAX):
        if attempt:
            time.sleep(0.5 * 2**attempt)
        try:
            answer = client.get(address)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            continue
        if hashlib.sha256(answer.content).hexdigest() == jar.sha256:
            _write(folder / jar.name, answer.content)
            return
        reason = "its content is not the locked one"
    raise Trouble(
        f"Could not fetch {jar.name} ({reason}): check the network (HTTPS_PROXY, SSL_CERT_FILE), "
        "or name a mirror of the Maven repository in SHOUWANG_MAVEN_URL, then start again."
    )


def _base() -> str:
    from jgo.maven._core import DEFAULT_REMOTE_REPOS

    return os.environ.get("SHOUWANG_MAVEN_URL") or str(DEFAULT_REMOTE_REPOS["central"])


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.chmod(0o644)  # another user may run what root fetched
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def main(arguments: list[str]) -> None:
    """`python -m deploy.local.fetch` fetches every jar; with a folder, only the pages' scripts into it."""
    if arguments:
        unpack_assets(Path(arguments[0]))
    else:
        ensure(shown())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Trouble as trouble:
        sys.exit(str(trouble))
