"""Voice conversion between voices that nobody trained on, beside WORLD, the take itself and the target's own clips.

python -m benchmarks.voice --voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl

Resemblyzer's cosine knows pitch and voice apart badly (a voice 7 semitones up is 0.81 of itself), so speech is compared
at the target's pitch. One held-out singer is all the recorded singing there is; the speakers' takes are also sung by
rule (renderer.voice.training.synthetic_singing), by the decoder that is measured here.
"""

import argparse
import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from pathlib import Path

import numpy as np
import soundfile
import torch

from benchmarks.common import save, table
from benchmarks.voice_measures import (
    Course,
    character_error,
    embedding,
    formant_ratio,
    letters,
    loudness_error_db,
    pitch_likeness,
    quality,
    world,
)
from editing.voice.conversion import ConversionRequest, convert_samples
from renderer.codec.mel import SAMPLE_RATE
from renderer.voice.features import estimate_bandwidth_hz, extract_features
from renderer.voice.pretrained import VoiceModels, load_models
from renderer.voice.profile import enrol_voice
from renderer.voice.training.augment import Frames, speech_to_song
from renderer.voice.training.synthetic_singing import synthesise_frames
from scoretok.audio import resample

TAKE_S, REFERENCE_S = 8.0, 10.0
LOW_VOICE_HZ = 160.0
FEWEST_LETTERS = 20
BY_RULE = "singing by rule"
LENGTHS_S = (1.0, 3.0, 10.0, 30.0)
GOALS = {
    "to the target": 0.74, "preferred": 0.95, "F0 correlation": 0.95, "voicing error": 0.05, "character error": 0.10,
}  # fmt: skip


@dataclass
class Singer:
    """A held-out voice: a take to convert, a reference to convert to, and clips of neither to compare with."""

    name: str
    kind: str
    rate: int
    take: np.ndarray
    reference: np.ndarray
    others: np.ndarray

    @cached_property
    def bandwidth_hz(self) -> float:
        """Up to which frequency the voice was recorded, as a conversion finds it."""
        return estimate_bandwidth_hz(extract_features(self.reference, words=False).envelope, self.rate)

    @cached_property
    def like(self) -> np.ndarray:
        """The embedding of what was neither converted nor given as reference."""
        return embedding(self.others)

    @cached_property
    def own(self) -> np.ndarray:
        """The embedding of the take."""
        return embedding(self.take)

    @cached_property
    def course(self) -> Course:
        """Pitch and loudness of the take."""
        return Course.of(self.take)

    @cached_property
    def words(self) -> str:
        """What Whisper understands of the take."""
        return letters(self.take)

    @cached_property
    def median_hz(self) -> float:
        """The middle of the pitch of the reference."""
        return Course.of(self.reference).pitch.median_hz


