"""LeadSheet -> tokens and back: the one sequence of tokens that says a score, and the score it says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from scoretok.errors import ScoretokError
from scoretok.grammar import Grammar, GrammarError
from scoretok.parts import SECTION_LABELS, Chord, Key, Meter, Note, Section, Syllable, Tempo, Track
from scoretok.performance_tokens import decode_performance, encode_performance
from scoretok.phonemes import BASES, STRESS, SYMBOLS, phoneme_symbols
from scoretok.sheet import LeadSheet
from scoretok.vocabulary import BLOCKS, CHORDS, KEYS, METERS, TRACK_IDS, token_id

ID = {kind: block.first for kind, block in BLOCKS.items()}
METER_IDS = {meter: ID["Meter"] + i for i, meter in enumerate(METERS)}
KEY_IDS = {key: ID["Key"] + i for i, key in enumerate(KEYS)}
CHORD_IDS = {chord: ID["Chord"] + i for i, chord in enumerate(CHORDS)}
PHONE_IDS = {symbol: ID["Phone"] + i for i, symbol in enumerate(SYMBOLS)}
POSITION, VELOCITY, PITCH, DRUM, LONG, DURATION = (
    ID[kind] for kind in ("Position", "Velocity", "Pitch", "Drum", "Long", "Duration")
)
LENGTH_IDS: list[tuple[int, ...]] = [()] + [
    (DURATION + ticks - 1,) if ticks <= 96 else (LONG + (ticks - 1) // 96 - 1, DURATION + (ticks - 1) % 96)
    for ticks in range(1, 64 * 96 + 1)
]


def encode(sheet: LeadSheet) -> list[int]:
    """The token ids of a score, and behind them those of its performance, if it has one.

    Raises ScoretokError when a syllable holds an unknown phoneme.
    """
    return encode_score(sheet) + encode_performance(sheet)


def encode_score(sheet: LeadSheet) -> list[int]:
    """The token ids of what is written in a score, without its performance: the stream that a language model reads.

    Raises ScoretokError when a syllable holds an unknown phoneme.
    """
    ids = [ID["BOS"]]
    if sheet.title:
        ids += [ID["Title"], *_text(sheet.title), ID["TextEnd"]]
    for track_id, track in sheet.tracks_by_id.items():
        ids += [token_id("Track", track_id), ID["Program"] + track.program]
        ids += [ID["Mute"]] if track.muted else []
        ids += [ID["Name"], *_text(track.name), ID["TextEnd"]] if track.name else []
    bars = list(_bar_headers(sheet))
    for track_id, track in sheet.tracks_by_id.items():
        _encode_cells(sheet, token_id("Track", track_id), track, bars)
    for bar in bars:
        ids += bar
    ids.append(ID["EOS"])
    return ids


def _text(text: str) -> list[int]:
    first = ID["Byte"]
    return [first + byte for byte in text.encode()]


def _bar_headers(sheet: LeadSheet) -> Iterator[list[int]]:
    """For every bar, its tokens up to the first cell."""
    meters = {meter.bar: meter for meter in sheet.meters}
    keys = {key.bar: key for key in sheet.keys}
    sections = {section.bar: section for section in sheet.sections}
    events: list[dict[int, list[int]]] = [{} for _ in range(sheet.bar_count)]
    for tempo in sheet.tempos:
        bar = sheet.bar_at(tempo.start_ticks)
        whole, fraction = divmod(round(tempo.bpm * 100), 100)
        tokens = [token_id("Tempo", whole), *([token_id("TempoFraction", fraction)] if fraction else [])]
        events[bar][tempo.start_ticks - sheet.bar_starts[bar]] = tokens
    for chord in sheet.chords:
        bar = sheet.bar_at(chord.start_ticks)
        bass = [] if chord.bass is None else [ID["Bass"] + chord.bass]
        at_position = events[bar].setdefault(chord.start_ticks - sheet.bar_starts[bar], [])
        at_position += [CHORD_IDS[chord.root, chord.quality], *bass]
    for bar in range(sheet.bar_count):
        ids = [ID["Bar"]]
        if bar in meters:
            ids.append(METER_IDS[meters[bar].numerator, meters[bar].denominator])
        if bar == 0 and sheet.pickup_ticks:
            ids += [ID["Pickup"], *LENGTH_IDS[sheet.pickup_ticks]]
        if bar in keys:
            ids.append(KEY_IDS[keys[bar].fifths, keys[bar].mode])
        if bar in sections:
            ids.append(token_id("Section", sections[bar].label))
        for position in sorted(events[bar]):
            ids += [POSITION + position, *events[bar][position]]
        yield ids


def _encode_cells(sheet: LeadSheet, track_token: int, track: Track, bars: list[list[int]]) -> None:
    """Append the cells of a track to its bars."""
    starts = sheet.bar_starts
    drums = track.is_drums
    bar, bar_start, bar_end = -1, 0, 0
    velocity = last_start = -1
    ids: list[int] = []
    for start, pitch, duration, note_velocity, syllable, _ in track.notes:
        if start >= bar_end:
            while start >= bar_end:
                bar += 1
                bar_end = starts[bar + 1]
            bar_start = starts[bar]
            ids = bars[bar]
            ids.append(track_token)
            velocity = last_start = -1
        if start != last_start:
            ids.append(POSITION + start - bar_start)
            last_start = start
        if note_velocity != velocity:
            ids.append(VELOCITY + note_velocity - 1)
            velocity = note_velocity
        if drums:
            ids.append(DRUM + pitch)
        else:
            ids.append(PITCH + pitch)
            if duration <= 96:
                ids.append(DURATION + duration - 1)
            else:
                ids += LENGTH_IDS[duration]
            if syllable is not None:
                ids += _encode_syllable(syllable)


def _encode_syllable(syllable: Syllable) -> list[int]:
    phones = [PHONE_IDS[symbol] for phoneme in syllable.phonemes for symbol in phoneme_symbols(phoneme)]
    return [ID["Lyric"], *_text(syllable.text), *phones, ID["WordEnd" if syllable.word_end else "WordPart"]]


def decode(ids: Sequence[int], grammar: Grammar | None = None) -> LeadSheet:
    """The score that a whole sequence of token ids says. Raises GrammarError where it is not legal.

    A score has one legal sequence, so what is read is encoded again and compared, which is faster than
    walking the grammar; only a sequence that does not come back is walked, to say where it goes wrong.
    """
    ids = list(ids)
    stop = ids.index(ID["EOS"]) + 1 if ID["EOS"] in ids else len(ids)
    tokens, performance = ids[:stop], ids[stop:]
    if performance[:1] != [ID["Performance"]]:
        tokens, performance = ids, []
    try:
        sheet = _Reader(tokens).read()
        legal = encode_score(sheet) == tokens
    except (ScoretokError, IndexError, UnicodeDecodeError):
        legal = False
    if not legal:
        (grammar or Grammar()).check(tokens)
        raise AssertionError("the grammar lets a sequence through that does not come back")
    try:
        return decode_performance(sheet, performance) if performance else sheet
    except ScoretokError as error:
        raise GrammarError(stop, str(error)) from None


class _Reader:
    """Builds a score from tokens; illegal ones give a score that encodes to others, or an error."""

    def __init__(self, ids: Sequence[int]) -> None:
        self.ids = ids
        self.at = 1

    def read(self) -> LeadSheet:
        title = ""
        if self._take(ID["Title"]):
            title = self._read_text()
            self.at += 1
        tracks = []
        while self.ids[self.at] != ID["Bar"]:
            tracks.append(self._read_track())
        self.meters: list[Meter] = []
        self.keys: list[Key] = []
        self.sections: list[Section] = []
        self.tempos: list[Tempo] = []
        self.chords: list[Chord] = []
        self.pickup_ticks = 0
        self.track_numbers = {token: number for number, (token, _) in enumerate(tracks)}
        self.notes: list[list[Note]] = [[] for _ in tracks]
        bar = -1
        tick = bar_ticks = 0
        while self.ids[self.at] != ID["EOS"]:
            bar += 1
            tick += bar_ticks
            bar_ticks = self._read_bar(bar, tick)
        return LeadSheet(
            bar_count=bar + 1,
            tracks=tuple(replace(t, notes=tuple(n)) for (_, t), n in zip(tracks, self.notes, strict=True)),
            chords=tuple(self.chords),
            sections=tuple(self.sections),
            meters=tuple(self.meters),
            tempos=tuple(self.tempos),
            keys=tuple(self.keys),
            pickup_ticks=self.pickup_ticks,
            title=title,
        )

    def _take(self, token: int) -> bool:
        found = self.ids[self.at] == token
        self.at += found
        return found

    def _value(self, kind: str) -> int | None:
        """Value of the next token if it is of this kind, which is then taken."""
        token = self.ids[self.at]
        if BLOCKS[kind].first <= token < BLOCKS[kind].stop:
            self.at += 1
            return token - BLOCKS[kind].first
        return None

    def _read_text(self) -> str:
        data = bytearray()
        while (byte := self._value("Byte")) is not None:
            data.append(byte)
        return data.decode()

    def _read_track(self) -> tuple[int, Track]:
        token = self.ids[self.at]
        role = TRACK_IDS[token - ID["Track"]].partition(".")[0]
        program = self.ids[self.at + 1] - ID["Program"]
        self.at += 2
        muted = self._take(ID["Mute"])
        name = ""
        if self._take(ID["Name"]):
            name = self._read_text()
            self.at += 1
        return token, Track(role, (), program, name, muted)

    def _read_bar(self, bar: int, tick: int) -> int:
        """Read one bar and return how many ticks it lasts."""
        self.at += 1
        if (meter := self._value("Meter")) is not None:
            self.meters.append(Meter(bar, *METERS[meter]))
        if self._take(ID["Pickup"]):
            self.pickup_ticks = self._read_length()
        if (key := self._value("Key")) is not None:
            self.keys.append(Key(bar, *KEYS[key]))
        if (section := self._value("Section")) is not None:
            self.sections.append(Section(bar, SECTION_LABELS[section]))
        while (position := self._value("Position")) is not None:
            self._read_event(tick + position)
        while (number := self.track_numbers.get(self.ids[self.at])) is not None:
            self.at += 1
            self._read_cell(tick, self.notes[number])
        return self.pickup_ticks if bar == 0 and self.pickup_ticks else self.meters[-1].bar_ticks

    def _read_event(self, tick: int) -> None:
        if (whole := self._value("Tempo")) is not None:
            fraction = self._value("TempoFraction")
            self.tempos.append(Tempo(tick, whole + 10 + (0 if fraction is None else (fraction + 1) / 100)))
        if (chord := self._value("Chord")) is not None:
            root, quality = CHORDS[chord]
            self.chords.append(Chord(tick, root, quality, self._value("Bass")))

    def _read_length(self) -> int:
        long = self._value("Long")
        ticks = self.ids[self.at] - DURATION + 1
        self.at += 1
        return ticks if long is None else ticks + 96 * (long + 1)

    def _read_cell(self, bar_tick: int, notes: list[Note]) -> None:
        ids, at, velocity, tick = self.ids, self.at, 0, bar_tick
        while True:
            token = ids[at]
            at += 1
            if PITCH <= token < PITCH + 128:
                length = ids[at]
                if length >= DURATION:
                    at += 1
                    notes.append(Note(tick, token - PITCH, length - DURATION + 1, velocity))
                else:
                    duration = 96 * (length - LONG + 1) + ids[at + 1] - DURATION + 1
                    at += 2
                    notes.append(Note(tick, token - PITCH, duration, velocity))
            elif POSITION <= token < POSITION + 384:
                tick = bar_tick + token - POSITION
            elif VELOCITY <= token < VELOCITY + 127:
                velocity = token - VELOCITY + 1
            elif DRUM <= token < DRUM + 128:
                notes.append(Note(tick, token - DRUM, 1, velocity))
            elif token == ID["Lyric"]:
                self.at = at
                notes[-1] = notes[-1]._replace(syllable=self._read_syllable())
                at = self.at
            else:
                self.at = at - 1
                return

    def _read_syllable(self) -> Syllable:
        text = self._read_text()
        phonemes: list[str] = []
        joined = False  # whether the next symbol belongs to the last phoneme
        while (symbol := self._value("Phone")) is not None:
            mark = SYMBOLS[symbol]
            if joined or symbol >= len(STRESS) + len(BASES):
                phonemes[-1] += mark
            else:
                phonemes.append(mark)
            joined = symbol < len(STRESS)
        word_end = self.ids[self.at] == ID["WordEnd"]
        self.at += 1
        return Syllable(text, tuple(phonemes), word_end)
