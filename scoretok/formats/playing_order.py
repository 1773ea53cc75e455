"""Repeats, endings and jumps (D.C., D.S., Fine, Coda): the measures of a score in the order they sound."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scoretok.errors import ScoretokError
from scoretok.parts import MAX_BARS


@dataclass(frozen=True)
class Marks:
    """What stands at the bar lines of a measure and above it.

    `repeat_times` is how often a repeat sign at its end has the music before it played (0 without a sign);
    `endings` are the passes that an ending beginning here is for. `jump` is "capo" or "segno" where the music goes
    back at the end of the measure, and `until` "fine" or "coda" where the jump says how far it then goes.
    """

    repeat_from: bool = False
    repeat_times: int = 0
    endings: frozenset[int] = frozenset()
    ends_ending: bool = False
    segno: bool = False
    coda: bool = False
    to_coda: bool = False
    fine: bool = False
    jump: str = ""
    until: str = ""


@dataclass(frozen=True)
class _Ending:
    """The measures of an ending, for some passes; whether a repeat follows."""

    measures: range
    passes: frozenset[int]
    repeats: bool


def playing_order(marks: Sequence[Marks]) -> list[int]:
    """The measures (counted from 0) as they are played.

    Repeats are played as often as their signs or endings say. After D.C. and D.S. they are not taken again and of
    several endings the last is played, up to Fine or on to the Coda (Gould, "Behind Bars" (2011), chapter 9).
    Raises ScoretokError when that is more measures than a score has.
    """
    marks = _with_to_coda(marks)
    order: list[int] = []
    taken: set[int] = set()
    begin, jumped, until = 0, False, ""
    while begin < len(marks):
        last_coda = max((i for i, mark in enumerate(marks) if mark.coda), default=-1)
        places = range(begin, len(marks))
        stop = next((i for i in places if _leaves(marks[i], jumped, until, i in taken, i < last_coda)), None)
        if stop is None:
            return order + _repeated(marks, range(begin, len(marks)), jumped)
        order += _repeated(marks, range(begin, stop + 1), jumped)
        if jumped and marks[stop].fine and until != "coda":
            return order
        if jumped and marks[stop].to_coda and until != "fine" and stop < last_coda:
            begin = next(i for i in range(stop + 1, len(marks)) if marks[i].coda)
            jumped = False
            continue
        taken.add(stop)
        begin = _segno_before(marks, stop) if marks[stop].jump == "segno" else 0
        jumped, until = True, marks[stop].until
    return order


def _with_to_coda(marks: Sequence[Marks]) -> Sequence[Marks]:
    """Of two coda signs without "To Coda", the first says where to leave."""
    codas = [number for number, mark in enumerate(marks) if mark.coda]
    if len(codas) < 2 or not any(mark.jump for mark in marks) or any(mark.to_coda for mark in marks):
        return marks
    first = codas[0]
    return [*marks[:first], replace(marks[first], to_coda=True, coda=False), *marks[first + 1 :]]


def _leaves(mark: Marks, jumped: bool, until: str, taken: bool, coda_follows: bool) -> bool:
    """Whether the music does not simply go on behind a measure."""
    ends = jumped and ((mark.fine and until != "coda") or (mark.to_coda and until != "fine" and coda_follows))
    return ends or (bool(mark.jump) and not taken)


def _segno_before(marks: Sequence[Marks], stop: int) -> int:
    signs = [i for i, mark in enumerate(marks) if mark.segno]
    return max((i for i in signs if i <= stop), default=signs[0] if signs else 0)


def _repeated(marks: Sequence[Marks], measures: range, once: bool) -> list[int]:
    """The measures of a stretch without jumps, its repeats taken, or with the last of its endings alone.

    Repeats may stand inside each other; a sign that nothing opened repeats from the end of the last one.
    """
    order: list[int] = []
    opened: list[int] = []  # places in `order` at which repeats that are not closed yet begin
    last_end = 0
    at = measures.start
    while at < measures.stop:
        if marks[at].repeat_from:
            opened.append(len(order))
        begin = opened[-1] if opened else last_end
        if marks[at].endings:
            endings = _endings(marks, at, measures.stop)
            order += endings[-1].measures if once else _passes(order[begin:], endings)
            at = endings[-1].measures.stop
        else:
            order.append(at)
            at += 1
            if not marks[at - 1].repeat_times:
                continue
            order += order[begin:] * (0 if once else min(marks[at - 1].repeat_times - 1, MAX_BARS))
        opened, last_end = opened[:-1], len(order)
        if len(order) > MAX_BARS:
            raise ScoretokError(f"its repeats make more than {MAX_BARS} bars; cut it")
    return order


def _endings(marks: Sequence[Marks], at: int, limit: int) -> list[_Ending]:
    """The endings that follow each other from a measure on."""
    endings: list[_Ending] = []
    while at < limit and marks[at].endings and not (endings and marks[at].repeat_from):
        stop = at + 1
        while stop < limit and not (marks[stop - 1].repeat_times or marks[stop - 1].ends_ending):
            if marks[stop].endings or marks[stop].repeat_from:
                break
            stop += 1
        more = stop < limit and bool(marks[stop].endings)
        repeats = bool(marks[stop - 1].repeat_times) or more
        if not repeats and not marks[stop - 1].ends_ending:
            stop = at + 1  # the last ending simply goes on
        endings.append(_Ending(range(at, stop), marks[at].endings, repeats))
        at = stop
    return endings


def _passes(common: list[int], endings: list[_Ending]) -> list[int]:
    """What sounds after the first time through `common`: ending, common, ending, ..."""
    order: list[int] = []
    number = 1
    while True:
        ending = next((ending for ending in endings if number in ending.passes), None)
        if ending is None:
            return order if number > 1 else [*order, *range(endings[0].measures.start, endings[-1].measures.stop)]
        order += ending.measures
        number += 1
        if not ending.repeats:
            return order
        if not any(number in other.passes for other in endings):
            return [*order, *(common if len(endings) == 1 else ())]  # a lone first ending: then on behind it
        order += common


def parse_endings(text: str) -> frozenset[int]:
    """The passes of an ending: '1', '1,3', '1-3'."""
    passes: set[int] = set()
    for first, last in re.findall(r"(\d{1,2})(?:-(\d{1,2}))?", text):
        passes |= set(range(int(first), int(last or first) + 1))
    return frozenset(passes)


_JUMP = re.compile(
    r"(?:(?P<capo>D\.?\s?C\.?|da\s+capo)|(?P<segno>D\.?\s?S\.?|dal\s+segno))(?![a-z])(?:.*\bal\s+(?P<until>fine|coda))?.*",
    re.IGNORECASE,
)


def signs_of_words(words: str) -> dict[str, str | bool]:
    """What words above a measure say of where the music goes ('D.C. al Fine', 'To Coda'), as fields of Marks."""
    words = re.sub("[\U0001d10c\ue048]", "coda", re.sub("[\U0001d10b\ue047]", "segno", words)).strip()
    if match := _JUMP.fullmatch(words):
        return {"jump": "capo" if match["capo"] else "segno", "until": (match["until"] or "").lower()}
    if re.fullmatch(r"fine\.?", words, re.IGNORECASE):
        return {"fine": True}
    if re.fullmatch(r"(?:to|al)\s+coda\b.*", words, re.IGNORECASE):
        return {"to_coda": True}
    if match := re.fullmatch(r"(segno|coda)\b.{0,8}", words, re.IGNORECASE):
        return {match[1].lower(): True}
    return {}
