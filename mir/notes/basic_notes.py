"""Note transcription by basic-pitch instead of the shipped network: any instruments, no roles.

Axes: n notes.
"""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from mir.estimates import NoteEstimate
from scoretok.extras import check_installed, require

BASIC_PITCH = "--no-deps basic-pitch==0.4.0 resampy"  # it asks for tensorflow, which it does not need
# Set by hand; no benchmark varies it.
LOWEST_PIANO_PITCH = 48  # notes under C3 are taken for the bass


def basic_pitch_notes(path: str | Path) -> dict[str, list[NoteEstimate]]:
    """Notes as bass and piano, split at C3 (Bittner et al., "A lightweight instrument-agnostic model", 2022).

    Raises ScoretokError when basic-pitch is missing.
    """
    check_installed("basic_pitch", BASIC_PITCH, "--notes basic-pitch")
    inference = require("basic_pitch.inference", "mir", "hearing notes")
    folder = Path(str(require("basic_pitch", "mir", "hearing notes").__file__)).parent
    model = inference.Model(folder / "saved_models" / "icassp_2022" / "nmp.onnx")
    with redirect_stdout(StringIO()):  # it tells what it does
        _, _, events = inference.predict(str(path), model)
    found: dict[str, list[NoteEstimate]] = {"bass": [], "piano": []}
    for start_s, end_s, pitch, amplitude, _ in sorted(events):
        role = "bass" if pitch < LOWEST_PIANO_PITCH else "piano"
        velocity = max(20, min(112, round(127 * float(amplitude))))
        found[role].append(NoteEstimate(float(start_s), float(end_s), int(pitch), velocity, float(amplitude)))
    return {role: notes for role, notes in found.items() if notes}
