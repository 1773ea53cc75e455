"""MusicXML put right before music21 reads it: limits, chords, harmonies and keys."""

import math
import re
from xml.etree.ElementTree import Element

from scoretok.errors import ScoretokError, quoted, warn

MAX_NUMBER = 10**7  # no count or duration of a score that can be read is larger
MAX_BEATS, MAX_BEAT_TYPE, MAX_FIFTHS = 256, 128, 14
# Elements whose text is for people.
_TEXTS = frozenset((
    "words", "text", "credit-words", "rehearsal", "miscellaneous-field", "work-title", "work-number", "movement-title",
    "movement-number", "creator", "rights", "source", "software", "encoding-date", "encoder", "encoding-description",
    "part-name", "part-abbreviation", "instrument-name", "display-text", "footnote", "kind", "lyricist", "relation",
))  # fmt: skip
_NUMBER = re.compile(r"\s*([+-]?\d*\.?\d*(?:[eE][+-]?\d+)?)\s*")
_SHARPS = "FCGDAEB"


def check_numbers(root: Element) -> None:
    """Raise ScoretokError for numbers that no score has; music21 would count to them."""
    for element in root.iter():
        text = (element.text or "").strip()
        if text and element.tag not in _TEXTS and _NUMBER.fullmatch(text) and any(c.isdigit() for c in text):
            value = float(text) if len(text) < 400 else math.inf
            if not abs(value) <= MAX_NUMBER:
                raise ScoretokError(f"its <{element.tag}> {quoted(text)} is beyond what a score can hold")
    for time in root.iter("time"):
        _check_time(time)
    for name, least, most in (("fifths", -MAX_FIFTHS, MAX_FIFTHS), ("divisions", 1, MAX_NUMBER)):
        for element in root.iter(name):
            if not least <= number_in(element.text or "") <= most:
                raise ScoretokError(f"its <{name}> {quoted(element.text or '')} is not within {least} to {most}")
    for note in root.iter("note"):
        _check_note(note)


def _check_time(time: Element) -> None:
    written = f"{time.findtext('beats') or ''}/{time.findtext('beat-type') or ''}"
    for name, limit in (("beats", MAX_BEATS), ("beat-type", MAX_BEAT_TYPE)):
        for element in time.findall(name):
            numbers = [int(one) for one in re.findall(r"\d{1,9}", element.text or "")]
            note_value = name == "beats" or all(number & (number - 1) == 0 for number in numbers)
            if not numbers or not note_value or not all(1 <= number <= limit for number in numbers):
                raise ScoretokError(f"its time signature {quoted(written)} has no bar that fits a score")


def _check_note(note: Element) -> None:
    limits = (("pitch/octave", -1, 10), ("pitch/alter", -4, 4), ("duration", 0, MAX_NUMBER),
              ("time-modification/actual-notes", 1, 1000), ("time-modification/normal-notes", 1, 1000))  # fmt: skip
    for path, least, most in limits:
        text = note.findtext(path)
        if text is not None and not least <= number_in(text) <= most:
            raise ScoretokError(f"a note has {path.rpartition('/')[2]} {quoted(text)}; {least} to {most} fit")


def number_in(text: str) -> float:
    """A number, or NaN for what is none."""
    return float(text) if _NUMBER.fullmatch(text) and any(c.isdigit() for c in text) else math.nan


def join_chords(root: Element) -> None:
    """Put <chord/> notes right behind the note they sound with, whatever stands between."""
    for measure in root.iter("measure"):
        ordered: list[Element] = []
        behind = -1  # where the next chord note goes; -1 when there is no note that it could sound with
        for element in measure:
            if element.tag == "note" and element.find("chord") is not None and behind >= 0:
                ordered.insert(behind, element)
                behind += 1
                continue
            ordered.append(element)
            if element.tag == "note":
                behind = len(ordered)
            elif element.tag in ("backup", "forward") and number_in(element.findtext("duration") or "0"):
                behind = -1
        measure[:] = ordered


