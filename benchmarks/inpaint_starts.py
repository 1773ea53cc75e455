"""What an inpainting of a recording of others starts from, and what plain splices would give.

python -m benchmarks.inpaint_starts --soundfont sf_GMbank.sf2 --scores DIR

A melody is transposed for four bars; how the soundfont would have played that is known, so every result is compared
with it. Arguments are those of benchmarks.inpaint.
"""

import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.common import save, table
from benchmarks.inpaint_measures import (
    changed_notes,
    colour_distance_db,
    frames,
    level_error_db,
    log_mel,
    melody_agreement,
    seam_ranks,
)
from benchmarks.inpaint_songs import FIRST, LAST, Song, on_songs, recording_of
from editing import edit
from editing.inpainting.fill_spans import notes_in_audio_time
from editing.inpainting.job import InpaintJob, prepare_job
from renderer.codec.mel import LATENT_SAMPLES, SAMPLE_RATE
from renderer.dit.timbres import loudest_stretch
from renderer.draft import DraftEngine
from renderer.inpaint_track import AudioContext, fill
from renderer.note_array import NoteArray
from scoretok import LeadSheet
from scoretok.audio import open_audio, resample, write_changed

RELEASE_S = 0.05
MAKERS = {
    "inpainting from the coarse prediction": "coarse",
    "inpainting from a draft": "draft start",
    "inpainting from the recording's own notes": "own start",
    "coarse prediction alone": "no flow",
    "draft spliced in": "draft",
    "the recording's own notes spliced in": "own",
}


def as_loud(audio: np.ndarray, context: np.ndarray) -> np.ndarray:
    """Audio (n,) with its loudest three seconds as loud as those of the context around it."""
    levels = [float(np.sqrt((loudest_stretch(a, 3 * SAMPLE_RATE) ** 2).mean())) for a in (audio, context)]
    return audio * np.float32(levels[1] / max(levels[0], 1e-6))


def drafted(notes: NoteArray, context: AudioContext) -> np.ndarray:
    """Notes played by the soundfont of the draft engine, where the context lies, (n,)."""
    start = context.first_frame * LATENT_SAMPLES
    near = notes.sounding_in(start / SAMPLE_RATE, (start + len(context.audio)) / SAMPLE_RATE, 0.0)
    played = DraftEngine().play(near).mean(0)[max(0, start) : start + len(context.audio)]
    played = np.pad(played, (max(0, -start), 0))[: len(context.audio)]
    return as_loud(np.pad(played, (0, len(context.audio) - len(played))), context.audio)


def own_notes(notes: NoteArray, context: AudioContext, known: NoteArray, track: np.ndarray) -> np.ndarray:
    """Notes put together from the nearest ones of a track (n,) that sound elsewhere, (n,): resampled to their pitch."""
    out = np.zeros(len(context.audio), np.float32)
    begin = context.first_frame * LATENT_SAMPLES
    for start_s, end_s, pitch in zip(notes.start_s, notes.end_s, notes.pitch, strict=True):
        at = round(start_s * SAMPLE_RATE) - begin
        if not 0 <= at < len(out):
            continue
        short = np.maximum(0, (end_s - start_s) - (known.end_s - known.start_s))
        nearest = int(np.argmin(np.abs(known.pitch - pitch) + 4 * short))
        span_s = known.start_s[nearest], known.end_s[nearest] + RELEASE_S
        sample = track[round(span_s[0] * SAMPLE_RATE) : round(span_s[1] * SAMPLE_RATE)]
        ratio = 2 ** ((pitch - known.pitch[nearest]) / 12)
        sample = resample(sample.astype(np.float32), round(SAMPLE_RATE * ratio), SAMPLE_RATE)
        sample = sample[: min(round((end_s - start_s + RELEASE_S) * SAMPLE_RATE), len(out) - at)]
        fade = min(len(sample), round(RELEASE_S * SAMPLE_RATE))
        sample[len(sample) - fade :] *= np.linspace(1, 0, fade, dtype=np.float32)
        out[at : at + len(sample)] += sample
    return out


