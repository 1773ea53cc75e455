"""What voice conversion loses of words, and what is left of that when the words are told to it.

python -m benchmarks.voice_words --voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl

Takes of held-out speakers, converted to the next one: as it is, and told the words that are recognised. What Whisper
hears in the take counts as said. Then a verse amid a band: words heard in the voice that is taken out of the mix, sung
by the model and spoken.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from benchmarks import singing_baselines as baselines
from benchmarks.common import save, table
from benchmarks.real_voices import real_voices
from benchmarks.singing_measures import hear, words_in
from benchmarks.singing_verses import TONICS, verse, words_of
from benchmarks.singing_words import sung_by
from benchmarks.voice_measures import character_error, embedding
from editing.voice.conversion import ConversionRequest, convert_blocks, reference_voice
from editing.voice.convert_files import models_with_words
from editing.voice.in_mix import voice_in
from editing.voice.known_words import KnownWords
from editing.voice.source import analyse_source
from renderer.codec.mel import SAMPLE_RATE
from renderer.draft import DraftEngine
from renderer.singing.phoneme_singer import PhonemeSinger, load_singer
from renderer.singing.voices import shipped_voice
from renderer.voice.content import RATE
from renderer.voice.pretrained import load_models
from scoretok import read
from scoretok.audio import read_mono, resample

LONGEST_S, SHORTEST_S, TAKES = 15, 4, 3  # of takes, and how many of each speaker
MIXED_VERSES = 4
BAND = "examples/when-the-saints.lead"


def letters(samples: np.ndarray) -> str:
    """What Whisper hears, as letters and blanks."""
    return " ".join(words_in(hear(resample(samples, SAMPLE_RATE, RATE).astype(np.float32))))


def conversion_rows(voices: dict[str, list[Path]]) -> list[list]:
    """Letters heard otherwise, and likeness, by kind of take and way of converting."""
    plain, told = load_models(), models_with_words()
    names = sorted(voices)
    found: dict[str, list[tuple]] = {"plain": [], "told": []}
    for number, name in enumerate(names):
        target = voices[names[(number + 1) % len(names)]][-1]
        said = embedding(read_mono(target, SAMPLE_RATE))
        for path in voices[name][:TAKES]:
            take = read_mono(path, SAMPLE_RATE)[: LONGEST_S * SAMPLE_RATE].astype(np.float32)
            if len(take) < SHORTEST_S * SAMPLE_RATE:
                continue
            true, analysis = letters(take), analyse_source([take], path.name)
            for way, models in (("plain", plain), ("told", told)):
                voice = reference_voice(models, target)
                params = ConversionRequest(shift="match").parameters(analysis, voice)
                words = KnownWords().tokens(models.dit, take) if way == "told" else None
                made = np.concatenate(list(convert_blocks(models, voice, params, [take], words)))
                found[way].append((character_error(true, letters(made)), float(embedding(made) @ said)))
            print(name, path.name, found["plain"][-1], found["told"][-1], flush=True)
    return [
        [way, len(rows), *(float(np.mean(column)) for column in zip(*rows, strict=True))] for way, rows in found.items()
    ]


def mix_rows() -> list[list]:
    """Letters heard otherwise in a voice that is taken out of a mix with a band of equal power."""
    models = load_singer()
    singer = PhonemeSinger(models.dit, shipped_voice("middle", models.dit))
    band_sheet = read(BAND)
    number = next(n for n, track in enumerate(band_sheet.tracks) if track.role == "piano")
    band = DraftEngine().render_track(band_sheet, number)
    rows = {"sung by the model": [], "spoken by hibari": []}
    for verse_number in range(MIXED_VERSES):
        sheet = verse(verse_number, TONICS["middle"][0])
        true = " ".join(words_in(words_of(sheet)))
        voices = (sung_by(singer, models.decoder, sheet), baselines.spoken(words_of(sheet)))
        for (_, row), voice in zip(rows.items(), voices, strict=True):
            beside = np.resize(band, (2, len(voice)))
            beside *= np.sqrt(np.square(voice).mean() / np.square(beside).mean())
            mix = (voice[None] + beside).astype(np.float32)
            out = voice_in(mix, "spleeter").mean(0)
            row.append([character_error(true, letters(part)) for part in (voice, mix.mean(0), out)])
    return [[name, *(float(value) for value in np.mean(row, 0))] for name, row in rows.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--manifest", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    kinds = real_voices(arguments.voices, arguments.manifest)
    heads = ["conversion of speech", "takes", "letters heard otherwise", "likeness"]
    mix_heads = ["verse", "alone", "in the mix", "taken out of it"]
    tables = [
        table(heads, conversion_rows(kinds), ["", "", "{:.3f}", "{:.2f}"]),
        table(mix_heads, mix_rows(), ["", "{:.3f}", "{:.3f}", "{:.3f}"]),
    ]
    notes = [
        "Told: the words that Whisper recognises in the take are told to the singer's model (`--lyrics auto`); plain:"
        " voice conversion without. The goals are 0.05 for speech and 0.12 for real singing, of which the held-out"
        " recordings hold one clip, too little for a figure.",
        "Letters of the verse heard otherwise, beside a piano of equal power, by Spleeter.",
    ]
    save("voice_words", tables, notes)


if __name__ == "__main__":
    main()
