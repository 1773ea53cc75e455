"""Plans what is sung anew: who sang before, who sings now, and where the old voice is taken from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from editing.inpainting.recorded_vocals import RecordedVocals
from editing.inpainting.sung_tracks import WHOLE, RenderedVocals, SungJob
from editing.inpainting.time_map import TimeMap
from editing.inpainting.timeline import AudioPiece, pieces_at_44100
from renderer.provenance import Provenance
from renderer.singing.sung_engine import SungTracks
from scoretok.audio import AudioFile
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

Takes = Mapping[str, Sequence[tuple[float, float]]]


def plan_singing(
    ours: Provenance | None,
    recording: AudioFile,
    before: LeadSheet,
    after: LeadSheet,
    singers: SungTracks | None,
    times: tuple[TimeMap, TimeMap],
    takes: Takes | None = None,
    pieces: Sequence[AudioPiece] = WHOLE,
    only: Sequence[str] | None = None,
) -> SungJob:
    """The sung part of an inpainting job; `times` are when the scores before and after are heard. Raises
    ScoretokError."""
    assert singers is not None
    at_rate = pieces_at_44100(pieces, recording.sample_rate)
    if ours:
        sung_before = singers_of(ours, before, singers)
        old = RenderedVocals(before, sung_before)
        return SungJob(before, after, sung_before, singers, old, at_rate, *times, ours.seed, takes, only)
    vocals = RecordedVocals(recording, before, singers, times[0])
    return SungJob(before, after, vocals.singers, vocals.singers, vocals, at_rate, *times, -1, takes, only)


def singers_of(ours: Provenance, before: LeadSheet, singers: SungTracks) -> SungTracks:
    """Who sang a file of ours: the voices that the score names, or else those that are given now. Raises
    ScoretokError."""
    said = ours.singing
    own = {track_id: voice for track_id, voice in singers.voices.items() if track_id in singers.named}
    for voices in (own, singers.voices):
        found = replace(
            singers, voices=voices, singer=str(said.get("singer")), language=str(said.get("language")),
            steps=int(str(said.get("steps"))), drawn={},
        )  # fmt: skip
        now = found.provenance(before)
        if now == said:
            return found
        if now["weights"] != said.get("weights"):
            raise ScoretokError("the file was sung by other weights than those that are here; render it anew")
    raise ScoretokError(
        "the file was sung by other voices than the score names now; name them with --voice as it was rendered"
    )
