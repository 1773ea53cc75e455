"""Reading ABC 2.1 files: headers, voices, repeats and endings; writing is in abc_write."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from scoretok.bars import join_notes_aloud, lay_bars
from scoretok.errors import ScoretokError, quoted, warn
from scoretok.files import read_text
from scoretok.formats.abc_fields import (
    count_in,
    parse_abc_key,
    parse_key_accidentals,
    parse_meter,
    parse_shift,
    parse_unit,
)
from scoretok.formats.abc_music import AbcBar, Voice
from scoretok.formats.abc_unfold import in_parts, part_labels, part_order, unfold
from scoretok.formats.abc_write import write
from scoretok.harmony import try_chord
from scoretok.infer import infer_missing
from scoretok.parts import (
    DEFAULT_VELOCITY,
    MAX_BPM,
    MAX_DURATION_TICKS,
    MIN_BPM,
    Chord,
    Key,
    Note,
    Section,
    Tempo,
    Track,
)
from scoretok.roles import identify, parse_section, say_roles, split_label
from scoretok.sheet import LeadSheet
from scoretok.texts import clean_text


def read(path: str | Path) -> LeadSheet:
    """Read an ABC file (its first tune). Raises ScoretokError with the line; warns of what was dropped."""
    return parse(read_text(path), str(path))


def parse(text: str, name: str = "the text") -> LeadSheet:
    """The first tune of an ABC text. Raises ScoretokError with the line."""
    tune = _Tune(name)
    tunes = 0
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        tunes += line.startswith("X:")
        if tunes < 2:
            tune.read_line(number, line)
    if tunes > 1:
        warn(f"of its {tunes} tunes the first was read", "dropped")
    try:
        return tune.sheet()
    except ScoretokError as error:
        raise ScoretokError(f"{name}: {error}") from None


class _Tune:
    """Collects the header and the voices of a tune."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.signed = False
        self.title = ""
        self.meter = (4, 4)
        self.key: Key | None = None
        self.unit: Fraction | None = None
        self.tempo = ""
        self.order = ""  # of the parts
        self.in_body = self.ended = self.typeset = False
        self.key_text = ""
        self.pending: list[tuple[str | None, str, str]] = []  # fields for a voice to come, or for any (None)
        self.floating: list[tuple[str, str]] = []  # for one voice if music follows, for all if a V: field does
        self.selected = False  # a V: field of the body stands before, no music since
        self.propagate = "pitch"
        self.shifts: dict[str, int] = {}
        self.ignored: set[str] = set()
        self.voices: dict[str, Voice] = {}
        self.names: dict[str, str] = {}
        self.programs: dict[int, int] = {}
        self.drum_voices: set[int] = set()
        self.muted_voices: set[int] = set()
        self.current = ""

    def read_line(self, number: int, line: str) -> None:
        if self.typeset or line.startswith("%%begin"):  # text or PostScript, for printing
            self.typeset = not line.startswith("%%end")
            return
        if line.startswith("%%"):
            self._directive(line[2:])
            return
        if not line.strip():
            self.ended = self.in_body and bool(self.voices)
            return
        line = re.sub(r"(?<!\\)%.*", "", line)
        if not line.strip():
            return
        try:
            if re.match(r"[A-Za-z+]:(?!\|)" if self.in_body else r"[A-Za-z+]:", line):
                self._field(line[0], line[2:])
            elif self.in_body and not self.ended:
                self._music(line)
        except ScoretokError as error:
            raise ScoretokError(f"{self.name}, line {number}: {error}") from None

    def _directive(self, text: str) -> None:
        words = text.split()
        if words[:1] == ["scoretok"]:
            self.signed = True
        elif words[:1] == ["propagate-accidentals"] and words[1:] and words[1] in ("not", "octave", "pitch"):
            self.propagate = words[1]
            for each in self.voices.values():
                each.propagate = words[1]
        elif words[:1] == ["MIDI"] and words[1:] and all(word.isdecimal() for word in words[2:]):
            numbers = [count_in(word) for word in words[2:]]
            voice = max(len(self.names) or len(self.voices), 1)
            if words[1] == "program" and numbers:
                self.programs[numbers[0] if len(numbers) > 1 else voice] = min(numbers[-1], 127)
            elif words[1] == "channel" and numbers and numbers[-1] == 10:
                self.drum_voices.add(numbers[0] if len(numbers) > 1 else voice)
            elif words[1] == "control" and numbers[-2:] == [7, 0]:
                self.muted_voices.add(numbers[0] if len(numbers) > 2 else voice)

    def _field(self, letter: str, value: str) -> None:
        if self.ended:
            return
        if letter == "T" and not self.title:
            self.title = clean_text(_plain(value if self.signed else value.strip()))
        elif letter == "V":
            self._select(value)
        elif letter == "w" and self.current in self.voices:
            if not self.voices[self.current].words(value):
                self.ignored.add("verses after the first")
        elif letter == "I":
            self._directive(value)
        elif not self.in_body:
            self._header_field(letter, value)
        else:
            self._body_field(letter, value)

    def _body_field(self, letter: str, value: str) -> None:
        """A field right behind V: is that voice's; M:, K: and L: elsewhere wait for what follows them."""
        if self.selected and self.current not in self.voices:
            self.pending.append((self.current, letter, value))
        elif not self.voices:
            self.pending.append((None, letter, value))
        elif self.selected or letter not in "MKL":
            self._voice().field(letter, value)
        else:
            self.floating.append((letter, value))

    def _header_field(self, letter: str, value: str) -> None:
        if letter == "K":
            self.key, self.key_text, self.in_body = parse_abc_key(value), value, True
        elif letter == "M":
            self.meter = parse_meter(value) or self.meter
        elif letter == "L":
            self.unit = parse_unit(value)
        elif letter == "Q":
            self.tempo = value
        elif letter == "P":
            self.order = value.strip()

    def _select(self, value: str) -> None:
        """'Vocal name="x"': choose a voice, and keep its name; the fields before it hold for all voices."""
        for letter, text in self.floating:
            for voice in self.voices.values():
                voice.field(letter, text)
            self.pending.append((None, letter, text))
        self.floating = []
        self.selected = self.in_body
        self.current = next(iter(value.split()), "")
        if (shift := parse_shift(value, 0)) != 0:
            self.shifts[self.current] = shift
        match = re.search(r'\b(?:name|nm)="([^"]*)"', value)
        self.names.setdefault(self.current, "")
        if match:
            self.names[self.current] = clean_text(_plain(match[1]))

    def _voice(self) -> Voice:
        if self.current not in self.voices:
            unit = self.unit or Fraction(1, 16 if 96 * self.meter[0] < 72 * self.meter[1] else 8)
            voice = self.voices[self.current] = Voice(self.meter, self.key or Key(0, 0), unit)
            voice.key_accidentals, voice.propagate = parse_key_accidentals(self.key_text), self.propagate
            voice.shift = self.shifts.get(self.current, parse_shift(self.key_text, 0))
            self.names.setdefault(self.current, "")
            for name, letter, value in self.pending:
                if name in (None, self.current):
                    voice.field(letter, value)
            self.pending = [one for one in self.pending if one[0] not in (None, self.current) or one[1] in "MKL"]
        return self.voices[self.current]

    def _music(self, line: str) -> None:
        for part in re.split(r"(\[V:[^\]]*\])", line):
            if part.startswith("[V:"):
                self._select(part[3:-1])
            elif part.strip():
                for letter, value in self.floating:
                    self._voice().field(letter, value)
                self.floating, self.selected = [], False
                self._voice().feed(part)

    def sheet(self) -> LeadSheet:
        """The score of all voices, repeats unfolded."""
        order = [name for name in self.names if name in self.voices]
        if not order:
            raise ScoretokError("it holds no music (an ABC tune has a K: line and notes after it)")
        unfolded = self._unfolded(order)
        self._warn()
        first = max(unfolded.values(), key=len)
        count = len(first)
        if count == 0:
            raise ScoretokError("it holds no music (an ABC tune has a K: line and notes after it)")
        lengths = [
            max(_ticks(bars[bar].length) if bar < len(bars) else 0 for bars in unfolded.values())
            for bar in range(count)
        ]
        layout = lay_bars([bar.meter for bar in first], lengths)
        starts = layout.measure_starts
        tracks = [self._track(name, unfolded[name], starts) for name in order]
        chords = _chords(unfolded.values() if not self.signed else [unfolded[order[0]]], starts)
        if not any(track.notes for track in tracks) and not self.signed:
            if not chords:
                raise ScoretokError("it holds no notes and no chords")
            tracks = []
            warn("it holds no notes", "dropped")
        spine = unfolded[order[0]]
        if not self.signed:
            say_roles(tracks)
        sheet = LeadSheet(
            bar_count=len(layout.meters),
            tracks=tuple(tracks if any(self.names) else []) if self.signed else tuple(tracks),
            chords=chords,
            sections=_sections(unfolded.values(), layout.first_bars),
            meters=layout.meters,
            tempos=self._tempos(spine, starts),
            keys=tuple(replace(bar.key, bar=i) for i, bar in zip(layout.first_bars, first, strict=True)),
            pickup_ticks=layout.pickup_ticks,
            title=self.title,
        )
        return infer_missing(sheet, key=self.key is None, chords=not (self.signed or sheet.chords))

    def _unfolded(self, names: list[str]) -> dict[str, list[AbcBar]]:
        """The bars of each voice as they sound; the parts are where the first voice that has any says."""
        if self.signed:
            return {name: self.voices[name].bars for name in names}
        written = {name: self.voices[name].written_bars() for name in names}
        labels = next((found for bars in written.values() if (found := part_labels(bars))), {})
        order = part_order(self.order)
        if order and set(order) <= set(labels.values()):
            return {name: unfold(in_parts(bars, labels, order)) for name, bars in written.items()}
        if len(self.order) > 1:
            self.ignored.add(f"the order of parts {quoted(self.order)}")
        return {name: unfold([bars]) for name, bars in written.items()}

    def _warn(self) -> None:
        grace = sum(voice.grace_notes for voice in self.voices.values())
        ignored = sorted(self.ignored) + [f"{grace} groups of grace notes"] * bool(grace)
        if ignored:
            warn(f"{' and '.join(ignored)} were left out", "dropped")

    def _track(self, name: str, bars: list[AbcBar], starts: Sequence[int]) -> Track:
        number = list(self.names).index(name) + 1
        label = split_label(self.names[name]) if self.signed else None
        title = self.names[name].strip() or ("" if label else name)
        notes = _notes(bars, starts)
        sung = any(note.syllable for note in notes)
        part = identify(title, self.programs.get(number), number in self.drum_voices, sung, [n.pitch for n in notes])
        role, program = part.role, part.program
        if label:
            role, title = label
        elif not self.programs and role == "piano" and not part.by_name:
            role = "lead"
        if role != "vocal":
            notes = [note._replace(syllable=None) for note in notes]
        return Track(role, join_notes_aloud(notes), program, title, number in self.muted_voices)

    def _tempos(self, spine: list[AbcBar], starts: Sequence[int]) -> tuple[Tempo, ...]:
        tempos = {0: Tempo(0, _bpm(self.tempo) or 120.0)}
        for bar, start in zip(spine, starts, strict=False):
            for at, text in bar.tempos:
                if bpm := _bpm(text):
                    tempos[start + _ticks(at)] = Tempo(start + _ticks(at), bpm)
        return tuple(tempo for tick, tempo in tempos.items() if tick < starts[-1])


