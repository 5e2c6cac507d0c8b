"""The contracts as the work tree holds them."""

from deploy.contracts.documents import FOLDER, ROOT, SCHEMAS


def written() -> dict[str, str]:
    """Path → what the file holds."""
    paths = [path for folder in (ROOT / FOLDER, ROOT / SCHEMAS) for path in sorted(folder.rglob("*.json"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}
