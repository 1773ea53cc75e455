"""How well fresh verses are sung: words, pitch, onsets, how it sounds, likeness, speed; beside other ways to sing.

python -m benchmarks.singing_words --voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl

Twenty-four verses that were written for this (benchmarks/singing_verses.py), each in a low and a high key, sung by the
three voices that ship; by rule; by flite and WORLD, hibari alone and Festival where they are installed; and spoken.
Real voices that no model was trained on are sung too, for their likeness.
"""

import argparse
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from benchmarks import singing_baselines as baselines
from benchmarks.common import save, table
from benchmarks.real_voices import real_voices
from benchmarks.singing_measures import SingingFigures, measure
from benchmarks.singing_verses import TONICS, VERSES, verse, words_of
from benchmarks.voice_measures import embedding
from editing.voice.singing_voice import voice_from_file
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.phoneme_singer import PhonemeSinger, load_singer
from renderer.singing.rule_singer import RuleSinger
from renderer.singing.synthesis import sing_phrase
from renderer.singing.vocal_track import VocalTrack
from renderer.singing.voices import shipped_voice
from scoretok.sheet import LeadSheet

FIGURES = [field.name for field in fields(SingingFigures) if field.name != "heard"]
FORMS = ["", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.3f}", "{:.0f}", "{:.2f}", "{:.2f}", "{:.3f}"]
HEADS = [
    "who sings", "word errors", "character errors", "median verse", "in tune", "voiced", "onsets off, ms", "DNSMOS",
    "P.808", "CPU time of its length",
]  # fmt: skip
GOALS = ["goal", 0.15, 0.06, None, 0.98, 0.93, 40, 2.9, 3.1, 0.3]
REAL_VERSES = 2  # sung by each real voice


def sung_by(singer, decoder, sheet: LeadSheet) -> np.ndarray:
    """The first track of a score as a singer sings it, (n,)."""
    track = VocalTrack(baselines.phrases_of(sheet), lambda frames: sing_phrase(singer, decoder, frames))
    return track.span(0, round((sheet.duration_s + 2) * SAMPLE_RATE))


def without_silence(samples: np.ndarray) -> np.ndarray:
    """A song (n,) up to half a second behind its last sound: in silence Whisper hears words that nobody sang."""
    audible = np.flatnonzero(np.abs(samples) > 1e-3 * np.abs(samples).max(initial=1e-9))
    return samples[: int(audible[-1]) + SAMPLE_RATE // 2] if len(audible) else samples


def row_of(title: str, sing: Callable[[LeadSheet], np.ndarray], tonics: tuple[int, int]) -> list:
    """Mean figures of all verses, the even ones in the lower key."""
    found, took_s, length_s = [], 0.0, 0.0
    for number in range(len(VERSES)):
        sheet = verse(number, tonics[number % 2])
        began = perf_counter()
        samples = sing(sheet)
        took_s, length_s = took_s + perf_counter() - began, length_s + sheet.duration_s
        notes = [note for frames in baselines.phrases_of(sheet) for note in frames.phrase.notes]
        found.append(measure(without_silence(samples), words_of(sheet), notes))
        print(title, number, f"{found[-1].character_error:.2f}", found[-1].heard, flush=True)
    means = [float(np.nanmean([getattr(one, name) for one in found])) for name in FIGURES]
    median = float(np.median([one.character_error for one in found]))
    return [title, means[0], means[1], median, *means[2:], took_s / length_s]


def likeness_rows(models, voices: dict[str, list[Path]]) -> list[list]:
    """What voices sing beside what they say in another recording, by Resemblyzer."""
    from scoretok.audio import read_mono

    rows = []
    for speaker, paths in voices.items():
        if len(paths) < 2:
            continue
        profile = voice_from_file(paths[0], models)
        tonics = TONICS["low" if profile.median_hz < 150 else "middle"]
        singer = PhonemeSinger(models.dit, profile)
        sung = [sung_by(singer, models.decoder, verse(n, tonics[0])) for n in range(REAL_VERSES)]
        said = embedding(read_mono(paths[1], SAMPLE_RATE))
        own = float(embedding(read_mono(paths[0], SAMPLE_RATE)) @ said)
        rows.append([speaker, float(np.mean([embedding(one) @ said for one in sung])), own])
        print(*rows[-1], flush=True)
    return [*rows, ["mean", *(float(np.mean([row[n] for row in rows])) for n in (1, 2))]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--model", type=Path, help="another singer than the one that ships")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    models = load_singer(arguments.model)
    rule = RuleSinger()
    rows = [GOALS]
    for name in ("low", "middle", "high"):
        singer = PhonemeSinger(models.dit, shipped_voice(name, models.dit))
        rows.append(row_of(f"model, {name} voice", lambda s, one=singer: sung_by(one, models.decoder, s), TONICS[name]))
    rows.append(["model, mean", *(float(np.mean([row[n] for row in rows[1:]])) for n in range(1, len(HEADS)))])
    others = {
        "by rule (hibari's envelopes, our decoder)": lambda s: sung_by(rule, models.decoder, s),
        "hibari alone": baselines.hibari_alone,
        "flite slt and WORLD": baselines.flite_world,
        "Festival": baselines.festival,
    }
    rows += [row_of(title, sing, TONICS["middle"]) for title, sing in others.items()]
    spoken = row_of("spoken by hibari", lambda sheet: baselines.spoken(words_of(sheet)), TONICS["middle"])
    rows.append([*spoken[:4], *[None] * 3, *spoken[7:9], None])
    likeness = likeness_rows(models, real_voices(arguments.voices, arguments.manifest))
    notes = [
        "24 verses each, of four lines, even ones in a low and odd ones in a high key of the voice, one thread. In tune"
        " within 50 cents, of frames inside notes in which swift-f0 hears a pitch; voiced is the share of those frames."
        " Words as Whisper base understands them; the verses that are spoken too. The median is of the character errors"
        " of the verses: where a voice is unclear Whisper may loop, and one such verse moves the mean.",
        f"Likeness by Resemblyzer (goal 0.62) to another recording of the same speaker than the reference,"
        f" {REAL_VERSES} verses each; beside it the reference's own.",
    ]
    tables = [
        table(HEADS, rows, FORMS),
        table(["real voice", "sung", "its own speech"], likeness, ["", "{:.2f}", "{:.2f}"]),
    ]
    save("singing_words", tables, notes)


if __name__ == "__main__":
    main()
