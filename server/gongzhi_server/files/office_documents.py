"""Office documents: what a docx, xlsx or pptx may hold, looked at before any library opens it.

Such a document is an archive of XML. It may unfold to much more than was sent, make a parser unfold it, and make the
program of whoever opens it load a template, a picture or a program from elsewhere.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from xml.parsers import expat

from gongzhi.runtime.file_checks import DocumentLimits, UnfitFile

MB = 1_000_000

CHUNK = 65_536
PROLOG, RELATIONS, TEXT = 1 * MB, 5 * MB, 20 * MB
"""Bytes of a part within which its first element must begin, of one that names others, and of a text with fields."""
SMALL = 5 * MB
"""Bytes of a part up to which it does not matter how well it was packed."""
BOMB_RATIO = 100
END, DIRECTORY = 22, 2 * MB
"""Bytes of the end of an archive, and of its directory: some hundred for each of its entries."""
PROGRAMS = (
    *(".bat", ".bin", ".cmd", ".com", ".dll", ".exe", ".hta", ".jar", ".js", ".jse", ".lnk", ".msi", ".ps1", ".scr"),
    *(".vbe", ".vbs", ".wsf", ".wsh"),
)
PRINTERS = re.compile(r"(xl|word|ppt)/printersettings/[^/]*\.bin")
"""What office programs write about the printer; nothing in it is run."""
ARCHIVES = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
"""How an archive or an OLE file begins that lies in a document."""
ACTIVE = re.compile(r"macroEnabled|vbaProject|vbaData|activeX|customUI|keyMapCustomizations", re.IGNORECASE)
"""What the type of a part has in it that is run."""
RUN = {"vbaproject", "wordvbadata", "control", "activexcontrolbinary", "attachedtoolbars", "extensibility"}
RUN |= {"keymapcustomizations"}
EMBEDDED = {"oleobject", "package", "afchunk", "subdocument"}
REMOTE = {"externallink", "externallinkpath", "connections", "attachedtemplate", "querytable"}
"""The last words of the kinds of relations that run, embed or load something."""
LINK = re.compile(r"(https?|mailto|tel):|#", re.IGNORECASE)
"""What somebody who reads the document may click on."""
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|\\", re.IGNORECASE)
FIELD = re.compile(
    r"\W*+(DDE|DDEAUTO|DATABASE|IMPORT|INCLUDE|INCLUDETEXT|INCLUDEPICTURE|LINK|MACROBUTTON)\b", re.IGNORECASE
)
"""How a field of a text begins that loads or runs something."""


def check_document(file: BinaryIO, limits: DocumentLimits | None = None) -> None:
    """Raise UnfitFile unless this is a whole docx, xlsx or pptx that runs, embeds and loads nothing."""
    try:
        with open_archive(file) as archive:
            check_archive(archive, limits)
            # Programs find a part whatever the case of its name.
            names = {name.lower(): name for name in archive.namelist()}
            if "[content_types].xml" not in names:
                raise damaged_document()
            for lower, name in names.items():
                check_name(lower)
                check_content(archive, lower, name)
    except UNREADABLE:
        raise damaged_document() from None


def check_packed(file: BinaryIO, limits: DocumentLimits | None = None) -> None:
    """Raise UnfitFile for an archive that unfolds to more than `limits`, whatever it says and loads."""
    try:
        with open_archive(file) as archive:
            check_archive(archive, limits)
    except UNREADABLE:
        raise damaged_document() from None


UNREADABLE = (zipfile.BadZipFile, expat.ExpatError, OSError, EOFError, NotImplementedError, RuntimeError, KeyError)
"""What libraries raise for an archive that is none."""


def open_archive(file: BinaryIO) -> zipfile.ZipFile:
    """Open an archive whose directory is of a bearable size: zipfile reads all of it before anybody can count.

    Raises zipfile.BadZipFile. Archives in the form for more than 4 GB are refused: their size stands elsewhere.
    """
    end = file.seek(0, io.SEEK_END)
    # The record at the end is followed by a comment of 65,535 bytes at most.
    file.seek(max(0, end - END - 65_535))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    # The second mark is that of the form for more than 4 GB, right before the record.
    if at < 0 or len(tail) < at + END or b"PK\x06\x07" in tail[:at][-20:]:
        raise zipfile.BadZipFile("no end of an archive")
    if int.from_bytes(tail[at + 12 : at + 16], "little") > DIRECTORY:
        raise zipfile.BadZipFile("too large a directory")
    return zipfile.ZipFile(file)


def check_archive(archive: zipfile.ZipFile, limits: DocumentLimits | None = None) -> None:
    """Raise UnfitFile for an archive that unfolds to more than `limits`, or whose XML has a DTD.

    The sizes are those that the archive says; zipfile reads no more of an entry than that.
    """
    limits, entries = limits or DocumentLimits(), archive.infolist()
    if len(entries) > limits.entries or sum(entry.file_size for entry in entries) > limits.total:
        raise oversized_document()
    if len({entry.filename.lower() for entry in entries}) < len(entries):
        raise damaged_document()  # programs would disagree about which of the two it is
    for entry in entries:
        name, size = entry.filename, entry.file_size
        # Encrypted, or with a name that leads out of the folder it is unpacked into.
        if entry.flag_bits & 1 or ".." in name.split("/") or name.startswith("/") or "\\" in name:
            raise damaged_document()
        if size > limits.part or (size > SMALL and size > BOMB_RATIO * entry.compress_size):
            raise oversized_document()
        if not entry.is_dir():
            check_prolog(archive, entry)


def check_prolog(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> None:
    """Raise UnfitFile for an archive in the archive, and for XML with a DTD, where entities would be."""
    with archive.open(entry) as part:
        head = part.read(CHUNK)
        if head.startswith(ARCHIVES):
            raise embedded_file()
        if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in head[:4] and b"<" in head[:4]:
            raise damaged_document()  # XML in UTF-16, which office programs do not write
        # No XML, so it declares nothing.
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            return
        parser, read = prolog_parser(), 0
        # Until the first element begins: a DTD stands before it or not at all.
        while head and read < PROLOG:
            try:
                parser.Parse(head, False)
            except Begun:
                return
            read += len(head)
            head = part.read(CHUNK)
    raise damaged_document()


class Begun(Exception):
    """The first element has begun: what comes before it, and nothing else, may hold a DTD."""


def prolog_parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        raise Begun

    def refuse(*_: Any) -> None:
        raise UnfitFile(
            "The document declares entities or a document type, which no office program writes; save it anew.",
            "文件含有实体或文档类型声明，请用办公软件重新另存后上传。",
        )

    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    return parser


def check_name(name: str) -> None:
    """Raise UnfitFile for a part that by its name is a program, a file of its own or a link to elsewhere."""
    if name.endswith(PROGRAMS) and not PRINTERS.fullmatch(name):
        raise embedded_file() if "/embeddings/" in name else active_content()
    if "/embeddings/" in name:
        raise embedded_file()
    if "/externallinks/" in name or name.endswith("/connections.xml"):
        raise external_reference()


def check_content(archive: zipfile.ZipFile, lower: str, name: str) -> None:
    """Raise UnfitFile for a part that says the document runs, embeds or loads something."""
    # By types and relations a document says what it runs and loads.
    if lower == "[content_types].xml":
        for _, attributes in iterate_elements(read_part(archive, name, RELATIONS)):
            if ACTIVE.search(attributes.get("ContentType", "")):
                raise active_content()
    elif lower.endswith(".rels"):
        for _, attributes in iterate_elements(read_part(archive, name, RELATIONS)):
            check_relation(attributes)
    elif lower.startswith("word/") and lower.endswith(".xml"):
        whole = read_part(archive, name, TEXT)
        # Parsed a second time only where the text has fields. Line by line: a search through all of it would stop every
        # other thread meanwhile.
        if (b"instrText" in whole or b"fldSimple" in whole) and any(map(FIELD.match, io.StringIO(read_fields(whole)))):
            raise external_reference()


def check_relation(attributes: Mapping[str, str]) -> None:
    kind, target = attributes.get("Type", ""), attributes.get("Target", "").strip()
    word = kind.rpartition("/")[2].lower()
    if word in RUN:
        raise active_content()
    # A target may lie elsewhere without saying so.
    outside = attributes.get("TargetMode", "").lower() == "external" or ELSEWHERE.match(target)
    # A link that a reader may click on loads nothing by itself.
    if outside and not (word == "hyperlink" and LINK.match(target)):
        raise external_reference()
    if word in EMBEDDED:
        raise embedded_file()
    if word in REMOTE:
        raise external_reference()


def read_part(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise oversized_document()
    return archive.read(name)


def iterate_elements(raw: bytes) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the elements of a part with their attributes, both without prefixes."""
    found: list[tuple[str, Mapping[str, str]]] = []

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        found.append((local_name(name), {local_name(key): value for key, value in attributes.items()}))

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.Parse(raw, True)
    yield from found


