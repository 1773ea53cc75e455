"""Repeats, endings and jumps of MusicXML, by barlines, by <sound> attributes and by words."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from scoretok.formats.playing_order import Marks, parse_endings, signs_of_words


def read_marks(root: Element) -> list[Marks]:
    """Repeats, endings and jumps of every measure, from whichever part has them."""
    rows = [list(part.iterfind("measure")) for part in root.iterfind("part")]
    count = max(map(len, rows), default=0)
    found = [[_signs(row[number]) for row in rows if number < len(row)] for number in range(count)]
    return [_mark({name: value for signs in every for name, value in signs.items()}) for every in found]


def _mark(signs: dict) -> Marks:
    return Marks(**{name: value for name, value in signs.items() if value})


def _signs(measure: Element) -> dict:
    """What one measure of one part says, as fields of Marks."""
    signs: dict = {}
    for barline in measure.iter("barline"):
        repeat, ending = barline.find("repeat"), barline.find("ending")
        for sign in ("segno", "coda"):
            if barline.get(sign) or barline.find(sign) is not None:
                signs[sign] = True
        if repeat is not None and repeat.get("direction") == "forward":
            signs["repeat_from"] = True
        elif repeat is not None:
            times = repeat.get("times", "2")
            signs["repeat_times"] = int(times) if times.isdecimal() and len(times) < 6 else 2
        if ending is not None and ending.get("type") == "start":
            signs["endings"] = parse_endings(ending.get("number") or ending.text or "") or frozenset((1,))
        elif ending is not None:
            signs["ends_ending"] = True
    for child in measure:
        if child.tag in ("sound", "direction"):
            signs |= dict(_jump_signs(child))
    return signs


_FLAGS = {"segno": "segno", "coda": "coda", "tocoda": "to_coda", "fine": "fine"}


def _jump_signs(element: Element) -> Iterator[tuple[str, object]]:
    """Segno, Coda, Fine, D.C. and D.S. of a <sound> or <direction>: the attributes count, then the words."""
    sounds = [element] if element.tag == "sound" else element.findall("sound")
    said = {name for sound in sounds for name in (*_FLAGS, "dacapo", "dalsegno") if sound.get(name) not in (None, "no")}
    written = signs_of_words(" ".join(one.text or "" for one in element.iter("words")))
    yield from ((_FLAGS[name], True) for name in said & set(_FLAGS))
    if said & {"dacapo", "dalsegno"}:
        yield from (("jump", "capo" if "dacapo" in said else "segno"), ("until", written.get("until", "")))
    elif written:
        yield from written.items()
    elif not said:
        yield from ((tag, True) for tag in ("segno", "coda") if next(element.iter(tag), None) is not None)
