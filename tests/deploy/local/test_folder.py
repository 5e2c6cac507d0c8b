"""A data folder has one owner, one version and one mode, and only our own is ever emptied."""

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from deploy.local.folder import DataFolder
from deploy.trouble import Trouble, of_disk

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "守望 数据"


@pytest.fixture(autouse=True)
def as_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> None:
    # pytest's folders are closed to PostgreSQL's user; these tests start none
    monkeypatch.setattr("deploy.local.folder.may_run_in", lambda folder: True)


def begin(path: Path, is_fresh: bool = False) -> None:
    with DataFolder(path).owned():
        DataFolder(path).prepare(is_fresh)


def test_a_second_owner_is_refused_in_one_sentence(path: Path) -> None:
    with DataFolder(path).owned():
        DataFolder(path).prepare(is_fresh=False)
        DataFolder(path).keep_environment({"SHOUWANG_CONSOLE_URL": "http://127.0.0.1:8100"})
        with pytest.raises(Trouble, match=r"already running on .*process \d+.*8100.*shouwang down") as trouble:
            begin(path)
        assert "\n" not in str(trouble.value)
        assert DataFolder(path).is_owned()
    assert not DataFolder(path).is_owned()


def test_data_of_another_version_are_refused_and_kept(path: Path) -> None:
    begin(path)
    (path / "VERSION").write_text("7\n")
    with pytest.raises(Trouble, match=r"version 7, this Shouwang reads version 1.*--fresh"):
        begin(path)
    assert (path / "VERSION").read_text() == "7\n"


def test_fresh_empties_data_of_any_version(path: Path) -> None:
    begin(path)
    (path / "VERSION").write_text("7\n")
    (path / "kafka").mkdir()
    (path / "kafka" / "old").touch()
    begin(path, is_fresh=True)
    assert (path / "VERSION").read_text() == "1\n"
    assert not (path / "kafka").exists()


def test_a_folder_of_somebody_elses_is_neither_used_nor_emptied(path: Path) -> None:
    path.mkdir()
    (path / "letters.txt").write_text("dear")
    for is_fresh in (False, True):
        with pytest.raises(Trouble, match="holds other files and no data of Shouwang"):
            begin(path, is_fresh)
    assert [each.name for each in path.iterdir()] == ["letters.txt"]


def test_a_demo_stays_a_demo(path: Path) -> None:
    begin(path)
    folder = DataFolder(path)
    assert folder.mode(None) is True
    assert folder.mode(False) is False  # nothing was written yet, so the choice is still open
    folder.keep_mode(True)
    assert folder.mode(None) is True
    with pytest.raises(Trouble, match="are a demo's: start without --no-demo"):
        folder.mode(False)
    folder.keep_mode(False)
    with pytest.raises(Trouble, match="are no demo's: start with --no-demo"):
        folder.mode(True)


def test_a_full_disk_is_told_before_anything_is_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: Usage(10, 10, 20_000_000))
    with pytest.raises(Trouble, match=r"is full \(20 MB left\): free 500 MB or more"):
        begin(path)
    assert not path.exists()


def test_a_path_that_kafka_would_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="without comma"):
        begin(tmp_path / "a,b")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "The disk is full at /d: free 1 GB"),
        (errno.EACCES, r"No permission at /d: make it yours \(chown\)"),
        (errno.EROFS, "Only reading is allowed at /d: take a folder on a writable disk"),
        (errno.EIO, "at /d: check the disk"),
    ],
)
def test_an_error_of_the_disk_is_one_sentence_with_its_remedy(number: int, sentence: str) -> None:
    trouble = of_disk(OSError(number, "Input/output error", "/d"))
    assert "\n" not in str(trouble)
    with pytest.raises(Trouble, match=sentence):
        raise trouble
