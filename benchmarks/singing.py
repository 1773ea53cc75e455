"""A singer made by rule, whose pitch, notes and words are known: a synthetic voice speaks, WORLD lays it on the notes.

Needs pyworld, and flite (a package of most Linux distributions) for the voices. Axes: t frames of 5 ms.
"""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soundfile

from mir.melody import semitones
from scoretok import LeadSheet
from scoretok.audio import SAMPLE_RATE, resample
from scoretok.parts import Note

VOICES = ("slt", "rms", "awb", "kal16")
FRAME_S = 0.005
PAUSE_S = 0.25  # a phrase ends where nobody sings for so long
LONGEST_PHRASE = 14
CONSONANT_S, CONSONANT_SHARE = 0.2, 0.3  # at most so much of a note is taken by the consonants of the next one
VOWELS = (
    "aa", "ae", "ah", "ao", "aw", "ax", "axr", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw", "ix", "ux",
)  # fmt: skip
GLIDE_FRAMES = 17
SUNG_ABOVE_SPOKEN = 10  # people sing that much higher than they speak, in semitones
VIBRATO_HZ, VIBRATO_AFTER_S = 5.6, 0.25


@dataclass(frozen=True)
class Syllable:
    """A syllable on its notes: rows of start and end in seconds, and pitch."""

    text: str
    ends_word: bool
    notes: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class Song:
    """Mono samples at 44,100 Hz, their pitch in Hz every 5 ms (0 where there is none), notes and words with starts."""

    samples: np.ndarray
    hz: np.ndarray
    notes: list[tuple[float, float, int]]
    words: list[tuple[float, str]]


def phrases(sheet: LeadSheet, notes: Sequence[Note]) -> list[list[Syllable]]:
    """The syllables of a melody with their notes, up to a breath."""
    found: list[Syllable] = []
    for note in notes:
        row = (sheet.seconds_at(note.start_ticks), sheet.seconds_at(note.end_ticks), note.pitch)
        if note.syllable:
            found.append(Syllable(note.syllable.text, note.syllable.word_end, (row,)))
        elif found:
            found[-1] = Syllable(found[-1].text, found[-1].ends_word, (*found[-1].notes, row))
    lines: list[list[Syllable]] = [[]]
    for syllable in found:
        line = lines[-1]
        if line and (
            syllable.notes[0][0] - line[-1].notes[-1][1] >= PAUSE_S
            or (len(line) >= LONGEST_PHRASE and line[-1].ends_word)
        ):
            lines.append([])
        lines[-1].append(syllable)
    return [line for line in lines if line]


def text_of(line: Sequence[Syllable]) -> str:
    """The words of a phrase."""
    return "".join(syllable.text + " " * syllable.ends_word for syllable in line).strip()


def spoken(text: str, voice: str) -> tuple[np.ndarray, int, list[tuple[str, float, float]]]:
    """Samples (n,), their rate, and phones with their starts and ends in seconds, of a text that flite speaks."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "said.wav")
        output = subprocess.run(
            ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(path)],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        samples, rate = soundfile.read(path)
    phones, now_s = [], 0.0
    for word in output.split():
        name, _, end = word.rpartition(":")
        phones.append((name, now_s, float(end)))
        now_s = float(end)
    return samples, rate, phones


def groups_of(phones: Sequence[tuple[str, float, float]]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The frames of the consonants before, the vowel, and the consonants behind it, of every spoken syllable.

    Of the consonants between two vowels the first one stays with the vowel before, if there are more.
    """
    said = [phone for phone in phones if phone[0] != "pau"]
    vowels = [at for at, phone in enumerate(said) if phone[0] in VOWELS]
    edges = [0, *(b - min(b - a - 1, max(1, b - a - 2)) for a, b in pairwise(vowels)), len(said)]

    def frames(span: Sequence[tuple[str, float, float]]) -> np.ndarray:
        return np.concatenate(
            [np.arange(round(start / FRAME_S), round(end / FRAME_S)) for _, start, end in span] or [[]]
        )

    return [
        (frames(said[low:vowel]), frames(said[vowel : vowel + 1]), frames(said[vowel + 1 : high]))
        for (low, high), vowel in zip(pairwise(edges), vowels, strict=True)
    ]


def squeezed(frames: np.ndarray, count: int) -> np.ndarray:
    """Frames in at most `count` of them."""
    return frames if len(frames) <= count else frames[np.linspace(0, len(frames) - 1, count).astype(int)]


def held(frames: np.ndarray, count: int) -> np.ndarray:
    """A vowel made to last: its first and last third at their own speed, the middle slower."""
    edge = min(len(frames), count) / 3
    places = [0, edge, max(edge, count - edge), count]
    return np.interp(np.arange(count), places, frames[0] + np.array([0, edge, len(frames) - 1 - edge, len(frames) - 1]))


def laid(line: Sequence[Syllable], groups: Sequence[tuple[np.ndarray, ...]], total: int) -> np.ndarray:
    """Which frame of what is spoken sounds in each of (t,) frames, -1 for none; vowels begin with their notes."""
    source = np.full(total, -1.0)
    starts = [round(syllable.notes[0][0] / FRAME_S) for syllable in line]
    stops = [round(syllable.notes[-1][1] / FRAME_S) for syllable in line]
    rooms = [CONSONANT_S / FRAME_S, *(CONSONANT_SHARE * (b - a) for a, b in pairwise(starts))]
    heads = [
        squeezed(group[0], int(min(room, CONSONANT_S / FRAME_S))) for group, room in zip(groups, rooms, strict=True)
    ]
    for at, (_, vowel, behind) in enumerate(groups):
        stop = min(stops[at], starts[at + 1] - len(heads[at + 1])) if at + 1 < len(line) else stops[at]
        tail = squeezed(behind, int(CONSONANT_SHARE * (stop - starts[at])))
        middle = stop - len(tail)
        source[starts[at] : middle] = held(vowel, middle - starts[at])
        source[middle:stop] = tail
        head = heads[at][max(0, len(heads[at]) - starts[at]) :]
        source[starts[at] - len(head) : starts[at]] = head
    return source


