"""Inpainting: what stays, how the seams sound, whether the edit is found in the sound.

python -m benchmarks.inpaint --soundfont sf_GMbank.sf2 --scores DIR

Half of the songs are renders of ours, half are played by a soundfont that training left out, mixed, and faster or
slower than written, as recordings of others. DIR is a folder of scores with several tracks that training left out.
Needs the program fluidsynth and the packages of benchmarks/requirements.txt.
"""

import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.common import cell, save, table
from benchmarks.inpaint_measures import (
    changed_harmony,
    changed_notes,
    harmony_agreement,
    level_error_db,
    log_mel,
    melody_agreement,
    moved_notes,
    rhythm_agreement,
    seam_ranks,
    stretch_of,
    tempo_agreement,
    transposition_of,
)
from benchmarks.inpaint_songs import FIRST, LAST, Song, on_songs, our_render, recording_of
from editing import edit
from editing.inpainting.job import InpaintJob, prepare_job
from editing.inpainting.spans import InpaintSpan
from editing.inpainting.time_map import TimeMap
from editing.inpainting.timeline import AudioPiece
from renderer.codec.mel import SAMPLE_RATE
from scoretok import LeadSheet, ScoretokError
from scoretok.audio import open_audio, write_changed

Found = dict[str, list]
PHRASES: dict[str, Callable[[np.random.Generator, str], str]] = {
    "melody": lambda rng, melody: (
        f"transpose {rng.choice([-5, -4, -3, 3, 4, 5]):+d} in bars {FIRST}-{LAST} of {melody}"
    ),
    "harmony": lambda rng, _: (
        f'chords "{" ".join(rng.permutation(["C", "F", "G", "Am"]))}" revoice in bars {FIRST}-{LAST}'
    ),
    "rhythm": lambda rng, melody: f"quantise 1/2 in bars {FIRST}-{LAST} of {melody}",
    "key": lambda rng, _: f"transpose {rng.choice([-4, -3, 2, 3, 5]):+d} with key",
    "tempo": lambda rng, _: f"tempo x{rng.choice([1.15, 0.85])} in bars {FIRST}-{LAST}",
}

TITLES = {
    "melody": "melody: changed notes found at the new pitch",
    "harmony": "harmony: bars more like the new chords",
    "rhythm": "rhythm: moved notes found at the new time",
    "key": "key: songs found transposed as asked",
    "tempo": "tempo: passages found stretched as asked, to 4 %",
    "tempo Acc2": "tempo: passages whose tempo librosa estimates, up to a factor of 2 or 3",
}


def measurer(name: str, song: Song, after: LeadSheet) -> Callable[[np.ndarray], list[bool]]:
    """The analyser of a kind of edit: mono audio (n,) of the edited song -> of all that changed whether it is found."""
    clock = song.clock(after)
    bars = range(FIRST - 1, LAST)
    if name == "melody":
        return partial(melody_agreement, changed=changed_notes(song.sheet, after, song.melody, clock))
    if name == "rhythm":
        return partial(rhythm_agreement, moved=moved_notes(song.sheet, after, song.melody, clock))
    if name == "harmony":
        return partial(harmony_agreement, changed=changed_harmony(song.sheet, after, clock, bars))
    old = soundfile.read(song.path, always_2d=True)[0].mean(1)
    if name == "key":
        moved = after.tracks[0].notes[0].pitch - song.sheet.tracks[0].notes[0].pitch
        return lambda audio: [transposition_of(old, audio) == moved % 12]
    was_s, is_s = edited_s(song.sheet, song.clock(song.sheet)), edited_s(after, clock)
    factor = (is_s[1] - is_s[0]) / (was_s[1] - was_s[0])
    return lambda audio: [abs(stretch_of(part(old, *was_s), part(audio, *is_s)) / factor - 1) < 0.04]


def edited_s(sheet: LeadSheet, clock: TimeMap) -> list[float]:
    """Where the edited bars begin and end."""
    return [float(clock.to_audio(sheet.seconds_at(sheet.bar_starts[bar]))) for bar in (FIRST - 1, LAST)]


def part(audio: np.ndarray, start_s: float, stop_s: float) -> np.ndarray:
    """A stretch of audio (n,)."""
    return audio[round(start_s * SAMPLE_RATE) : round(stop_s * SAMPLE_RATE)]


def tempo_between(audio: np.ndarray, after: LeadSheet, clock: TimeMap) -> bool:
    """Whether the tempo of the edited bars is found, up to a factor of 2 or 3."""
    first_s, last_s = edited_s(after, clock)
    quarter_s = (last_s - first_s) / ((after.bar_starts[LAST] - after.bar_starts[FIRST - 1]) / 24)
    return tempo_agreement(part(audio, first_s, last_s), quarter_s)


