"""Transcription of a singer whose pitch, notes and words are known, alone and amid a band.

python -m benchmarks.transcription_singing --data OPENEWLD_MMA.jsonl.gz --soundfont FONT
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import cell, save, table
from benchmarks.singing import FRAME_S, VOICES, Song, sing
from benchmarks.transcription_songs import FEWEST_NOTES, first_minute, played
from benchmarks.transcription_voice import distance, plain, si_sdr
from benchmarks.unread import file_name, no_model_has_read
from mir.compare import spans_and_hz
from mir.melody import melody_notes, pitch_curve
from mir.separation import spleeter_stems
from mir.training.mixes import SoundfontBand
from mir.word_recognition import align_lyrics, recognise_words
from planner.records import read_records, sheet_of_record
from scoretok import LeadSheet
from scoretok.audio import SAMPLE_RATE, Recording
from scoretok.parts import Note

LATE_S = 0.3
MEASURES = (
    "pitch (RPA)", "pitch and voicing (OA)", "notes F", "notes with ends F", "WER", "CER", "given words in place",
)  # fmt: skip


def songs(path: Path, count: int) -> Iterator[LeadSheet]:
    """The first minutes of English songs that training left out, one arrangement each, with their words."""
    done = set()
    for record in read_records(path):
        name = file_name(record["id"])
        song = name.partition("__")[0]
        if len(done) == count:
            return
        if song in done or not no_model_has_read(record["id"]) or record.get("language") != "English":
            continue
        sheet = first_minute(with_words(sheet_of_record(record), record))
        if sheet.note_count >= FEWEST_NOTES and any(note.syllable for note in melody_of(sheet)):
            done.add(song)
            yield sheet


def with_words(sheet: LeadSheet, record: dict) -> LeadSheet:
    """The words of a record, which scores to train on do without, on the notes of its voice."""
    words = {tick - record["bars"][0]: text for tick, text, _ in record["lyrics"]}

    def note_with(note: Note) -> Note:
        text = words.get(note.start_ticks, "").strip(" -")
        return note._replace(syllable=note.syllable._replace(text=text)) if note.syllable and text else note

    tracks = tuple(
        replace(track, notes=tuple(map(note_with, track.notes))) if track.role == "vocal" else track
        for track in sheet.tracks
    )
    return replace(sheet, tracks=tracks)


def melody_of(sheet: LeadSheet) -> tuple[Note, ...]:
    """The notes of the singer."""
    return next((track.notes for track in sheet.tracks if track.role == "vocal"), ())


def measured(recording: Recording, song: Song) -> tuple[dict[str, float], list[int]]:
    """Shares by name, and errors and lengths in words and letters."""
    from mir_eval.melody import evaluate
    from mir_eval.transcription import precision_recall_f1_overlap

    curve = pitch_curve(recording)
    voiced = np.where(curve.is_voiced, curve.hz, -curve.hz)
    pitch = evaluate(np.arange(len(song.hz)) * FRAME_S, song.hz, curve.times_s, voiced)
    found = melody_notes(curve, follow_tuning=False)
    rows = spans_and_hz((note.start_s, note.end_s, note.pitch) for note in found), spans_and_hz(song.notes)
    note_f = [precision_recall_f1_overlap(*rows[1], *rows[0], offset_ratio=ratio)[2] for ratio in (None, 0.2)]
    text = " ".join(word for _, word in song.words)
    words = recognise_words(recording, language="en").words
    said = [part for word in words for part in plain(word.text)]
    truth = plain(text)
    letters = ["".join(row) for row in (truth, said)]
    errors = [distance(truth, said), len(truth), distance(*map(list, letters)), len(letters[0])]
    placed = align_lyrics(text, words, recording.duration_s)
    near = np.mean([abs(word.start_s - start) <= LATE_S for word, (start, _) in zip(placed, song.words, strict=False)])
    shares = [pitch["Raw Pitch Accuracy"], pitch["Overall Accuracy"], *note_f]
    return dict(zip(MEASURES, [*shares, 0.0, 0.0, near], strict=True)), errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--soundfont", required=True)
    parser.add_argument("--count", type=int, default=12)
    given = parser.parse_args()
    band = SoundfontBand([given.soundfont])
    rows: dict[str, list[dict[str, float]]] = {"alone": [], "separated": []}
    errors = {name: np.zeros(4) for name in rows}
    gains, seconds = [], 0.0
    for number, sheet in enumerate(songs(given.data, given.count)):
        rng = np.random.default_rng(number)
        song = sing(sheet, melody_of(sheet), VOICES[number % len(VOICES)], rng)
        rest = replace(sheet, tracks=tuple(track for track in sheet.tracks if track.role != "vocal"))
        mix = played(rest, band, rng)[:, : len(song.samples)]
        voice = song.samples[: mix.shape[1]] * np.sqrt(np.mean(mix**2) / np.mean(song.samples**2))
        whole = Recording((0.5 * (mix + voice)).astype(np.float32), SAMPLE_RATE)
        stem = spleeter_stems(whole)["vocals"]
        gains.append(si_sdr(voice, stem.mono) - si_sdr(voice, whole.mono))
        seconds += whole.duration_s
        for name, recording in (("alone", whole.with_samples(voice)), ("separated", stem)):
            shares, wrong = measured(recording, song)
            rows[name].append(shares)
            errors[name] += wrong
    values = {name: {key: np.mean([row[key] for row in found]) for key in MEASURES} for name, found in rows.items()}
    for name, wrong in errors.items():
        values[name]["WER"], values[name]["CER"] = wrong[0] / wrong[1], wrong[2] / wrong[3]
    note = cell(
        "{} songs, {:.0f} minutes, English, sung by rule (flite's voices, laid on the notes by"
        " WORLD with glides and vibrato) beside a band as loud as the voice. The separated voice is"
        " {:.1f} dB better than the mix (SI-SDR). A given word is in place within {} s.",
        len(gains), seconds / 60, np.mean(gains), LATE_S,
    )  # fmt: skip
    figures = [[name, *(row[key] for key in MEASURES)] for name, row in values.items()]
    save("transcription_singing", [table(["voice", *MEASURES], figures, "{:.3f}")], [note], songs={"data": len(gains)})


if __name__ == "__main__":
    main()