def _plain(text: str) -> str:
    r"""Text without ABC's escapes: '\%' is '%', '\u0022' is a quote."""
    return re.sub(r"\\u([0-9a-fA-F]{4})|\\(.)", lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)


def _bpm(text: str) -> float | None:
    """Quarter notes a minute of a Q: field: '1/4=88', '3/8=60', '120'."""
    match = re.search(r"(?:(\d+)/(\d+)\s*=\s*)?(\d+(?:\.\d+)?)\s*(?:\"|$)", text.strip())
    if not match:
        return None
    beat = Fraction(count_in(match[1]), count_in(match[2]) or 1) if match[1] else Fraction(1, 4)
    bpm = float(match[3][:12]) * float(beat * 4)
    return min(max(bpm, MIN_BPM), MAX_BPM) if bpm > 0 else None


def _ticks(quarters: Fraction) -> int:
    return round(quarters * 24)


def _notes(bars: list[AbcBar], starts: Sequence[int]) -> list[Note]:
    notes: list[Note] = []
    open_ties: dict[int, int] = {}
    for bar, bar_start in zip(bars, starts, strict=False):
        for sound in sorted(bar.sounds, key=lambda one: one.start):
            start = bar_start + _ticks(sound.start)
            ticks = bar_start + _ticks(sound.start + sound.length) - start
            if ticks <= 0 or start >= starts[-1]:
                continue
            for pitch in sound.pitches:
                place = open_ties.pop(pitch, None)
                if place is not None and notes[place].end_ticks == start:
                    length = min(notes[place].duration_ticks + ticks, MAX_DURATION_TICKS)
                    notes[place] = notes[place]._replace(duration_ticks=length)
                else:
                    place = len(notes)
                    notes.append(Note(start, pitch, ticks, DEFAULT_VELOCITY, sound.syllable))
                if pitch in sound.tied:
                    open_ties[pitch] = place
    return notes


