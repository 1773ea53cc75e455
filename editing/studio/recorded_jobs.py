"""Jobs of the studio about recordings: writing one down, changing it where the score changed, voices.

What is made lies under the score as one named step; what was there before comes back with undo.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from editing.studio.jobs import Job, Report
from editing.studio.opening import VOICE_SUFFIX
from editing.studio.recordings import Recorded, changed_cells, sure_chords
from mir.constant_q import spectrogram
from scoretok.audio.changes import LOSSLESS
from scoretok.errors import ScoretokError

if TYPE_CHECKING:
    from editing.studio.session import Session

VOICES = "voices"  # the folder in a project, by which scores name them


def heard_recording(session: "Session") -> Recorded | None:
    """The recording that lies under the score, where there is one."""
    recording_id = session.project.history.sound.get("recording")
    return session.recordings.recordings.get(recording_id) if recording_id else None


def needed_recording(session: "Session") -> Recorded:
    """The same. Raises ScoretokError where there is none."""
    recorded = heard_recording(session)
    if recorded is None:
        raise ScoretokError("there is no recording under the score; drop one on the page")
    return recorded


def recording_view(session: "Session") -> dict[str, Any] | None:
    """The recording under the score, for the page.

    {"id", "name", "duration_s", "bars": [[start_s, stop_s] or null, ...], "beats", "keys": sure a bar or null,
    "chords": [[start_ticks, sure], ...], "changed": [[track, bar], ...], "given"}
    """
    recorded = heard_recording(session)
    if recorded is None:
        return None
    sheet = session.sheet
    spans = recorded.spans_s(sheet)
    return {
        "id": recorded.recording_id,
        "name": recorded.name,
        "duration_s": recorded.duration_s,
        "bars": spans,
        "beats": recorded.sure.get("beats", 1.0),
        "keys": recorded.sure.get("keys", []),
        "chords": sure_chords(recorded, sheet),
        "changed": changed_cells(recorded.sheet, sheet),
        "given": recorded.given,
    }


def write_down(session: "Session", recording_id: str, given: Mapping[str, Any]) -> Job:
    """Let a recording be written down as the score, with what is known of it beforehand."""
    recorded = session.recordings.get(recording_id)
    said = ", ".join(f"{name.split('_')[0]} {_in_words(value)}" for name, value in given.items())
    name = f"write down {recorded.name}{' with ' if said else ''}{said}"

    def run(report: Report) -> None:
        path = session.recordings.path(recorded)
        found = session.writers.transcribe(path, given, session.recordings.cache, report)
        report(1.0, "spectrogram")
        spectrogram(path, 0.0, 1.0)  # the first one takes seconds, as librosa compiles it
        with session.lock:
            known = session.recordings.write_down(recording_id, found, given)
            session.edit(name, lambda _: found.sheet, recording=known.recording_id)

    return session.jobs.submit("extract", name, run)


def write_down_new(session: "Session") -> None:
    """Write down the recording that a project was made of, unless that is done."""
    if not session.project.history.steps:
        for recorded in list(session.recordings.recordings.values()):
            if not recorded.text:
                write_down(session, recorded.recording_id, {})


def inpaint(session: "Session", seed: int, consent: str) -> Job:
    """Let the recording be changed where the score differs from what it plays; every other sample stays."""
    recorded = needed_recording(session)
    if recorded.sheet == session.sheet:
        raise ScoretokError("the score says what the recording plays; change it first")
    name = f"inpaint {recorded.name}"

    def run(report: Report) -> None:
        after = session.sheet
        source = session.recordings.path(recorded)
        lines: list[float] = []

        def make(path: Path) -> None:
            lines.extend(session.engines.inpaint(source, recorded.sheet, after, path, seed, consent, report))

        made = session.recordings.add(f"{recorded.name}, inpainted", _lossless(source), make)
        made = session.recordings.plays(made, after, tuple(lines))
        session.lay_recording(name, made.recording_id)

    return session.jobs.submit("inpaint", name, run)


def convert(session: "Session", voice: Path, name: str, consent: str) -> Job:
    """Let the voice in the recording become that of a file."""
    recorded = needed_recording(session)
    check_consent(consent)

    def run(report: Report) -> None:
        source = session.recordings.path(recorded)
        kept = _enrolled(session, voice, name, consent)
        made = session.recordings.add(
            f"{recorded.name}, in the voice of {name}",
            _lossless(source),
            lambda path: session.engines.convert(source, kept, path, report),
        )
        made = session.recordings.plays(made, recorded.sheet, recorded.lines_s)
        session.lay_recording(f"convert {recorded.name} to {name}", made.recording_id)

    return session.jobs.submit("convert", f"convert {recorded.name} to {name}", run)


def sing(session: "Session", track_id: str, voice: Path, name: str, consent: str) -> Job:
    """Let a vocal track be sung by the voice of a file."""
    track = session.sheet.tracks_by_id.get(track_id)
    if track is None or track.role != "vocal":
        raise ScoretokError(f"{track_id or 'nothing'} is no vocal track; select one, then drop the voice")
    check_consent(consent)

    def run(report: Report) -> None:
        kept = _enrolled(session, voice, name, consent)
        session.edit_phrases([f'voice "{VOICES}/{kept.name}" of {track_id.removesuffix(".1").replace(".", " ")}'])

    return session.jobs.submit("voice", f"{track_id} in the voice of {name}", run, track=track_id)


def check_consent(consent: str) -> None:
    """Raise ScoretokError where nobody says that the owner of a voice agreed."""
    if not consent.strip():
        raise ScoretokError("say whose voice it is and that they agreed; a voice is used only with its owner's consent")


def _enrolled(session: "Session", voice: Path, name: str, consent: str) -> Path:
    """The file of a voice in the project, from a recording or another file of a voice."""
    folder = session.project.folder / VOICES
    folder.mkdir(exist_ok=True)
    stem = re.sub(r"[^\w-]+", "-", Path(name).stem).strip("-") or "voice"
    path, number = folder / f"{stem}{VOICE_SUFFIX}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{VOICE_SUFFIX}"
    session.engines.enrol(voice, name, consent, path)
    return path


def _lossless(source: Path) -> str:
    """The suffix of a file that holds all samples of another."""
    return source.suffix if source.suffix in LOSSLESS else ".wav"


def _in_words(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, list | tuple):
        return "/".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