def singers(voices: Path, manifest: Path) -> list[Singer]:
    """The held-out voices; of those with one clip, its thirds serve as take, reference and comparison."""
    rows = {row["file"]: row for row in map(json.loads, manifest.read_text().splitlines())}
    clips: dict[str, list[np.ndarray]] = defaultdict(list)
    by_speaker: dict[str, dict] = {}
    with tarfile.open(voices) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            row, file = (
                rows.get(member.name.removeprefix("./")),
                archive.extractfile(member) if member.isfile() else None,
            )
            if row and file:
                samples, rate = soundfile.read(io.BytesIO(file.read()), dtype="float32")
                clips[row["speaker"]].append(resample(samples, rate, SAMPLE_RATE) if rate != SAMPLE_RATE else samples)
                by_speaker[row["speaker"]] = row
    found = []
    for name in sorted(clips):
        parts = clips[name] if len(clips[name]) > 2 else np.array_split(np.concatenate(clips[name]), 3)
        rest = np.concatenate(parts[1:])
        limit = min(len(rest) // 2, round(max(LENGTHS_S) * SAMPLE_RATE))
        take = parts[0][: round(TAKE_S * SAMPLE_RATE)]
        row = by_speaker[name]
        found.append(Singer(name, row["kind"], row["sample_rate"], take, rest[:limit], rest[limit:]))
    return found


def sung_by_rule(singer: Singer, models: VoiceModels, seed: int) -> Singer:
    """The take of a speaker, held and laid on a melody."""
    features = extract_features(singer.take, singer.bandwidth_hz)
    no_words = np.zeros((len(features), 1), np.float32)
    spoken = Frames(
        features.envelope.numpy(), features.pitch.hz, features.pitch.voicing, no_words, features.known_bands.numpy()
    )
    take = synthesise_frames(speech_to_song(spoken, np.random.default_rng(seed)), models.decoder)[
        : round(TAKE_S * SAMPLE_RATE)
    ]
    return replace(singer, kind=BY_RULE, take=take)


def ours(models: VoiceModels, reference_s: float = REFERENCE_S, **choices) -> Callable[[Singer, Singer], np.ndarray]:
    """Our conversion by a reference of some seconds."""

    def convert(take: Singer, target: Singer) -> np.ndarray:
        reference = target.reference[: round(reference_s * SAMPLE_RATE)]
        voice = enrol_voice(models.dit, extract_features(reference, target.bandwidth_hz))
        return convert_samples(models, take.take, voice, ConversionRequest(shift=shift_of(take), **choices))

    return convert


def shift_of(take: Singer) -> str:
    """Speech is compared at the target's pitch, song in the octave that fits."""
    return "match" if take.kind == "speech" else "auto"


def by_world(take: Singer, target: Singer) -> np.ndarray:
    """WORLD with the target's mean pitch and formant ratio."""
    ratio = target.median_hz / take.course.pitch.median_hz
    if take.kind != "speech":
        ratio = 2 ** round(np.log2(ratio))
    return world(take.take, ratio, formant_ratio(take.take, target.reference))


def nearness(like: np.ndarray, take: Singer, target: np.ndarray) -> dict[str, float]:
    """How near an embedding (256,) is to the target's (256,) and to the take."""
    to_target, to_source = float(like @ target), float(like @ take.own)
    return {"to the target": to_target, "to the source": to_source, "preferred": float(to_target > to_source)}


def measured(take: Singer, target: Singer, made: np.ndarray) -> dict[str, float]:
    """What is measured of one conversion."""
    like, course = embedding(made), Course.of(made)
    correlation, voicing = pitch_likeness(take.course, course)
    row = {
        **nearness(like, take, target.like),
        "F0 correlation": correlation,
        "voicing error": voicing,
        "loudness error, dB": loudness_error_db(take.course, course),
        "DNSMOS": quality(made),
    }
    return {**row, **words_lost(take, made)}


def words_lost(take: Singer, made: np.ndarray) -> dict[str, float]:
    """How many letters are understood otherwise than in a take that holds enough of them."""
    return {"character error": character_error(take.words, letters(made))} if len(take.words) > FEWEST_LETTERS else {}


def perfect(pairs: Iterable[tuple[Singer, Singer]]) -> dict[str, float]:
    """What the target's own take would be given: as long as the take that is converted, sung as it is sung."""
    rows = []
    for take, target in pairs:
        own = embedding((target.reference if take.kind == "speech" else target.take)[: len(take.take)])
        rows.append(nearness(own, take, target.like))
    return means(rows)


def means(rows: Iterable[dict[str, float]]) -> dict[str, float]:
    """The mean of every figure over the rows that have it."""
    columns: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            if np.isfinite(value):
                columns[name].append(value)
    return {name: float(np.mean(values)) for name, values in columns.items()}


def shown(title: str, figures: dict[str, float], names: list[str]) -> list[object]:
    """A row of the table."""
    return [title, *(figures.get(name) for name in names)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", required=True, type=Path)
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--model", help="another voice model than the one that ships")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    models = load_models(arguments.model)
    every = singers(arguments.voices, arguments.manifest)
    pairs = list(permutations(every, 2))
    speakers = [singer for singer in every if singer.kind == "speech"]
    ruled = [sung_by_rule(singer, models, number) for number, singer in enumerate(speakers)]
    pairs += [(take, target) for take in ruled for target in speakers if target.name != take.name]
    speech = [(a, b) for a, b in pairs if a.kind == b.kind == "speech"]
    recorded = [(a, b) for a, b in pairs if a.kind == "singing"]
    by_rule = [(a, b) for a, b in pairs if a.kind == BY_RULE]
    ways = {"ours": ours(models), "ours, coarse only": ours(models, steps=0), "WORLD": by_world,
            "the take unchanged": lambda take, _: take.take}  # fmt: skip
    names = ["to the target", "to the source", "preferred", "F0 correlation", "voicing error", "character error",
             "loudness error, dB", "DNSMOS"]  # fmt: skip
    found = {way: [(a, b, measured(a, b, make(a, b))) for a, b in pairs] for way, make in ways.items()}

    def mean_of(way: str, chosen: list[tuple[Singer, Singer]]) -> dict[str, float]:
        wanted = {(a.name, a.kind, b.name) for a, b in chosen}
        return means(row for a, b, row in found[way] if (a.name, a.kind, b.name) in wanted)

    low = {singer.name: singer.median_hz < LOW_VOICE_HZ for singer in every}
    alike = [(a, b) for a, b in speech if low[a.name] == low[b.name]]
    across = [(a, b) for a, b in speech if low[a.name] != low[b.name]]
    ceiling = means({"to the target": float(embedding(s.reference) @ s.like)} for s in every)
    rows = [shown(f"{way}, speech", mean_of(way, speech), names) for way in ways]
    rows += [shown("ours, like voices", mean_of("ours", alike), names)]
    rows += [shown("ours, low to high and back", mean_of("ours", across), names)]
    rows += [shown(f"{way}, singing to speakers", mean_of(way, recorded), names) for way in ways]
    rows += [shown(f"{way}, singing by rule to speakers", mean_of(way, by_rule), names) for way in ways]
    itself = [measured(s, s, ours(models)(s, s)) for s in every]
    rows += [shown("ours, to itself", means(itself), names)]
    rows += [shown("the target's own clips", ceiling, names)]
    rows += [shown("as long as the take, speech", perfect(speech), names)]
    sung = {singer.name: singer for singer in ruled}
    own = [(a, sung[b.name]) for a, b in by_rule]
    rows += [shown("the target's own singing by rule", perfect(own), names)]
    rows += [shown("goal, speech", GOALS, names), shown("goal, singing", {**GOALS, "to the target": 0.62}, names)]
    lengths = [
        [f"{seconds:g} s", means(measured_likeness(models, speech[::2], seconds))["to the target"]]
        for seconds in LENGTHS_S
    ]
    note = (
        f"{len(speech)} pairs of speakers, {len(recorded)} of a singer and speakers, {len(by_rule)} of speakers who"
        " sing by rule and other speakers, none in the training data; takes of"
        f" {TAKE_S:g} s at most, references of {REFERENCE_S:g} s at most, compared with third clips of the target."
    )
    title = "Every second pair of speakers, by the length of the reference (or as much as there is):"
    by_length = table(["reference", "to the target"], lengths, "{:.2f}", title)
    save("voice", [table(["", *names], rows, "{:.2f}"), by_length], [note])


def measured_likeness(
    models: VoiceModels, pairs: list[tuple[Singer, Singer]], seconds: float
) -> Iterable[dict[str, float]]:
    """How near to the target conversions come by a reference of some seconds."""
    convert = ours(models, seconds)
    for take, target in pairs:
        yield {"to the target": float(embedding(convert(take, target)) @ target.like)}


if __name__ == "__main__":
    main()
