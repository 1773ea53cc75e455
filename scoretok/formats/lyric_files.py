"""Words with times: LRC (also by syllable), as players show them, and SRT subtitles. Written, not read."""

from pathlib import Path

from scoretok.errors import ScoretokError
from scoretok.files import write_text
from scoretok.sheet import LeadSheet
from scoretok.sung_lines import SungLine, line_text, sung_lines


def write(sheet: LeadSheet, path: str | Path, by_syllable: bool = False) -> None:
    """Write .lrc or .srt, whole or not at all. Raises ScoretokError when no words are sung."""
    lines = sung_lines(sheet)
    if not lines:
        raise ScoretokError(f"{path} is not written: the score has no sung words")
    text = srt_text(lines) if Path(path).suffix.lower() == ".srt" else lrc_text(lines, sheet.title, by_syllable)
    write_text(text, path)


def lrc_text(lines: list[SungLine], title: str = "", by_syllable: bool = False) -> str:
    """LRC: a line of words behind its time; by syllable (enhanced LRC) each behind its own, in <>."""
    head = [f"[ti:{title}]"] if title else []
    rows = [f"[{_minutes(line[0].start_s)}]{_timed(line) if by_syllable else line_text(line)}" for line in lines]
    return "\n".join([*head, "[re:scoretok]", *rows]) + "\n"


def _timed(line: SungLine) -> str:
    parts = [f"<{_minutes(one.start_s)}>{one.text}{' ' if one.word_end else ''}" for one in line]
    return "".join(parts).rstrip() + f"<{_minutes(line[-1].end_s)}>"


def srt_text(lines: list[SungLine]) -> str:
    """SubRip: numbered lines of words, each with the time it is shown, at least a second, to the next one at most."""
    starts = [line[0].start_s for line in lines]
    rows = []
    for number, line in enumerate(lines, 1):
        following = starts[number] if number < len(lines) else float("inf")
        end = max(min(max(line[-1].end_s, line[0].start_s + 1), following), line[0].start_s + 0.001)
        rows.append(f"{number}\n{_hours(line[0].start_s)} --> {_hours(end)}\n{line_text(line)}\n")
    return "\n".join(rows)


def _minutes(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _hours(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    whole = thousandths // 1000
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d},{thousandths % 1000:03d}"