def _chords(voices: Iterable[list[AbcBar]], starts: Sequence[int]) -> tuple[Chord, ...]:
    chords: dict[int, Chord] = {}
    unknown: list[str] = []
    for bars in voices:
        for bar, bar_start in zip(bars, starts, strict=False):
            for at, text in bar.chords:
                tick = bar_start + _ticks(at)
                chord = try_chord(text, tick) or try_chord(re.sub(r"\(.*\)$", "", text), tick)  # "G(Em)": one or other
                if chord is None:
                    unknown.append(text)
                elif tick < starts[-1]:
                    chords.setdefault(tick, chord)
    if unknown:
        names = ", ".join(sorted(set(unknown))[:4])
        message = f"{len(unknown)} texts name no known chord and were dropped: {names}"
        warn(message, "dropped")
    return tuple(chords.values())


def _sections(voices: Iterable[list[AbcBar]], first_bars: Sequence[int]) -> tuple[Section, ...]:
    sections: dict[int, Section] = {}
    for bars in voices:
        for number, bar in zip(first_bars, bars, strict=False):
            label = next((label for text in bar.sections if (label := parse_section(text))), None)
            if label:
                sections.setdefault(number, Section(number, label))
    return tuple(sections.values())


__all__ = ["parse", "read", "write"]
