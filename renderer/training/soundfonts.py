"""Soundfonts as instruments for training data: which presets they hold, and playing them with FluidSynth.

Axes: c channels (2), n samples.
"""

import shutil
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np

from renderer.codec.mel import SAMPLE_RATE
from renderer.note_array import DRUM_PROGRAM, NoteArray
from scoretok.audio import open_audio
from scoretok.errors import ScoretokError

DRUM_BANK = 128
TICKS_PER_BEAT = SAMPLE_RATE // 2  # at 120 beats a minute a tick is a sample
PRESET_RECORD = struct.Struct("<20sHHHIII")


@dataclass(frozen=True)
class Preset:
    """One sound of a soundfont."""

    soundfont: str
    bank: int
    number: int
    name: str

    @property
    def program(self) -> int:
        """The General MIDI program that it plays, DRUMS for kits."""
        return DRUM_PROGRAM if self.bank == DRUM_BANK else self.number


@dataclass(frozen=True)
class SynthesisJob:
    """Notes to be played by a preset, and the seconds to render."""

    notes: NoteArray
    preset: Preset
    duration_s: float


def presets(path: str | Path) -> list[Preset]:
    """The presets of a .sf2 or .sf3 file, read from its `phdr` chunk. Raises ScoretokError."""
    data = Path(path).read_bytes() if Path(path).is_file() else b""
    at = data.find(b"phdr")
    if data[:4] != b"RIFF" or at < 0:
        raise ScoretokError(f"{path} is not a soundfont; name a file that ends with .sf2 or .sf3")
    size = struct.unpack_from("<I", data, at + 4)[0]
    records = [PRESET_RECORD.unpack_from(data, at + 8 + i) for i in range(0, size - PRESET_RECORD.size, 38)]
    return sorted(
        (Preset(str(path), bank, number, name.split(b"\0")[0].decode("latin-1").strip())
         for name, number, bank, *_ in records),
        key=lambda preset: (preset.bank, preset.number),
    )  # fmt: skip


def general_midi(path: str | Path) -> dict[int, Preset]:
    """The plain preset of every program of a soundfont. Raises ScoretokError."""
    return {preset.program: preset for preset in reversed(presets(path)) if preset.bank in (0, DRUM_BANK)}


def check_player() -> str:
    """The path of FluidSynth. Raises ScoretokError when it is not installed."""
    program = shutil.which("fluidsynth")
    if not program:
        raise ScoretokError(
            "playing soundfonts for training needs the program fluidsynth (Debian: apt install fluidsynth)"
        )
    return program


def synthesise(jobs: list[SynthesisJob]) -> list[np.ndarray]:
    """Play jobs of one soundfont in one go; float32 of shape (c, n) each, dry. Raises ScoretokError."""
    program = check_player()
    gap_s = 3.0
    starts_s = np.cumsum([0.5] + [job.duration_s + gap_s for job in jobs])
    with tempfile.TemporaryDirectory() as folder:
        midi, audio = Path(folder, "reel.mid"), Path(folder, "reel.wav")
        _midi_of_jobs(jobs, starts_s).save(midi)
        options = ["-ni", "-q", "-F", audio, "-r", SAMPLE_RATE, "-R", 0, "-C", 0, "-g", 0.4, "-O", "float"]
        command = [program, *options, "-o", "synth.dynamic-sample-loading=1", jobs[0].preset.soundfont, midi]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
        if done.returncode or not audio.is_file():
            raise ScoretokError(f"fluidsynth could not play {jobs[0].preset.soundfont}: {done.stderr.strip()[-200:]}")
        file = open_audio(audio)
        samples = file.read(0, file.n_samples, "float32")
    spans = [round(start * SAMPLE_RATE) for start in starts_s[:-1]]
    lengths = [round(job.duration_s * SAMPLE_RATE) for job in jobs]
    samples = np.pad(samples, ((0, 0), (0, max(0, spans[-1] + lengths[-1] - samples.shape[1]))))
    return [samples[:, start : start + length] for start, length in zip(spans, lengths, strict=True)]


def _midi_of_jobs(jobs: list[SynthesisJob], starts_s: np.ndarray) -> mido.MidiFile:
    """All jobs one after another in one MIDI file."""
    events: list[tuple[int, int, mido.Message]] = []
    for job, begin_s in zip(jobs, starts_s[:-1], strict=True):
        at = round((begin_s - 0.2) * SAMPLE_RATE)
        drum = job.preset.program == DRUM_PROGRAM
        channel = 9 if drum else 0
        setup = [
            mido.Message("control_change", channel=channel, control=120, value=0),
            mido.Message("control_change", channel=channel, control=0, value=0 if drum else job.preset.bank),
            mido.Message("program_change", channel=channel, program=job.preset.number),
            mido.Message("pitchwheel", channel=channel, pitch=round(job.notes.detune_cents / 200 * 8191)),
        ]
        events += [(at + i, 0, message) for i, message in enumerate(setup)]
        fields = (job.notes.start_s, job.notes.end_s, job.notes.pitch, job.notes.velocity)
        for start_s, end_s, pitch, velocity in zip(*fields, strict=True):
            note = {"channel": channel, "note": int(pitch)}
            on, off = round((begin_s + start_s) * SAMPLE_RATE), round((begin_s + end_s) * SAMPLE_RATE)
            events.append((on, 2, mido.Message("note_on", velocity=int(velocity), **note)))
            events.append((max(off, on + 1), 1, mido.Message("note_off", **note)))
    events.append((round(starts_s[-1] * SAMPLE_RATE), 3, mido.Message("control_change", control=7, value=100)))
    events.sort(key=lambda event: event[:2])
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    now = 0
    for tick, _, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    return mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_BEAT, tracks=[track])