def melody(line: Sequence[Syllable], total: int, rng: np.random.Generator) -> np.ndarray:
    """A sung pitch in semitones (t,): glides, vibrato on long notes, a little drift."""
    pitch, age_s = np.full(total, float(line[0].notes[0][2])), np.zeros(total)
    for start_s, _, note in (row for syllable in line for row in syllable.notes):
        start = round(start_s / FRAME_S)
        pitch[start:] = note
        age_s[start:] = np.arange(total - start) * FRAME_S
    shape = np.hanning(GLIDE_FRAMES)
    smooth = np.convolve(np.pad(pitch, GLIDE_FRAMES // 2, mode="edge"), shape / shape.sum(), "valid")
    depth = rng.uniform(0.15, 0.4) * np.clip((age_s - VIBRATO_AFTER_S) / 0.3, 0, 1)
    drift = np.convolve(rng.normal(0, 1, total), np.ones(60) / 60, "same") * 0.4
    return smooth + depth * np.sin(2 * np.pi * VIBRATO_HZ * np.arange(total) * FRAME_S) + drift


def sing(sheet: LeadSheet, notes: Sequence[Note], voice: str, rng: np.random.Generator) -> Song:
    """A melody sung, whole octaves from where it is written; phrases that the voice spells otherwise are left out."""
    total = round((sheet.duration_s + 1) / FRAME_S)
    samples, hz = np.zeros(round(total * FRAME_S * SAMPLE_RATE), np.float32), np.zeros(total)
    sung_notes: list[tuple[float, float, int]] = []
    words: list[tuple[float, str]] = []
    octave = None
    for line in phrases(sheet, notes):
        speech = analysed(text_of(line), voice)
        if len(speech.groups) != len(line):
            continue
        if octave is None:
            own = float(np.median(semitones(speech.hz[speech.hz > 0]))) + SUNG_ABOVE_SPOKEN
            octave = 12 * round((own - np.median([row[2] for syllable in line for row in syllable.notes])) / 12)
        begin = max(0, round((line[0].notes[0][0] - CONSONANT_S) / FRAME_S))
        line_hz, sound = performed(moved(line, begin * FRAME_S, octave), speech, rng)
        at = round(begin * FRAME_S * SAMPLE_RATE)
        samples[at : at + len(sound)] += sound[: len(samples) - at]
        hz[begin : begin + len(line_hz)] = np.maximum(hz[begin : begin + len(line_hz)], line_hz[: total - begin])
        sung_notes += [(start, end, pitch + octave) for syllable in line for start, end, pitch in syllable.notes]
        begins = [True, *(syllable.ends_word for syllable in line[:-1])]
        starts = [syllable.notes[0][0] for syllable, first in zip(line, begins, strict=True) if first]
        words += list(zip(starts, text_of(line).split(), strict=False))
    return Song(samples, hz, sung_notes, words)


@dataclass(frozen=True)
class Speech:
    """What WORLD (Morise et al., 2016) finds in a spoken text, frame by frame, and where its syllables are."""

    rate: int
    hz: np.ndarray
    envelope: np.ndarray
    noise: np.ndarray
    groups: list[tuple[np.ndarray, np.ndarray, np.ndarray]]


def analysed(text: str, voice: str) -> Speech:
    """A text, spoken and taken apart."""
    import pyworld

    said, rate, phones = spoken(text, voice)
    rough_hz, times = pyworld.dio(said, rate, frame_period=1000 * FRAME_S)
    hz = pyworld.stonemask(said, rough_hz, times, rate)
    envelope, noise = pyworld.cheaptrick(said, hz, times, rate), pyworld.d4c(said, hz, times, rate)
    return Speech(rate, hz, envelope, noise, groups_of(phones))


def moved(line: Sequence[Syllable], by_s: float, octave: int) -> list[Syllable]:
    """A phrase that begins so many seconds earlier, some semitones higher."""
    return [
        Syllable(one.text, one.ends_word, tuple((start - by_s, end - by_s, p + octave) for start, end, p in one.notes))
        for one in line
    ]


def performed(line: Sequence[Syllable], speech: Speech, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The pitch (t,) in Hz of a phrase, 0 where there is none, and its sound at 44,100 Hz."""
    import pyworld

    total = round((line[-1].notes[-1][1] + CONSONANT_S) / FRAME_S)
    source = laid(line, speech.groups, total)
    at = np.clip(np.round(source), 0, len(speech.hz) - 1).astype(int)
    vowel = np.zeros(len(speech.hz), bool)
    for _, frames, _ in speech.groups:
        vowel[frames[frames < len(vowel)].astype(int)] = True
    is_sung = (source >= 0) & ((speech.hz[at] > 0) | vowel[at])
    hz = np.where(is_sung, 440 * 2 ** ((melody(line, total, rng) - 69) / 12), 0.0)
    silence = np.where(source >= 0, 1.0, 1e-8)[:, None]
    played = pyworld.synthesize(hz, speech.envelope[at] * silence, speech.noise[at], speech.rate, 1000 * FRAME_S)
    return hz, resample(played[None].astype(np.float32), speech.rate, SAMPLE_RATE)[0]
