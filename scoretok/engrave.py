"""Engraved notation as SVG or PDF, by verovio."""

import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from scoretok.bars import join_notes
from scoretok.errors import ScoretokError, ScoretokWarning
from scoretok.extras import require
from scoretok.files import write_text, write_with
from scoretok.formats.musicxml_write import musicxml_text
from scoretok.sheet import LeadSheet

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# SMuFL signs inside text, which only music fonts have, and plain characters for them.
PLAIN_SIGNS = {
    "\uea64": "♭", "\uea65": "♮", "\uea66": "♯", "\ue260": "♭", "\ue261": "♮", "\ue262": "♯",
    "\ued60": "♭", "\ued61": "♮", "\ued62": "♯", "\ueca5": "♩", "\ue1d5": "♩", "\ueca7": "♪",
    "\uecb7": ".", "\ue870": "°", "\ue871": "ø", "\ue872": "+", "\ue873": "△",
}  # fmt: skip
READABLE_GRIDS = (6, 8)  # sixteenths, eighth triplets
TEXT_SCALE = 0.85  # the common font is wider than verovio's
SIGN = re.compile(" ?([\ue000-\uf8ff]) ?")


def engrave(sheet: LeadSheet, path: str | Path, exact: bool = False) -> int:
    """Write notation to .svg (one long page) or .pdf (A4 pages) and return the number of pages.

    Unless `exact`, a score that was played freely is moved to sixteenths so that it can be read.
    Raises ScoretokError when packages are missing or there is nothing to engrave.
    """
    if not sheet.tracks:
        raise ScoretokError("there is nothing to engrave: the score has no tracks")
    suffix = Path(path).suffix.lower()
    pages = list(svg_pages(sheet if exact else readable(sheet), one_page=suffix == ".svg"))
    if suffix == ".svg":
        write_text(pages[0], path)
    else:
        write_with(lambda temporary: temporary.write_bytes(_pdf(pages)), path)
    return len(pages)


def readable(sheet: LeadSheet) -> LeadSheet:
    """The score itself when nearly all onsets lie on sixteenths or triplets, else with all on sixteenths."""
    onsets = [
        note.start_ticks - sheet.bar_starts[sheet.bar_at(note.start_ticks)] for t in sheet.tracks for note in t.notes
    ]
    off = sum(all(onset % grid for grid in (*READABLE_GRIDS, 3)) for onset in onsets)
    if off <= 0.03 * len(onsets):
        return sheet
    warnings.warn(f"{off} of {len(onsets)} notes lie between the lines of the grid and are engraved on the nearest"
                  " sixteenth (--exact keeps them)", ScoretokWarning, stacklevel=3)  # fmt: skip
    tracks = []
    for track in sheet.tracks:
        moved = [
            n._replace(start_ticks=_on_grid(n.start_ticks), duration_ticks=max(_on_grid(n.duration_ticks), 6))
            for n in track.notes
        ]
        tracks.append(replace(track, notes=join_notes(n for n in moved if n.start_ticks < sheet.end_ticks)))
    chords = {_on_grid(c.start_ticks): replace(c, start_ticks=_on_grid(c.start_ticks)) for c in sheet.chords}
    return replace(sheet, tracks=tuple(tracks), chords=tuple(c for t, c in chords.items() if t < sheet.end_ticks))


def _on_grid(ticks: int) -> int:
    return (ticks + 3) // 6 * 6


def svg_pages(sheet: LeadSheet, one_page: bool) -> Iterator[str]:
    """Engrave to SVG texts whose words need no music font."""
    verovio = require("verovio", "notation", "engraving")
    toolkit = verovio.toolkit(False)
    # The path that is set on import holds for the thread that imports alone.
    toolkit.setResourcePath(str(Path(str(verovio.__file__)).with_name("data")))
    options = {
        "scale": 32,
        "footer": "none",
        "header": "auto",
        "pageWidth": 2100,
        "condense": "none",
        "lyricTopMinMargin": 3.0,
    }
    if one_page:
        options |= {"pageHeight": 60000, "adjustPageHeight": True}
    else:
        options |= {"pageHeight": 2970}
    toolkit.setOptions(options)
    if not toolkit.loadData(_without_hidden(musicxml_text(sheet))):
        raise ScoretokError("verovio could not engrave the score")
    for page in range(1, toolkit.getPageCount() + 1):
        yield plain_texts(toolkit.renderToSVG(page))


