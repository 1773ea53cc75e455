"""Jobs of the studio that write scores: cells made anew, and whole songs.

What is written comes into the score as one named step. For cells, what stood there and what was written are both kept
as variants.
"""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from editing.studio.cell_variants import Cell, Variant, cell_notes, with_cell_notes
from editing.studio.jobs import Job, Report
from editing.studio.writers import check_asked
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from editing.studio.session import Session

Write = Callable[[LeadSheet, Report], LeadSheet]


def infill(session: "Session", cells: Collection[Cell], seed: int) -> Job:
    """Let some cells be written anew."""
    return _cells_job(
        session, f"infill {seed}", cells, lambda sheet, report: session.writers.infill(sheet, cells, seed, report)
    )


def vary(session: "Session", cells: Collection[Cell], keep: str, seed: int) -> Job:
    """Let variations of some cells be written, which keep their "rhythm" or their "contour"."""
    return _cells_job(
        session, f"vary {seed}", cells, lambda sheet, report: session.writers.vary(sheet, cells, keep, seed, report)
    )


def extend(session: "Session", bars: int, seed: int) -> Job:
    """Let the score go on for some bars."""
    name = f"continue for {bars} bars"
    return _score_job(session, name, lambda sheet, report: session.writers.extend(sheet, bars, seed, report))


def accompany(session: "Session", tracks: str, seed: int) -> Job:
    """Let more tracks play along: "piano bass:33 drums"."""
    name = f"accompany with {tracks}"
    return _score_job(session, name, lambda sheet, report: session.writers.accompany(sheet, tracks, seed, report))


def harmonise(session: "Session", seed: int) -> Job:
    """Let chords be chosen for the notes."""
    return _score_job(session, "harmonise", lambda sheet, report: session.writers.harmonise(sheet, seed, report))


def compose(session: "Session", prompt: str, plan: str, seed: int) -> Job:
    """Let a new song be written in the place of the score; its bars are seen as they come, in one step."""
    check_asked(prompt, plan)
    name, merge = f"compose {prompt or 'a plan'}", f"compose {session.project.version} {seed}"

    def run(report: Report) -> None:
        version = None
        for bars, sheet in enumerate(session.writers.compose(prompt, plan, seed), 1):
            session.edit(name, _instead(sheet), merge=merge, version=version)
            version = session.project.version
            report(min(1.0, bars / sheet.bar_count), "writing")

    return session.jobs.submit("compose", name, run)


def keep_variant(session: "Session", number: int) -> None:
    """Put a variant into the score. Raises ScoretokError."""
    variants = session.project.variants
    if not 0 <= number < len(variants):
        raise ScoretokError(f"there is no variant {number}; the first is 0")
    chosen = variants[number]
    session.edit(f"keep {chosen.name}", lambda sheet: with_cell_notes(sheet, chosen.notes))


def _cells_job(session: "Session", name: str, cells: Collection[Cell], write: Write) -> Job:
    """A job that writes some cells; whatever else of the score was changed meanwhile stays."""
    if not cells:
        raise ScoretokError("no cell is to be written; name bars and tracks")
    cell_notes(session.sheet, cells)  # says so where one is not there

    def run(report: Report) -> None:
        before = session.sheet
        made = cell_notes(write(before, report), cells)
        with session.lock:
            now = session.sheet
            if (now.bar_starts, now.track_ids) != (before.bar_starts, before.track_ids):
                raise ScoretokError("the bars or tracks of the score were changed while it was written; try again")
            session.project.add_variant(Variant(f"before {name}", cell_notes(now, cells)))
            session.project.add_variant(Variant(name, made))
            session.edit(name, lambda sheet: with_cell_notes(sheet, made))

    bars = sorted({bar for _, bar in cells})
    about = {"tracks": sorted({track for track, _ in cells}), "bars": bars}
    return session.jobs.submit("write", name, run, **about)


def _score_job(session: "Session", name: str, write: Write) -> Job:
    """A job that writes a score, which takes the place of the one it was made of, if that is still the same."""

    def run(report: Report) -> None:
        version, before = session.project.version, session.sheet
        made = write(before, report)
        session.edit(name, _instead(made), version=version)

    return session.jobs.submit("write", name, run)


def _instead(made: LeadSheet) -> Callable[[LeadSheet], LeadSheet]:
    """The edit that puts a score in the place of another."""
    return lambda _: made
