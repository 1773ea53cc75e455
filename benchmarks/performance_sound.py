"""Pedals, bends and loudness as they are heard, beside FluidSynth with the same soundfont.

python -m benchmarks.performance_sound --piano ASAP

Needs the program fluidsynth. Notes under the pedal come from performances (ASAP, as for `performance`), each alone on
an organ, whose sound ends when it is let go; bends and swells are drawn by one seed.

Axes: n samples.
"""

import argparse
import subprocess
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import cell, save, table
from benchmarks.performance import chosen
from renderer.dit_engine import DitEngine
from renderer.draft import DraftEngine, default_soundfont
from renderer.engine import Engine
from renderer.note_array import notes_of
from scoretok.audio import open_audio
from scoretok.formats import midi
from scoretok.parts import Note, Tempo, Track
from scoretok.performance import SUBTICKS_PER_TICK, Control, ControlPoint, Timing, named
from scoretok.sheet import LeadSheet

RATE = 44100
TICKS_PER_S = 48  # at 120 quarter notes a minute
SUBTICKS_PER_S = TICKS_PER_S * SUBTICKS_PER_TICK
ORGAN, FLUTE = 19, 73
SLOT_S = 12.0  # from one note to the next
NOTES_A_FILE, BENT, SWELLS = 4, 40, 8
AUDIBLE = 0.1  # of the loudest: a sound that is softer has ended


def fluid(sheet: LeadSheet) -> np.ndarray:
    """Samples (n,) of a score by FluidSynth."""
    with tempfile.TemporaryDirectory() as folder:
        score, audio = Path(folder, "a.mid"), Path(folder, "a.wav")
        midi.write(sheet, score)
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(RATE), "-F", str(audio)]
        subprocess.run([*command, str(default_soundfont()), str(score)], check=True, capture_output=True)
        file = open_audio(audio)
        return file.read(0, file.n_samples, "float32").mean(0)


def played(engine: Engine, sheet: LeadSheet) -> np.ndarray:
    """Samples (n,) of a score by an engine."""
    return np.concatenate([block.mean(0) for block in engine.track_blocks(sheet, 0, 0, 0)])


