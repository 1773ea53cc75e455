"""Inpainting: what stays, how the seams sound, whether the edit is heard.

python -m benchmarks.inpaint --soundfont sf_GMbank.sf2 --scores DIR

Half of the songs are renders of ours, half are played by a soundfont that training did not hear, mixed, and changed in
tempo, as recordings of others. DIR is the folder of scores that the training pairs were made with; those that training
left out are used. Needs the program fluidsynth and the packages of benchmarks/requirements.txt.
"""

import argparse
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.common import save, table
from benchmarks.inpaint_measures import chord_agreement, key_of, melody_agreement, onset_f1, seam_ranks, tempo_ratio
from benchmarks.renderer_clips import held_out_sheets
from editing import edit
from editing.inpaint.job import prepare
from editing.inpaint.recording import open_recording, write_changed
from renderer import render
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit_engine import WEIGHTS, DitEngine
from renderer.draft import DraftEngine
from renderer.mixer import default_level, limit, place
from renderer.notes import notes_of, program_of
from renderer.provenance import Provenance, digest, weights_digest
from renderer.training.soundfonts import Take, general_midi, play
from scoretok import LeadSheet, ScoretokError, slice_bars

BARS, TRACKS = 12, 4
FIRST, LAST = 5, 8  # the edited bars, as people count them
EDITS: dict[str, Callable[[np.random.Generator, str], str]] = {
    "melody": lambda rng, melody: (
        f"transpose {rng.choice([-5, -4, -3, 3, 4, 5]):+d} in bars {FIRST}-{LAST} of {melody}"
    ),
    "harmony": lambda rng, _: (
        f'chords "{" ".join(rng.permutation(["C", "F", "G", "Am"]))}" revoice in bars {FIRST}-{LAST}'
    ),
    "rhythm": lambda rng, melody: f"quantise 1/2 in bars {FIRST}-{LAST} of {melody}",
    "key": lambda rng, _: f"transpose {rng.choice([-4, -3, 2, 3, 5]):+d} with key",
    "tempo": lambda rng, _: f"tempo x{1.15 if rng.random() < 0.5 else 0.85} in bars {FIRST}-{LAST}",
}


@dataclass
class Song:
    """A score of a few tracks, its audio file, and where the score is heard in it."""

    sheet: LeadSheet
    path: Path
    is_ours: bool
    pace: float


def excerpts(sheets: list[LeadSheet], count: int, rng: np.random.Generator) -> list[LeadSheet]:
    """Passages of BARS bars in which a melody, chords and one or two more tracks play."""
    found: list[LeadSheet] = []
    while len(found) < count:
        sheet = sheets[int(rng.integers(len(sheets)))]
        if sheet.bar_count < BARS or len(sheet.tracks) < 2:
            continue
        first = int(rng.integers(sheet.bar_count - BARS + 1))
        part = slice_bars(sheet, first, first + BARS)
        busy = [t for t in part.tracks if len(t.notes) >= 16 and all(24 <= n.pitch <= 100 for n in t.notes)]
        pitched = [t for t in busy if not t.is_drums]
        if len(pitched) >= 2 and 15 < part.duration_s < 45 and part.chords:
            found.append(replace(part, tracks=tuple(busy[:TRACKS]), sections=()))
    return found


def our_render(sheet: LeadSheet, engine: DitEngine, folder: Path, seed: int) -> Song:
    """The song rendered as `scoretok render` does it."""
    path = folder / f"ours-{seed}.wav"
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, "PCM_16") as file:
        file.comment = Provenance("dit", digest(sheet), seed, weights=weights_digest(str(WEIGHTS))).comment()
        file.write(render(sheet, engine, keep_stems=False, seed=seed).mix.T)
    return Song(sheet, path, True, 1.0)


def recording_of(sheet: LeadSheet, soundfont: str, folder: Path, number: int, rng: np.random.Generator) -> Song:
    """The song played by a soundfont, a little faster or slower than written, at 48 kHz and 24 bit."""
    pace = float(rng.uniform(0.9, 1.1))
    sounds = general_midi(soundfont)
    takes = []
    for track in sheet.tracks:
        notes = notes_of(sheet, track)
        heard = replace(notes, start_s=notes.start_s * pace, end_s=notes.end_s * pace)
        takes.append(Take(heard, sounds[program_of(track)], sheet.duration_s * pace + 2))
    stereo = [place(audio, default_level(t.role)) for audio, t in zip(play(takes), sheet.tracks, strict=True)]
    n = max(stem.shape[1] for stem in stereo)
    mix = limit(sum(np.pad(stem, ((0, 0), (0, n - stem.shape[1]))) for stem in stereo) * np.float32(0.5))
    path = folder / f"other-{number}.wav"
    soundfile.write(path, mix.T, SAMPLE_RATE, subtype="PCM_24")
    return Song(sheet, path, False, pace)