def spread_harmonies(root: Element) -> None:
    """Several harmonies before one note, without offsets, share its length in equal parts.

    A measure of harmonies alone gets a rest as long as its bar.
    """
    for part in root.iterfind("part"):
        bar = _BarLength()
        for measure in part.iterfind("measure"):
            bar.read(measure)
            waiting: list[Element] = []
            for element in measure:
                if element.tag == "harmony":
                    waiting.append(element)
                elif element.tag in ("note", "backup", "forward"):
                    ticks = number_in(element.findtext("duration") or "0") if element.tag != "backup" else 0
                    _spread(waiting, ticks)
                    waiting = []
            if waiting and measure.find("note") is None:
                _spread(waiting, bar.divisions)
                append(append(measure, "note"), "rest")
                append(measure[-1], "duration", f"{bar.divisions:g}")


class _BarLength:
    """The length of a bar in divisions, as the attributes of the measures so far say."""

    def __init__(self) -> None:
        self.quarter, self.quarters = 1.0, 4.0

    @property
    def divisions(self) -> float:
        """Divisions a bar."""
        return self.quarter * self.quarters

    def read(self, measure: Element) -> None:
        """Take what the attributes of a measure change."""
        for attributes in measure.iterfind("attributes"):
            self.quarter = number_in(attributes.findtext("divisions") or f"{self.quarter:g}")
            beats, beat_type = attributes.findtext("time/beats"), attributes.findtext("time/beat-type")
            if beats and beat_type:
                counts = [int(number) for number in re.findall(r"\d+", beats)]
                self.quarters = 4 * sum(counts) / number_in(beat_type)


def _spread(harmonies: list[Element], ticks: float) -> None:
    if len(harmonies) < 2 or any(one.find("offset") is not None for one in harmonies):
        return
    for place, harmony in enumerate(harmonies[1:], 1):
        append(harmony, "offset", f"{place * ticks / len(harmonies):g}")


def complete(root: Element) -> None:
    """Add what may be missing but music21 needs; make microtones the notes that they alter."""
    for part in root.iterfind("part"):
        first = part.find("measure")
        if first is not None and part.find("measure/attributes/divisions") is None:
            append(append(first, "attributes", at=0), "divisions", "1")
        if next(part.iter("senza-misura"), None) is not None:
            for rest in part.iter("rest"):
                rest.attrib.pop("measure", None)  # without a meter it lasts what its duration says
    for measure in root.iter("measure"):
        if measure.find("note") is None:  # music21 counts no time that only passes
            for forward in measure.iterfind("forward"):
                forward.tag = "note"
                forward[:] = [one for one in forward if one.tag == "duration"]
                append(forward, "rest", at=0)
    for transpose in root.iter("transpose"):
        if transpose.find("diatonic") is None:
            append(transpose, "diatonic", "0", at=0)
    bent = 0
    for alter in root.iter("alter"):
        value = number_in(alter.text or "0")
        if value != int(value):
            alter.text, bent = str(int(value)), bent + 1
    if bent:
        warn(f"{bent} notes between two keys were read as the written one", "repaired")


def append(parent: Element, tag: str, text: str = "", at: int | None = None) -> Element:
    """A new child of an element, at the end or before child `at`."""
    child = Element(tag)
    child.text = text
    parent.insert(len(parent) if at is None else at, child)
    return child


def simplify_keys(root: Element) -> None:
    """Keys written sign by sign become signatures of fifths; signs that ours do not have are left out, and said."""
    left_out: set[str] = set()
    for attributes in root.iter("attributes"):
        for key in attributes.findall("key"):
            if key.find("fifths") is None:
                fifths, others = _fifths_of(key)
                left_out |= others
                key[:] = []
                append(key, "fifths", str(fifths))
    if left_out:
        names = ", ".join(sorted(left_out)[:4])
        message = f"key signatures were read without the signs that ours do not have ({names}); set the key by an edit"
        warn(message, "repaired")


def _fifths_of(key: Element) -> tuple[int, set[str]]:
    """Sharps (flats negative) of a key written sign by sign, and the signs that belong to no such signature."""
    signs: dict[str, float] = {}
    for step, alter in zip(key.findall("key-step"), key.findall("key-alter"), strict=False):
        signs[(step.text or "").strip()] = number_in(alter.text or "")
    for order, sign in ((_SHARPS, 1), (_SHARPS[::-1], -1)):
        count = next((n for n, name in enumerate(order) if signs.get(name) != sign), 7)
        if count:
            others = {f"{one} {signs[one]:+g}" for one in signs if one not in order[:count] and signs[one] != 0}
            return sign * count, others
    return 0, {f"{letter} {value:+g}" for letter, value in signs.items() if value != 0}