def levels(samples: np.ndarray, start_s: float, stop_s: float, step_s: float = 0.02) -> np.ndarray:
    """Root mean squares of the steps of a span."""
    step = round(step_s * RATE)
    span = samples[round(start_s * RATE) : round(stop_s * RATE)]
    span = np.pad(span, (0, max(0, round((stop_s - start_s) * RATE) - len(span))))
    return np.sqrt(np.square(span[: len(span) // step * step].reshape(-1, step)).mean(1))


def length_s(samples: np.ndarray, start_s: float) -> float:
    """How long a note is heard that begins at a second."""
    found = levels(samples, start_s, start_s + SLOT_S - 0.5)
    loud = np.flatnonzero(found > AUDIBLE * found.max())
    return float(loud[-1] + 1) * 0.02 if len(loud) else 0.0


def pedalled(folder: str) -> list[tuple[float, float, int, list[tuple[float, int]]]]:
    """Notes that a pedal makes longer: key down and up, pitch, and the pedal's points, in seconds from one before."""
    found = []
    for path in chosen(folder, 20):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sheet = midi.read(path)
        track = sheet.tracks[0]
        pedal = named(track.controls, "pedal")
        held = notes_of(sheet, replace(track, controls=(pedal,)))
        bare = notes_of(sheet, replace(track, controls=()))
        order = np.lexsort((bare.pitch, bare.start_s))
        gains = held.end_s - bare.end_s[order]
        times = [(sheet.seconds_at(at / SUBTICKS_PER_TICK), value) for at, value in pedal.points]
        longer = np.flatnonzero((gains > 0.2) & (held.end_s - held.start_s < SLOT_S - 4))
        for number in np.random.default_rng(5).permutation(longer)[:NOTES_A_FILE]:
            begin = held.start_s[number] - 1.0
            inside = [(at - begin, value) for at, value in times if 0 <= at - begin < SLOT_S - 2]
            before = [value for at, value in times if at < begin][-1:]
            points = [*((0.0, value) for value in before), *inside]
            found.append((1.0, float(bare.end_s[order][number] - begin), int(held.pitch[number]), points))
    return found


def pedal_sheet(notes: list[tuple[float, float, int, list[tuple[float, int]]]]) -> LeadSheet:
    """The notes one after the other, each with its pedal; it is up in between."""
    made, points = [], []
    for number, (start_s, end_s, pitch, pedal) in enumerate(notes):
        base = number * SLOT_S
        made.append(note_at(base + start_s, base + end_s, pitch))
        points += [ControlPoint(round((base + at) * SUBTICKS_PER_S), value) for at, value in pedal]
        points.append(ControlPoint(round((base + SLOT_S - 1) * SUBTICKS_PER_S), 0))
    return sheet_of(made, (Control("pedal", tuple(points)),), ORGAN, len(notes) * SLOT_S)


def note_at(start_s: float, end_s: float, pitch: int) -> Note:
    """A note with its exact times beside the grid."""
    start, end = (round(time_s * TICKS_PER_S) for time_s in (start_s, end_s))
    end = max(end, start + 1)
    off = Timing(
        *(round(t * SUBTICKS_PER_S) - tick * SUBTICKS_PER_TICK for t, tick in ((start_s, start), (end_s, end)))
    )
    return Note(start, pitch, end - start, 90, timing=off)


def sheet_of(notes: list[Note], controls: tuple[Control, ...], program: int, length_s: float) -> LeadSheet:
    """A score of one track at 120 quarter notes a minute."""
    track = Track("lead", tuple(notes), program, controls=controls)
    return LeadSheet(round(length_s / 2) + 1, (track,), tempos=(Tempo(0, 120.0),))


def bent_sheet(rng: np.random.Generator) -> tuple[LeadSheet, list[float]]:
    """Notes that are bent a third of a second after they begin, and by how many cents."""
    notes, points, cents = [], [ControlPoint(0, 200)], []
    wheel = []
    for number in range(BENT):
        start_s = 2.0 * number + 0.5
        notes.append(note_at(start_s, start_s + 1.4, int(rng.integers(60, 80))))
        value = int(rng.integers(-8192, 8192))
        cents.append(value / 8192 * 200)
        wheel += [ControlPoint(round(t * SUBTICKS_PER_S), v) for t, v in ((start_s + 0.33, value), (start_s + 1.45, 0))]
    controls = (Control("bend", tuple(wheel)), Control("bend-range", tuple(points)))
    return sheet_of(notes, controls, FLUTE, 2.0 * BENT + 1), cents


def pitch_hz(samples: np.ndarray, start_s: float, near_hz: float) -> float:
    """The frequency of the strongest partial within a third of an expected one, by the peak of a windowed spectrum."""
    span = samples[round(start_s * RATE) : round((start_s + 0.6) * RATE)]
    spectrum = np.abs(np.fft.rfft(span * np.hanning(len(span)), 1 << 18))
    bins = np.fft.rfftfreq(1 << 18, 1 / RATE)
    near = np.flatnonzero((bins > near_hz * 2 ** (-1 / 4)) & (bins < near_hz * 2 ** (1 / 4)))
    return float(bins[near[spectrum[near].argmax()]])


def swell_sheet(rng: np.random.Generator) -> LeadSheet:
    """A long chord whose expression and volume wander."""
    points = {
        name: tuple(
            ControlPoint(round(0.1 * step * SUBTICKS_PER_S), int(value))
            for step, value in enumerate(np.clip(rng.integers(60, 110) + np.cumsum(rng.normal(0, 8, 180)), 20, 127))
        )
        for name in ("expression", "volume")
    }
    notes = [note_at(0.5, 18.0, pitch) for pitch in (60, 64, 67)]
    return sheet_of(notes, tuple(Control(name, curve) for name, curve in points.items()), ORGAN, 19.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--piano", required=True)
    notes = pedalled(parser.parse_args().piano)
    engines: dict[str, Engine] = {"draft": DraftEngine(), "model": DitEngine()}
    rng = np.random.default_rng(3)
    bent, cents = bent_sheet(rng)
    swells = [swell_sheet(rng) for _ in range(SWELLS)]
    pedal = pedal_sheet(notes)
    truth_pedal, truth_bent, truth_swells = fluid(pedal), fluid(bent), [fluid(sheet) for sheet in swells]
    rows: list[list[object]] = []
    lengths, pitches, loudness = [], [], []
    for engine in engines.values():
        sound, bends = played(engine, pedal), played(engine, bent)
        starts = [number * SLOT_S + 1.0 for number in range(len(notes))]
        ratios = [length_s(sound, at) / max(0.02, length_s(truth_pedal, at)) for at in starts]
        lengths.append(float(np.median(np.abs(np.array(ratios) - 1))))
        off = []
        for number, by in enumerate(cents):
            note = bent.tracks[0].notes[number]
            expected = 440 * 2 ** ((note.pitch - 69 + by / 100) / 12)
            at = 2.0 * number + 0.5 + 0.6
            off.append(1200 * np.log2(pitch_hz(bends, at, expected) / pitch_hz(truth_bent, at, expected)))
        pitches.append((float(np.median(np.abs(off))), float(np.abs(off).max())))
        pairs = zip(swells, truth_swells, strict=True)
        both = [(levels(played(engine, sheet), 1, 17, 0.05), levels(truth, 1, 17, 0.05)) for sheet, truth in pairs]
        loudness.append(
            float(np.mean([np.corrcoef(20 * np.log10(np.maximum(np.stack(pair), 1e-6)))[0, 1] for pair in both]))
        )
    rows.append(
        [f"length of {len(notes)} pedalled notes, median difference", "5 %", *(cell("{:.1%}", x) for x in lengths)]
    )
    rows.append(
        [f"pitch of {BENT} bent notes, cents off: median, most", "10", *(cell("{:.1f}, {:.1f}", *x) for x in pitches)]
    )
    rows.append(
        [f"loudness of {SWELLS} swells, correlation of decibels", "0.95", *(cell("{:.3f}", x) for x in loudness)]
    )
    save("performance_sound", [table(["beside FluidSynth", "goal", *engines], rows)])


if __name__ == "__main__":
    main()