def outside_difference(job: InpaintJob, source: Path, output: Path, spans: list[InpaintSpan]) -> int:
    """How many samples outside the changed spans are not those of the source, where the edit has left or put them."""
    old, new = (soundfile.read(path, dtype="int32", always_2d=True)[0] for path in (source, output))
    outside = np.ones(len(new), bool)
    for span in spans:
        outside[int(span.start_s * SAMPLE_RATE) : int(np.ceil(span.stop_s * SAMPLE_RATE)) + 1] = False
    moves = job.timeline is not None and job.timeline.moves
    pieces = job.timeline.pieces if job.timeline and moves else [AudioPiece(0, len(new), 0)]
    different = 0
    for piece in pieces:
        here = np.flatnonzero(outside[piece.start : piece.stop]) + piece.start
        if piece.source is None:
            different += int(new[here].any(axis=1).sum())
        else:
            there = here - piece.start + piece.source
            different += int((new[here] != old[there]).any(axis=1).sum())
    return different


def measure(number: int, sheet: LeadSheet, soundfont: str) -> tuple[str, Found]:
    """Every figure of every edit of one song, and whose it is."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rng = np.random.default_rng(number)
    found: Found = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        song = recording_of(sheet, soundfont, folder, number) if number % 2 else our_render(sheet, folder, number)
        for edit_name, phrase in PHRASES.items():
            after = edit(sheet, [phrase(rng, song.melody)])
            try:
                job = prepare_job(open_audio(song.path), sheet, after)
            except ScoretokError as error:
                found["refused"].append(1)
                print(f"song {number}, {edit_name}: {error}", flush=True)
                continue
            made = job.run(number)
            output = folder / "after.wav"
            write_changed(job.recording, output, made.samples)
            found["outside"].append(outside_difference(job, song.path, output, made.spans))
            new = soundfile.read(output, always_2d=True)[0].mean(1)
            true = song.performance(after).mean(0)
            agreement = measurer(edit_name, song, after)
            found[edit_name] += agreement(new)
            found[f"{edit_name} ceiling"] += agreement(true)
            if edit_name == "tempo":
                for title, audio in (("tempo Acc2", new), ("tempo Acc2 ceiling", true)):
                    found[title].append(tempo_between(audio, after, song.clock(after)))
            if job.alignment and edit_name == "melody":
                moments_s = np.array([sheet.seconds_at(tick) for tick in sheet.bar_starts])
                error_s = job.time_map.to_audio(moments_s) - song.clock(sheet).to_audio(moments_s)
                found["alignment ms"].append(1000 * float(np.median(np.abs(error_s))))
            if edit_name == "melody":
                old = soundfile.read(song.path, always_2d=True)[0].mean(1)
                before = log_mel(old)
                for seams, mel in (("seams", log_mel(new)), ("seams before", before)):
                    found[seams] += seam_ranks(before, mel, made.spans)
                if not song.is_ours:
                    changed = changed_notes(sheet, after, song.melody, song.clock(after))
                    found["level dB"].append(level_error_db(new, true, changed))
    return "ours" if song.is_ours else "others", dict(found)


def summary(values: list[float], of: Callable = np.mean) -> float:
    """A figure of a list of them, NaN where none is known."""
    known = [value for value in values if not np.isnan(value)]
    return float(of(known)) if known else float("nan")


def rows_of(found: dict[str, Found]) -> list[list[object]]:
    """The table, without its head."""
    whose = ("ours", "others")
    rows: list[list[object]] = []
    for name, title in TITLES.items():
        row: list[object] = [title]
        for who in whose:
            share, ceiling = ([100 * v for v in found[who].get(n, [])] for n in (name, f"{name} ceiling"))
            row.append(cell("{:.1f} % of {} (soundfont: {:.1f} %)", summary(share), len(share), summary(ceiling)))
        rows.append([*row, "95 %"])
    outside = [found[who].get("outside", []) for who in whose]
    differing = [cell("{} in {} edits", int(sum(v)), len(v)) for v in outside]
    rows.append(["samples outside the spans that differ", *differing, "0 in 100"])
    seams: list[object] = ["seams within the 95th percentile of natural jumps"]
    for who in whose:
        now, natural = ([100.0 * (r <= 95) for r in found[who].get(n, [])] for n in ("seams", "seams before"))
        seams.append(cell("{:.0f} % (there before the edit: {:.0f} %)", summary(now), summary(natural)))
    rows.append([*seams, "95 %"])
    for title, name, form in (
        ("bar lines found by the alignment, median error", "alignment ms", "{:.1f} ms"),
        ("level of changed notes against the soundfont's, median", "level dB", "{:.1f} dB"),
    ):
        rows.append([title, *(cell(form, summary(found[who].get(name, []), np.median)) for who in whose), ""])
    rows.append(["edits refused", *(len(found[who].get("refused", [])) for who in whose), 0])
    return rows


def main() -> None:
    found: dict[str, Found] = {"ours": defaultdict(list), "others": defaultdict(list)}
    songs = 0
    for songs, (done, (who, figures)) in enumerate(on_songs(__doc__, 50, 0, measure), 1):  # noqa: B007 - the last one counts
        for name, values in figures.items():
            found[who][name] += values
        print(done, who, {k: round(float(np.mean(v)), 2) for k, v in figures.items() if v}, flush=True)
    heads = ["figure", "our renders", "recordings of others", "goal"]
    save("inpaint", [table(heads, rows_of(found))], [f"{songs} songs, 5 edits each."], songs={"scores": songs})


if __name__ == "__main__":
    main()