def read_fields(raw: bytes) -> str:
    """Return the instructions of a text's fields, a line for each. One that is cut into runs is put together again."""
    pieces: list[str] = []
    inside = 0

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal inside
        if local_name(name) == "instrText":
            inside += 1
        # Each field stands on a line of its own, for its first word tells what it does.
        elif local_name(name) in ("fldChar", "fldSimple"):
            pieces.append("\n")
            pieces.extend(value for key, value in attributes.items() if local_name(key) == "instr")
            pieces.extend("\n" for key in attributes if local_name(key) == "instr")

    def end(name: str) -> None:
        nonlocal inside
        inside -= local_name(name) == "instrText"

    def text(said: str) -> None:
        if inside:
            pieces.append(said)

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, text
    parser.Parse(raw, True)
    return "".join(pieces)


def local_name(name: str) -> str:
    return name.rpartition(":")[2]


def damaged_document() -> UnfitFile:
    return UnfitFile("The document is damaged, or it is no docx or xlsx.", "文件已损坏，或不是 docx、xlsx 文件。")


def oversized_document() -> UnfitFile:
    return UnfitFile(
        "The document is much larger inside than it was sent; split it, or send a PDF.",
        "文件解压后过大，请拆分，或改传 PDF。",
    )


def active_content() -> UnfitFile:
    return UnfitFile(
        "The document holds macros, controls or programs; save it as a plain docx or xlsx, or send a PDF.",
        "文件含有宏、控件或程序，请另存为普通 docx、xlsx，或改传 PDF。",
    )


def embedded_file() -> UnfitFile:
    return UnfitFile(
        "Another file is embedded in the document; take it out, or send a PDF.",
        "文件内嵌有其他文件，请删去，或改传 PDF。",
    )


def external_reference() -> UnfitFile:
    return UnfitFile(
        "The document loads a template, a picture or another file from elsewhere; remove that, or send a PDF.",
        "文件会从别处加载内容（远程模板、链接图片或外部文件），请删去，或改传 PDF。",
    )
