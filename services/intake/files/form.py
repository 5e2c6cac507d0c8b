"""What a file is, by its bytes; its name only tells the .et of WPS from the .xls that it is inside."""

import io
import re
import zipfile
import zlib

from services.intake.files import text, workbook
from services.intake.files.reasons import Unreadable
from services.intake.files.table import Sheet

NAME_MAX = 120
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHERS = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BM", b"{\\rtf")
"""PDF, pictures, archives, RTF."""
_HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype\s+html|<(html|head|body|table|meta)|mime-version:)",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"\s*<(\?xml|workbook|\?mso)", re.IGNORECASE)


_DAMAGED = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError, OverflowError,
    OSError,
)  # fmt: skip
"""What zipfile raises over an archive that is cut off, or was never one."""


def sheets_of(content: bytes, name: str, known: text.Known) -> list[Sheet]:
    """The sheets of a file; a text is one sheet without a name. Raises Unreadable."""
    if not content.strip():
        raise Unreadable("empty_file")
    if name.lower().endswith((".et", ".ett")):
        raise Unreadable("et_file")
    if content.startswith(ZIP):
        return _zipped(content)
    if content.startswith(OLE):
        return workbook.xls(content)
    head = content[:4096].removeprefix(b"\xef\xbb\xbf")
    if _HTML.match(head):
        raise Unreadable("html_as_xls")
    if _XML.match(head):
        raise Unreadable("xml_spreadsheet" if b"spreadsheet" in content[:4096].lower() else "not_a_table")
    if content.startswith(_OTHERS) and b"," not in content[:64]:
        raise Unreadable("not_a_table")
    return [text.sheet(content, known)]


def shown_name(name: str | None) -> str:
    """A file's name without folders, line ends and what else it may smuggle; at most 120 characters."""
    last = re.split(r"[\\/]", name or "")[-1]
    return "".join(sign for sign in last if sign.isprintable())[-NAME_MAX:].strip() or "file"


def _zipped(content: bytes) -> list[Sheet]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _office(content, archive)
    except _DAMAGED:
        raise Unreadable("file_damaged") from None


def _office(content: bytes, archive: zipfile.ZipFile) -> list[Sheet]:
    names = set(archive.namelist())
    if any(one.flag_bits & 1 for one in archive.infolist()):
        raise Unreadable("password_protected")
    if "xl/workbook.bin" in names:
        raise Unreadable("xlsb_file")
    if "content.xml" in names and "mimetype" in names:
        raise Unreadable("ods_file")
    if "[Content_Types].xml" not in names or not any(one.startswith("xl/") for one in names):
        raise Unreadable("not_a_table")
    return workbook.xlsx(content, archive)