def maker(name: str, known: NoteArray, track: np.ndarray) -> Callable[..., np.ndarray]:
    """What stands in for `renderer.inpaint_track.fill`; `known` are notes of the track (n,) that are not edited."""

    def make(pipeline, notes, context, span, sampling, reference):
        if name == "no flow":
            return fill(pipeline, notes, context, span, replace(sampling, steps=0), reference)
        if name == "coarse":
            return fill(pipeline, notes, context, span, sampling, reference)
        begin = drafted(notes, context) if name.startswith("draft") else own_notes(notes, context, known, track)
        return fill(pipeline, notes, context, span, sampling, reference, begin) if name.endswith("start") else begin

    return make


def measure(number: int, sheet: LeadSheet, soundfont: str) -> dict[str, dict[str, list[float]]]:
    """Figures of one song by what its edit was made with."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    found: dict[str, dict[str, list[float]]] = {}
    interval = np.random.default_rng(number).choice([-5, -4, -3, 3, 4, 5])
    with tempfile.TemporaryDirectory() as name:
        song = recording_of(sheet, soundfont, Path(name), number)
        after = edit(sheet, [f"transpose {interval:+d} in bars {FIRST}-{LAST} of {song.melody}"])
        job = prepare_job(open_audio(song.path), sheet, after)
        known, track = elsewhere(job, song)
        old = soundfile.read(song.path, always_2d=True)[0].mean(1)
        true = song.performance(after).mean(0)[: len(old)]
        old_mel, true_mel = log_mel(old), log_mel(true)
        changed = changed_notes(sheet, after, song.melody, song.clock(after))
        for kind in MAKERS.values():
            made = job.run(number, make=maker(kind, known, track))
            output = Path(name, "after.wav")
            write_changed(job.recording, output, made.samples)
            new = soundfile.read(output, always_2d=True)[0].mean(1)
            mel = log_mel(new)
            inside = [frames(span.start_s, span.stop_s) for span in made.spans]
            found[kind] = {
                "distance": [float(np.abs(mel[i] - true_mel[i]).mean()) for i in inside],
                "colour": [colour_distance_db(mel, old_mel, span) for span in made.spans],
                "colour true": [colour_distance_db(true_mel, old_mel, span) for span in made.spans],
                "found": [float(won) for won in melody_agreement(new, changed)],
                "level": [level_error_db(new, true, changed)],
                "seams": [float(rank <= 95) for rank in seam_ranks(old_mel, mel, made.spans)],
            }
    return found


def elsewhere(job: InpaintJob, song: Song) -> tuple[NoteArray, np.ndarray]:
    """The notes of the melody outside the edited spans, and its separated stem of the whole recording, (n,)."""
    notes = notes_in_audio_time(song.sheet, song.melody, job.time_map)
    spans = [(span.start_s, span.stop_s) for span in job.spans]
    outside = np.all([(notes.end_s < start_s) | (notes.start_s > stop_s) for start_s, stop_s in spans], axis=0)
    known = notes.select(outside)
    stem = job.stems.read(song.melody, 0, job.recording.n_samples)
    return known, job.stems.to_model(song.melody, stem)


def main() -> None:
    found: dict[str, dict[str, list[float]]] = {kind: defaultdict(list) for kind in MAKERS.values()}
    songs = 0
    for songs, (done, by_kind) in enumerate(on_songs(__doc__, 24, 1, measure), 1):  # noqa: B007 - the last one counts
        for kind, figures in by_kind.items():
            for name, values in figures.items():
                found[kind][name] += values
        print(done, {k: round(float(np.mean(v["distance"])), 2) for k, v in found.items()}, flush=True)
    rows: list[list[object]] = []
    for title, kind in MAKERS.items():
        of = found[kind]
        rows.append([
            title, np.mean(of["distance"]), np.mean(of["colour"]), 100 * np.mean(of["found"]),
            np.nanmedian(of["level"]), 100 * np.mean(of["seams"]),
        ])  # fmt: skip
    rows.append(["(the true performance)", "0 dB", np.mean(found["coarse"]["colour true"]), "", "0 dB", ""])
    heads = [
        "made with", "log-mel distance to the true performance", "mean spectrum against the seconds around",
        "changed notes found", "their level", "seams within the 95th percentile",
    ]  # fmt: skip
    formats = ["", "{:.2f} dB", "{:.2f} dB", "{:.1f} %", "{:+.1f} dB", "{:.0f} %"]
    note = f"{songs} recordings of others."
    save("inpaint_starts", [table(heads, rows, formats)], [note], songs={"scores": songs})


if __name__ == "__main__":
    main()