def outside_difference(song: Song, output: Path, spans: list, moves: bool) -> int:
    """How many samples outside the changed spans differ, where nothing moved."""
    if moves:
        return 0
    old, new = (soundfile.read(path, dtype="int32", always_2d=True)[0] for path in (song.path, output))
    inside = np.zeros(len(old), bool)
    rate = soundfile.info(song.path).samplerate
    for span in spans:
        inside[int(span.start_s * rate) : int(np.ceil(span.stop_s * rate)) + 1] = True
    return int((old[~inside] != new[~inside]).any(axis=1).sum())


def measure(songs: list[Song], seed: int) -> dict[str, list[float]]:
    """Every figure of every edit of every song."""
    rng = np.random.default_rng(seed)
    found: dict[str, list[float]] = defaultdict(list)
    draft = DraftEngine()
    for number, song in enumerate(songs):
        kind = "ours" if song.is_ours else "others"
        melody = max(
            (t for t in song.sheet.tracks if not t.is_drums), key=lambda t: np.mean([n.pitch for n in t.notes])
        )
        melody_id = song.sheet.track_ids[song.sheet.tracks.index(melody)]
        for name, phrase in EDITS.items():
            try:
                after = edit(song.sheet, [phrase(rng, melody_id)])
                job = prepare(open_recording(song.path), song.sheet, after)
            except ScoretokError as error:
                found[f"refused {kind}"].append(1.0)
                print(f"{number} {kind} {name}: {error}", flush=True)
                continue
            made = job.run(seed)
            output = song.path.with_name("after.wav")
            write_changed(job.recording, output, made.samples)
            moves = bool(job.timeline and job.timeline.moves)
            found[f"outside {kind}"].append(outside_difference(song, output, made.spans, moves))
            audio, rate = soundfile.read(output, always_2d=True)
            mono = audio.mean(1)
            clock = job.clock
            start_s, stop_s = (float(clock.heard_at(after.seconds_at(after.bar_starts[b]))) for b in (FIRST - 1, LAST))
            if name == "melody":
                found[f"melody {kind}"].append(melody_agreement(mono, rate, song.sheet, after, melody_id, clock))
                found[f"seam {kind}"] += seam_ranks(song.path, output, made.spans)
            elif name == "harmony":
                found[f"harmony {kind}"].append(chord_agreement(mono, rate, song.sheet, after, clock, FIRST - 1, LAST))
            elif name == "rhythm":
                found[f"rhythm {kind}"].append(onset_f1(mono, rate, after, clock, start_s, stop_s))
            elif name == "key":
                found[f"key {kind}"].append(float(key_of(mono, rate) == key_of_score(after, draft)))
            else:
                found[f"tempo {kind}"].append(tempo_ratio(mono, rate, after, clock, start_s, stop_s))
        print(
            f"{number + 1}/{len(songs)} {kind}", {k: round(float(np.mean(v)), 3) for k, v in found.items()}, flush=True
        )
    return found


def key_of_score(sheet: LeadSheet, draft: DraftEngine) -> tuple[int, str]:
    """The key that the analyser hears in a soundfont's performance of the score."""
    return key_of(render(sheet, draft, keep_stems=False).mix.mean(0), SAMPLE_RATE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--scores")
    parser.add_argument("--songs", type=int, default=50)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    sheets = excerpts(held_out_sheets(arguments.scores), arguments.songs, rng)
    engine = DitEngine()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        songs = [
            our_render(sheet, engine, folder, number)
            if number % 2 == 0
            else recording_of(sheet, arguments.soundfont, folder, number, rng)
            for number, sheet in enumerate(sheets)
        ]
        found = measure(songs, 1)
    rows = []
    for name, goal in (("melody", 95), ("harmony", 95), ("rhythm", 95), ("key", 95), ("tempo", 95)):
        values = [found[f"{name} {kind}"] for kind in ("ours", "others")]
        rows.append([name, *(f"{100 * np.nanmean(v):.1f} % ({len(v)})" if v else "–" for v in values), f"{goal} %"])
    outside = [found[f"outside {kind}"] for kind in ("ours", "others")]
    rows.append(["samples outside that differ", *(f"{int(sum(v))} ({len(v)} edits)" for v in outside), "0"])
    seams = [100 * np.mean(np.array(found[f"seam {kind}"]) <= 95) for kind in ("ours", "others")]
    rows.append(["seams within the 95th percentile of natural jumps", *(f"{share:.0f} %" for share in seams), "95 %"])
    refused = [len(found[f"refused {kind}"]) for kind in ("ours", "others")]
    rows.append(["edits refused", *map(str, refused), "0"])
    save("inpaint", table(["figure", "our renders", "recordings of others", "goal"], rows))


if __name__ == "__main__":
    main()
