"""Transcription of songs that nobody trained on, played by soundfonts that nobody trained on, by mir_eval.

python -m benchmarks.transcription --songs SONGS [--cache DIR]     SONGS as benchmarks.transcription_songs makes them
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import cell, save, table
from mir.compare import compare, notes_s, spans_and_hz
from mir.notes.basic_notes import basic_pitch_notes
from mir.transcription import TranscriptionOptions, analyse_recording
from scoretok import LeadSheet, ScoretokError, read

GOALS = {
    "beats": 0.97, "downbeats": 0.93, "majmin": 0.90, "bass": 0.90, "kick": 0.90, "snare": 0.90, "hat": 0.90,
    "pitched": 0.75,
}  # fmt: skip
NAMES = {
    "beats": "beats F", "amlt": "beats AMLt", "downbeats": "downbeats F", "key": "key, weighted", "root": "chord roots",
    "majmin": "chords, major and minor", "sevenths": "chords with sevenths", "segmentation": "chord segmentation",
    "pitched": "all pitched notes F", "openhat": "open hat",
}  # fmt: skip
ESTIMATED = "gamemidi"  # where key and chords are themselves estimated
CHORDS = ("root", "majmin", "sevenths", "segmentation")
LEAST_IN_CHORD = 0.75  # of the notes of an accompaniment, or it plays other chords than are written
ACCOMPANIMENT = ("bass", "piano", "guitar", "strings")
ROLES = ("vocal", "lead", *ACCOMPANIMENT)


@dataclass(frozen=True)
class Song:
    """A recording and what is played in it."""

    path: Path
    truth: LeadSheet

    def measures(self, found: LeadSheet | None) -> dict[str, float]:
        """What was found beside the truth; 0 where nothing was."""
        values = compare(self.truth, found) if found else dict.fromkeys(compare(self.truth, self.truth), 0.0)
        left_out = CHORDS if chord_share(self.truth) < LEAST_IN_CHORD else ()
        if ESTIMATED in self.path.name:
            left_out = ("key", *CHORDS)
        return {name: value for name, value in values.items() if name not in left_out}

    @property
    def source(self) -> str:
        """Where the score comes from."""
        return self.path.name.partition("-")[0]


def chord_share(sheet: LeadSheet) -> float:
    """How many of the notes that accompany are tones of the chord that is written over them."""
    notes = [note for track in sheet.tracks if track.role in ACCOMPANIMENT for note in track.notes]
    over = [
        (note.pitch % 12, chord)
        for note in notes
        if (chord := sheet.chord_at(note.start_ticks)) and chord.pitch_classes
    ]
    return float(np.mean([pitch in chord.pitch_classes for pitch, chord in over])) if over else 1.0


def songs(folder: Path) -> list[Song]:
    """The recordings of a folder."""
    return [Song(path, read(path.with_suffix(".lead"))) for path in sorted(folder.glob("*.flac"))]


def transcribed(path: Path, options: TranscriptionOptions) -> LeadSheet | None:
    """The score of a recording; None where the transcription is refused."""
    try:
        return analyse_recording(path, options).sheet
    except ScoretokError as error:
        print(path.name, error)
        return None


def means(rows: list[dict[str, float]]) -> dict[str, tuple[float, int]]:
    """Every measure's mean over the songs that have it, and how many those are."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            values.setdefault(name, []).append(value)
    return {name: (float(np.mean(row)), len(row)) for name, row in values.items()}


def basic_pitch(path: Path, truth: LeadSheet) -> float:
    """The F measure of the notes that basic-pitch finds (Bittner et al., 2022), of all roles together."""
    from mir_eval.transcription import precision_recall_f1_overlap

    notes = [note for role in basic_pitch_notes(path).values() for note in role]
    found = spans_and_hz((note.start_s, note.end_s, note.pitch) for note in notes)
    return precision_recall_f1_overlap(*notes_s(truth, ROLES), *found, offset_ratio=None)[2]


def report(material: list[Song], cache: str | None) -> tuple[list[dict], str]:
    """The tables, and what was measured."""
    variants: dict[str, TranscriptionOptions] = {
        "default": TranscriptionOptions(cache=cache, words="off"),
        "madmom": TranscriptionOptions(cache=cache, words="off", beats="madmom"),
        "fast": TranscriptionOptions(cache=cache, words="off", fast=True),
        "librosa beats": TranscriptionOptions(cache=cache, words="off", beats="librosa"),
    }
    rows = {
        name: [song.measures(transcribed(song.path, options)) for song in material]
        for name, options in variants.items()
    }
    results = {name: means(some) for name, some in rows.items()}
    plain = [basic_pitch(song.path, song.truth) for song in material]
    minutes = sum(song.truth.duration_s for song in material) / 60
    note = (
        f"{len(material)} songs, {minutes:.0f} minutes, of bands with drums and a lead in place of a voice; means over"
        " the songs that have a part. `--words off`. Key and chords of the game music are themselves estimated and not"
        f" counted, nor are chords where less than {100 * LEAST_IN_CHORD:.0f} % of the accompaniment is in them."
    )
    heads = ["", "songs", "goal", "default", "`--beats madmom`", "`--fast`", "`--beats librosa`"]
    figures = [
        [NAMES.get(name, name.replace("_", " ")), count, GOALS.get(name, ""), *(results[v][name][0] for v in variants)]
        for name, (_, count) in results["default"].items()
    ]
    first = table(heads, figures, ["", "", "{:.2f}", *["{:.3f}"] * len(variants)])
    second = by_source(material, rows["default"])
    second["title"] = cell("basic-pitch, all pitched notes of all roles together: F {:.3f}.", np.mean(plain))
    return [first, second], note


def by_source(material: list[Song], rows: list[dict[str, float]]) -> dict:
    """The default's goals by where the scores come from: what is called a beat differs."""
    sources = sorted({song.source for song in material})
    found = {
        source: means([row for song, row in zip(material, rows, strict=True) if song.source == source])
        for source in sources
    }
    cells = [
        [
            NAMES.get(name, name),
            *(found[source][name][0] if name in found[source] else "" for source in sources),
        ]
        for name in (*GOALS, "amlt", "key")
    ]
    return table(["default, by source", *sources], cells, "{:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--cache")
    given = parser.parse_args()
    material = songs(given.songs)
    tables, note = report(material, given.cache)
    save("transcription", tables, [note], songs={"songs": len(material)})


if __name__ == "__main__":
    main()
