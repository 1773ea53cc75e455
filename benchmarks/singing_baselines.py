"""Other ways to sing a score, to be measured beside ours: flite and WORLD, hibari's own synthesis, Festival.

Axes: n samples, f frames.
"""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.singing_data import FLITE_PHONES
from renderer.codec.mel import SAMPLE_RATE
from renderer.singing.hibari import FRAME_S, HibariSpeech
from renderer.singing.hibari import RATE as HIBARI_RATE
from renderer.singing.phone_set import SILENCE, VOICED, VOWELS, StressedPhone
from renderer.singing.phrase_frames import PhraseFrames, frames_of_phrase
from renderer.singing.stretch import read_at, stretched_places
from renderer.singing.vocal_phrases import vocal_phrases
from scoretok.audio import resample
from scoretok.sheet import LeadSheet

WORLD_FRAME_S = 0.005
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def phrases_of(sheet: LeadSheet) -> list[PhraseFrames]:
    """The phrases of the first track, as our singer would sing them."""
    return [frames_of_phrase(phrase) for phrase in vocal_phrases(sheet, sheet.tracks[0])]


def laid(sheet: LeadSheet, parts: Sequence[tuple[float, np.ndarray]], rate: int) -> np.ndarray:
    """Parts (n,) that begin at some seconds as one song at 44.1 kHz."""
    song = np.zeros(round((sheet.duration_s + 2) * rate))
    for start_s, part in parts:
        first = round(start_s * rate)
        heard = part[max(0, -first) :][: len(song) - max(0, first)]
        song[max(0, first) : max(0, first) + len(heard)] += heard
    return resample(song.astype(np.float32), rate, SAMPLE_RATE)


def flite_world(sheet: LeadSheet, voice: str = "slt") -> np.ndarray:
    """Speech of flite, stretched and pitched by WORLD (Morise et al., 2016), (n,)."""
    import pyworld

    parts, rate = [], 16000
    for frames in phrases_of(sheet):
        samples, rate, spoken = _flite(frames, voice)
        sung = [s for s, p in zip(frames.spans_s, frames.timed.phones, strict=True) if p.symbol != SILENCE]
        phones = [p for p in frames.timed.phones if p.symbol != SILENCE]
        spans = _matched([p.symbol in VOWELS for p in phones], spoken)
        if spans is None:
            continue
        hz, times_s = pyworld.dio(samples, rate, frame_period=1000 * WORLD_FRAME_S)
        hz = pyworld.stonemask(samples, hz, times_s, rate)
        envelope = pyworld.cheaptrick(samples, hz, times_s, rate)
        aperiodicity = pyworld.d4c(samples, hz, times_s, rate)
        times = np.arange(0, len(frames) * 512 / 44100, WORLD_FRAME_S)
        places = _places(times, spans, sung, len(hz))
        number = np.clip(np.searchsorted([a for a, _ in sung], times, side="right") - 1, 0, None)
        voiced = np.array([p.symbol in VOICED for p in phones])[number] & (times >= sung[0][0]) & (times < sung[-1][1])
        pitch = np.interp(times, np.arange(len(frames)) * 512 / 44100, frames.pitch.hz) * voiced
        spectra = [np.ascontiguousarray(read_at(part, places)) for part in (np.log(envelope), aperiodicity)]
        made = pyworld.synthesize(pitch, np.exp(spectra[0]), spectra[1].astype(float), rate, 1000 * WORLD_FRAME_S)
        parts.append((frames.start_s, made))
    return laid(sheet, parts, rate)


def _places(times, spoken, sung, frames: int) -> np.ndarray:
    """Places in the speech, in frames of WORLD: edges keep their pace, the middle is stretched."""
    places = np.zeros(len(times))
    for (a, b), (start, end) in zip(spoken, sung, strict=True):
        inside = (times >= start) & (times < end)
        edge = min(0.35 * (b - a), 0.35 * (end - start))
        places[inside] = np.interp(times[inside] - start, [0, edge, end - start - edge, end - start],
                                   [a, a + 0.35 * (b - a), b - 0.35 * (b - a), b])  # fmt: skip
    places[times >= sung[-1][1]] = spoken[-1][1] + 0.03
    return np.clip(places / WORLD_FRAME_S, 0, frames - 1)