def _without_hidden(musicxml: str) -> str:
    """MusicXML without what is marked as not printed, which verovio prints all the same."""
    root = ET.fromstring(musicxml)  # noqa: S314 - our own output
    for parent in root.iter():
        for child in list(parent):
            if child.get("print-object") == "no":
                parent.remove(child)
    return ET.tostring(root, encoding="unicode")


def plain_texts(svg: str) -> str:
    """Put every text of an SVG into one element in a common font, music signs as plain characters.

    Verovio nests spans in fonts that other programs do not have; they then overlap or show as boxes.
    """
    ET.register_namespace("", SVG)
    ET.register_namespace("xlink", XLINK)
    root = ET.fromstring(svg)  # noqa: S314 - verovio's own output
    for text in root.iter(f"{{{SVG}}}text"):
        said = "".join(_said(text))
        words = SIGN.sub(r"\1", re.sub(r"[ \n\u00a0]+", " ", said).strip(" "))
        styles: dict[str, str] = {}
        for span in text.iter(f"{{{SVG}}}tspan"):
            for name in ("x", "y", "text-anchor", "font-size", "font-weight", "font-style"):
                value = span.get(name)
                if value and value != "0px" and name not in styles:
                    styles[name] = value
        for child in list(text):
            text.remove(child)
        for name, value in styles.items():
            text.set(name, value if name != "font-size" else f"{float(value.removesuffix('px')) * TEXT_SCALE:g}px")
        text.set("font-family", "DejaVu Sans, sans-serif")
        text.text = "".join(PLAIN_SIGNS.get(char, char) for char in words).replace("♩=", "♩ =")
    return ET.tostring(root, encoding="unicode")


def _said(element: ET.Element) -> Iterator[str]:
    """The texts of an element, without the titles and descriptions in it."""
    if element.tag not in (f"{{{SVG}}}title", f"{{{SVG}}}desc"):
        yield element.text or ""
        for child in element:
            yield from _said(child)
            yield child.tail or ""


def _pdf(pages: list[str]) -> bytes:
    svglib = require("svglib.svglib", "notation", "writing PDF")
    from reportlab.graphics import renderPDF
    from reportlab.pdfgen.canvas import Canvas

    _register_font()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=True)
    for page in pages:
        drawing = svglib.svg2rlg(io.BytesIO(_flat(page).encode()))
        scale = 595 / drawing.width
        canvas.setPageSize((595, max(drawing.height * scale, 100)))
        drawing.scale(scale, scale)
        renderPDF.draw(drawing, canvas, 0, 0)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _flat(page: str) -> str:
    """A page for svglib, which wants plain numbers, no nested drawing, and the font by its registered name."""
    root = ET.fromstring(page)  # noqa: S314 - verovio's own output
    width = float(root.get("width", "840px").removesuffix("px"))
    for name in ("width", "height"):
        root.set(name, root.get(name, "").removesuffix("px"))
    for inner in root.iterfind(f"{{{SVG}}}svg"):
        scale = width / float(inner.get("viewBox", "0 0 21000 0").split()[2])
        inner.tag = f"{{{SVG}}}g"
        del inner.attrib["viewBox"]
        inner.set("transform", f"scale({scale:g})")
    return ET.tostring(root, encoding="unicode").replace("DejaVu Sans, sans-serif", "DejaVuSans")


def _register_font() -> None:
    """Make DejaVu Sans, which matplotlib ships, known to the PDF writer."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    matplotlib = require("matplotlib", "plot", "writing PDF")
    folder = Path(str(matplotlib.get_data_path())) / "fonts" / "ttf"
    for name, file in (("DejaVuSans", "DejaVuSans"), ("DejaVuSans-Bold", "DejaVuSans-Bold")):
        pdfmetrics.registerFont(TTFont(name, folder / f"{file}.ttf"))
    pdfmetrics.registerFontFamily("DejaVuSans", normal="DejaVuSans", bold="DejaVuSans-Bold", italic="DejaVuSans",
                                  boldItalic="DejaVuSans-Bold")  # fmt: skip
