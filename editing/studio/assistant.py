"""The studio for assistants: the functions of a session as tools of the Model Context Protocol.

Bars count from 1 here, as in edit phrases. What takes long is waited for. Files are written into the folder `exports`
of the project and nowhere else.
"""

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

from editing.studio import score_jobs
from editing.studio.history import History
from editing.studio.jobs import ENDED, Job, JobState
from editing.studio.mixdown import SOUND_SUFFIXES, export_mix
from editing.studio.session import Session
from editing.studio.thread_warnings import said_here
from editing.verbs import phrase_help
from scoretok.bars import slice_bars
from scoretok.describe import describe
from scoretok.difference import diff
from scoretok.errors import ScoretokError
from scoretok.formats import write
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse
from scoretok.sheet import LeadSheet

INSTRUCTIONS = f"""A score is a text, the .lead form: a few lines a bar, one a track. Read it with read_score, change it
with edit (phrases, below) or write_score, let the language model write bars with infill, vary, continue_score,
accompany, harmonise or compose, and write files with export. Every change is a step that undo takes back. Only what is
named changes.

Edit phrases are a verb, its arguments, then where ("in bars 5-8", "in chorus 2", "of piano"):
{phrase_help()}
"""
POLL_S = 0.05


def make_assistant(session: Session) -> MCPServer:
    """The tools over an open project."""
    server: MCPServer = MCPServer("scoretok", instructions=INSTRUCTIONS)
    _add_score(server, session)
    _add_models(server, session)
    return server


def tool(server: MCPServer) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator that makes a function a tool, whose refusals the assistant can read."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def refusing(*args: Any, **named: Any) -> Any:  # noqa: ANN401
            try:
                return function(*args, **named)
            except ScoretokError as error:
                raise ToolError(str(error)) from None

        server.tool()(refusing)
        return function

    return add


def _add_score(server: MCPServer, session: Session) -> None:
    """What is read and changed at once."""

    @tool(server)
    def describe_score() -> dict[str, Any]:
        """What the score is: form, key, tempo, tracks and more."""
        return describe(session.sheet)

    @tool(server)
    def read_score(first_bar: int = 1, last_bar: int | None = None) -> str:
        """The .lead text of some bars, or of all."""
        last = session.sheet.bar_count if last_bar is None else last_bar
        if (first_bar, last) == (1, session.sheet.bar_count):
            return session.project.text
        return print_lead(slice_bars(session.sheet, *_bars(session.sheet, first_bar, last)))

    @tool(server)
    def write_score(text: str) -> dict[str, Any]:
        """Put a whole .lead text in the place of the score; an error names line and column."""
        before = session.sheet
        session.write_text(text)
        return _changes(before, session.sheet)

    @tool(server)
    def edit(phrases: list[str]) -> dict[str, Any]:
        """Change the score by phrases, applied from left to right as one step."""
        before = session.sheet
        with said_here() as said:
            session.edit_phrases(phrases)
        return _changes(before, session.sheet) | {"said": said}

    @tool(server)
    def undo() -> str:
        """Take the last step back; its name."""
        return session.undo()

    @tool(server)
    def redo() -> str:
        """Do again what was undone last; its name."""
        return session.redo()

    @tool(server)
    def history() -> dict[str, Any]:
        """The names of all steps, and how many of them are done."""
        found = session.project.history
        return {"steps": [step.name for step in found.steps], "position": found.position}

    @tool(server)
    def compare(position: int) -> dict[str, Any]:
        """What differs between the score as it was after so many steps and as it is now."""
        then: History = session.project.history.copy()
        then.go_to(position)
        return _changes(parse(then.text, "text"), session.sheet)

    @tool(server)
    def export(name: str) -> str:
        """Write the song as a file by its suffix (.mid, .musicxml, .abc, .lead, .wav, .flac, .mp3); where it is."""
        folder = session.project.folder / "exports"
        folder.mkdir(exist_ok=True)
        path = folder / Path(name).name
        if path.suffix.lower() in SOUND_SUFFIXES:
            export_mix(session, path)
        else:
            write(session.sheet, path)
        return str(path)


def _add_models(server: MCPServer, session: Session) -> None:
    """What the models do."""

    def cells(tracks: list[str], first_bar: int, last_bar: int) -> list[tuple[str, int]]:
        bars = range(*_bars(session.sheet, first_bar, last_bar))
        return [(name if "." in name else f"{name}.1", bar) for name in tracks for bar in bars]

    def done(job: Job) -> dict[str, Any]:
        while job.state not in ENDED:
            time.sleep(POLL_S)
        if job.state != JobState.DONE:
            raise ScoretokError(" ".join(job.said) or f"{job.name} was cancelled")
        return {"done": job.name, "said": job.said, "history": session.project.history.undo_name}

    @tool(server)
    def infill(tracks: list[str], first_bar: int, last_bar: int, seed: int = 1) -> dict[str, Any]:
        """Let the language model write some bars of some tracks anew."""
        return done(score_jobs.infill(session, cells(tracks, first_bar, last_bar), seed))

    @tool(server)
    def vary(tracks: list[str], first_bar: int, last_bar: int, keep: str = "rhythm", seed: int = 1) -> dict[str, Any]:
        """Let it write variations of some bars, which keep their "rhythm" or their "contour"."""
        if keep not in ("rhythm", "contour"):
            raise ScoretokError(f"{keep!r} cannot be kept; a variation keeps 'rhythm' or 'contour'")
        return done(score_jobs.vary(session, cells(tracks, first_bar, last_bar), keep, seed))

    @tool(server)
    def continue_score(bars: int = 8, seed: int = 1) -> dict[str, Any]:
        """Let it go on for some bars."""
        return done(score_jobs.extend(session, bars, seed))

    @tool(server)
    def accompany(tracks: str, seed: int = 1) -> dict[str, Any]:
        """Let it add tracks that play along: "piano bass:33 drums", with General MIDI programs."""
        return done(score_jobs.accompany(session, tracks, seed))

    @tool(server)
    def harmonise(seed: int = 1) -> dict[str, Any]:
        """Let it choose chords for the notes."""
        return done(score_jobs.harmonise(session, seed))

    @tool(server)
    def compose(prompt: str, seed: int = 1) -> dict[str, Any]:
        """Let it write a new song, in the place of the score, of a prompt in words."""
        return done(score_jobs.compose(session, prompt, "", seed))

    @tool(server)
    def another_take(track: str, first_bar: int, last_bar: int, seed: int = 1) -> dict[str, Any]:
        """Let the sound model play some bars of a track anew; no other sample changes."""
        bars = range(*_bars(session.sheet, first_bar, last_bar))
        return done(session.new_take(track if "." in track else f"{track}.1", bars, seed))


def _bars(sheet: LeadSheet, first_bar: int, last_bar: int) -> tuple[int, int]:
    if not 1 <= first_bar <= last_bar <= sheet.bar_count:
        raise ScoretokError(f"bars {first_bar}-{last_bar}: the score has the bars 1-{sheet.bar_count}")
    return first_bar - 1, last_bar


def _changes(before: LeadSheet, after: LeadSheet) -> dict[str, Any]:
    """The cells in which two scores differ, bars counted from 1."""
    found = diff(before, after)
    bars: dict[str, list[int]] = {}
    for cell in found.cells:
        bars.setdefault(cell.track, []).append(1 + (cell.before_bar or 0 if cell.after_bar is None else cell.after_bar))
    return {"changed_bars": bars, "headers": list(found.headers), "bar_count": after.bar_count}