def _flite(frames: PhraseFrames, voice: str):
    """What flite says of a phrase: samples, rate, (is a vowel, begin, end) of each phone."""
    text = "".join(s.text + " " * s.word_end for s in frames.phrase.syllables)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "s.wav")
        command = ["flite", "-voice", voice, "--setf", "duration_stretch=1.4", "-psdur", "-t", text, "-o", str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        samples, rate = soundfile.read(path)
    spans, begin = [], 0.0
    for name, end in (one.rsplit(":", 1) for one in said if ":" in one):
        if name in FLITE_PHONES:
            spans.append((FLITE_PHONES[name] in VOWELS, begin, float(end)))
        begin = float(end)
    return samples.astype(np.float64), rate, spans


def _matched(vowels: Sequence[bool], spoken):
    """Spans of speech for each phone: vowels by vowels, consonants between them shared; None where vowels differ."""
    if len(vowels) == len(spoken) and [bool(v) for v in vowels] == [s[0] for s in spoken]:
        return [s[1:] for s in spoken]
    own, theirs = [n for n, v in enumerate(vowels) if v], [n for n, s in enumerate(spoken) if s[0]]
    if len(own) != len(theirs):
        return None
    spans: list = [None] * len(vowels)
    edges = zip(pairwise([-1, *own, len(vowels)]), pairwise([-1, *theirs, len(spoken)]), strict=True)
    for (a, b), (c, d) in edges:
        if b < len(vowels):
            spans[b] = spoken[d][1:]
        start = spoken[c + 1][1] if c + 1 < len(spoken) else spoken[-1][2]
        stop = spoken[d - 1][2] if d - c > 1 else start
        shares = np.linspace(start, stop, b - a)
        for place in range(b - a - 1):
            spans[a + 1 + place] = (shares[place], shares[place + 1])
    return spans


@cache
def _hibari() -> HibariSpeech:
    return HibariSpeech()


def hibari_alone(sheet: LeadSheet) -> np.ndarray:
    """hibari's own spectra, stretched, and its own synthesis at the sung pitch, (n,)."""
    from hibari import dsp

    parts = []
    for frames in phrases_of(sheet):
        phones = [p for p in frames.timed.phones if p.symbol != SILENCE]
        sung = [s for s, p in zip(frames.spans_s, frames.timed.phones, strict=True) if p.symbol != SILENCE]
        words = frames.phrase.syllables
        starts = [
            n == 0 or (p.syllable != phones[n - 1].syllable and words[phones[n - 1].syllable].word_end)
            for n, p in enumerate(phones)
        ]
        middle = float(np.median(frames.pitch.hz))
        said = _hibari().spectra(
            [StressedPhone(p.symbol, p.stress) for p in phones], starts, lambda n, _, hz=middle: np.full(len(n), hz)
        )
        lh, th, ln, lr, phi = said.spectra
        power = 2 * lh[4:160].max(0)
        scale = 512 / 44100 / FRAME_S
        spoken = [(a * scale, b * scale) for a, b in zip(said.start_s, said.end_s, strict=True)]
        count = int(len(frames) * scale)
        spans = [(a * scale, b * scale) for a, b in sung]
        places = stretched_places(spoken, spans, [p.is_nucleus for p in phones], power, count)
        hz = np.interp(np.arange(count) * FRAME_S, np.arange(len(frames)) * 512 / 44100, frames.pitch.hz)
        voiced = np.interp(np.arange(count) * FRAME_S, np.arange(len(frames)) * 512 / 44100, frames.pitch.voicing) > 0.5
        held = np.abs(np.gradient(places) - 1) > 0.25
        rng = np.random.default_rng(0)
        read = [read_at(part.T, places).T.astype(np.float32) for part in (lh, th, ln, lr)]
        read[3] = (read[3] - 1.4 * (held & voiced)).astype(np.float32)
        phase = np.where(
            held & voiced, rng.uniform(-np.pi, np.pi, (len(phi), count)), phi[:, np.round(places).astype(int)]
        )
        made = dsp.synth(*read, phase.astype(np.float32), np.where(voiced, hz, 0).astype(np.float32), rng)
        parts.append((frames.start_s, made))
    return laid(sheet, parts, HIBARI_RATE)


def festival(sheet: LeadSheet) -> np.ndarray:
    """Festival's singing mode with its kal diphones, (n,)."""
    rows, word, at_s = [], [], 0.0
    first_s = None
    for frames in phrases_of(sheet):
        for syllable in frames.phrase.syllables:
            first_s = syllable.start_s if first_s is None else first_s
            at_s = max(at_s, first_s)
            if not word and syllable.start_s - at_s > 0.05:
                rows.append(f'<REST SECONDS="{syllable.start_s - at_s:.3f}"></REST>')
            word.append(syllable)
            at_s = syllable.end_s
            if syllable.word_end:
                rows.append(_festival_word(word))
                word = []
    head = (
        '<?xml version="1.0"?>\n<!DOCTYPE SINGING PUBLIC "-//SINGING//DTD SINGING mark up//EN" "Singing.v0_1.dtd" []>\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "s.xml"), Path(folder, "s.wav")
        source.write_text(head + '<SINGING BPM="60">\n' + "\n".join(rows) + "\n</SINGING>\n")
        command = ["text2wave", "-mode", "singing", "-eval", "(voice_kal_diphone)", str(source), "-o", str(target)]
        subprocess.run(command, capture_output=True, check=True)
        samples, rate = soundfile.read(target)
    return laid(sheet, [(first_s or 0.0, samples)], rate)


def _festival_word(word) -> str:
    text = re.sub(r"[^A-Za-z']", "", "".join(s.text for s in word))
    notes = ",".join("+".join(f"{NAMES[int(n.pitch) % 12]}{int(n.pitch) // 12 - 1}" for n in s.notes) for s in word)
    lengths = ",".join("+".join(f"{n.end_s - n.start_s:.3f}" for n in s.notes) for s in word)
    return f'<PITCH NOTE="{notes}"><DURATION SECONDS="{lengths}">{text}</DURATION></PITCH>'


def spoken(words: str) -> np.ndarray:
    """The words as hibari speaks them, (n,): what a recogniser makes of clear speech."""
    from hibari import Hibari

    return resample(Hibari()(words, speed=0.8, seed=0), HIBARI_RATE, SAMPLE_RATE).astype(np.float32)
