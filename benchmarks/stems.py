"""Recordings told apart by their score: how much nearer to what was played than the mix is.

python -m benchmarks.stems --data RECORDS/billboard_mma.jsonl.gz --data ... --soundfont FONT [--count 8]

Songs that no shipped model has read are played track by track by a soundfont that the renderer was not trained on. The
scale-invariant ratio of signal to distortion (Le Roux et al., "SDR - half-baked or well done?", 2019) says how near a
stem is to its track. Spleeter's accompaniment, of music without a voice, is the mix.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.common import cell, save, table
from benchmarks.transcription_songs import MEAN_DB, PAN, chosen_songs, stereo_gains
from benchmarks.transcription_voice import si_sdr
from editing.inpainting.split_recording import split_recording
from mir.separation import spleeter_stems
from mir.training.mixes import SYNTH_RATE, SoundfontBand, mix_parts
from renderer.dit_engine import DitEngine
from scoretok import LeadSheet, ScoretokError, slice_bars
from scoretok.audio import SAMPLE_RATE, Recording, open_audio, resample

SECONDS = 24.0
LEAST_DB = -40.0  # tracks that are quieter than the mix by more are not counted


def first_bars(sheet: LeadSheet) -> LeadSheet:
    """The bars that begin in the first SECONDS."""
    return slice_bars(sheet, 0, max(1, sum(sheet.seconds_at(tick) < SECONDS for tick in sheet.bar_starts[:-1])))


def played_tracks(sheet: LeadSheet, band: SoundfontBand, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Every track that sounds, (2, n) at 44.1 kHz, panned and at the level of its role."""
    found = {}
    for track_id, track in sheet.tracks_by_id.items():
        total = np.zeros((2, round((sheet.duration_s + 1.5) * SYNTH_RATE)), np.float32)
        for part in mix_parts(sheet.with_tracks([track])):
            pan = PAN[part.role] + rng.uniform(-0.2, 0.2)
            total += band.play(part, sheet.duration_s + 1.5, rng) * stereo_gains(pan, MEAN_DB[part.role])
        if total.any():
            found[track_id] = resample(total, SYNTH_RATE, SAMPLE_RATE)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--count", type=int, default=8)
    given = parser.parse_args()
    band, engine = SoundfontBand([given.soundfont]), DitEngine()
    rows: dict[str, list[tuple[float, float, float]]] = {}
    refused = 0
    chosen = chosen_songs(given.data, "GPL-2.0", given.count, unread=True)
    for number, (name, whole) in enumerate(chosen):
        sheet = replace(first_bars(whole), title=name)
        tracks = played_tracks(sheet, band, np.random.default_rng(number))
        mix = np.sum(list(tracks.values()), 0)
        gain = 0.7 / max(1e-6, float(np.abs(mix).max()))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "song.wav")
            soundfile.write(path, gain * mix.T, SAMPLE_RATE)
            heard = [replace(t, muted=i not in tracks or t.role == "vocal") for i, t in sheet.tracks_by_id.items()]
            sheet = sheet.with_tracks(heard)
            try:
                split = split_recording(open_audio(path), sheet, engine)
            except ScoretokError:  # the score is taken for none of this recording
                refused += 1
                continue
        band_alone = spleeter_stems(Recording(mix.astype(np.float32), SAMPLE_RATE, str(path)))["accompaniment"].samples
        for track_id in split.stems.keys() & tracks.keys():
            truth = tracks[track_id]
            if 10 * np.log10((truth**2).mean() / (mix**2).mean()) < LEAST_DB:
                continue
            estimates = (mix, band_alone, split.stems[track_id])
            rows.setdefault(track_id.partition(".")[0], []).append(
                tuple(si_sdr(truth, one[:, : truth.shape[1]]) for one in estimates)
            )
    everything = [score for scores in rows.values() for score in scores]
    lines = [[role, len(scores), *np.mean(scores, 0)] for role, scores in sorted(rows.items())]
    lines.append(["all", len(everything), *np.mean(everything, 0)])
    heads = ["role", "tracks", "the mix", "Spleeter's accompaniment", "by the score"]
    note = cell("{} songs, the first {:.0f} s of each, {} refused. SI-SDR in dB.", len(chosen), SECONDS, refused)
    save("stems", [table(heads, lines, ["", "", "{:.1f}", "{:.1f}", "{:.1f}"])], [note])


if __name__ == "__main__":
    main()
