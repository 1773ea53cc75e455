"""Writing ABC 2.1: one voice a track, named Vocal and Ins as score-to-song tools expect.

ABC holds pitches, lengths, chords, words, sections, keys, meters and tempos, not velocities.
"""

from pathlib import Path

from scoretok.files import write_text
from scoretok.harmony import chord_to_symbol
from scoretok.notation import Piece, bar_voices
from scoretok.parts import Key, Note, Syllable, Track
from scoretok.roles import labelled
from scoretok.sheet import LeadSheet
from scoretok.theory import pitch_name

UNIT_TICKS = 12
ABC_MODES = {
    "maj": "", "min": "m", "dorian": "dor", "phrygian": "phr", "lydian": "lyd", "mixolydian": "mix", "locrian": "loc",
}  # fmt: skip
ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
BARS_A_LINE = 4


def write(sheet: LeadSheet, path: str | Path) -> None:
    """Write an ABC file, whole or not at all."""
    write_text(abc_text(sheet), path)


def abc_text(sheet: LeadSheet) -> str:
    """The score as ABC; notes that ring past the last bar line end there."""
    meter, key, tempo = sheet.meters[0], sheet.keys[0], sheet.tempos[0]
    lines = ["%abc-2.1", "%%scoretok 1", "X:1", f"T:{_escaped(sheet.title)}"]
    lines += [f"M:{meter.numerator}/{meter.denominator}", "L:1/8", f"Q:1/4={tempo.bpm:g}"]
    names = voice_names(sheet)
    for number, (name, track) in enumerate(zip(names, sheet.tracks, strict=True)):
        lines.append(f'V:{name} name="{_escaped(labelled(track.role, track.name))}"')
        lines.append(f"%%MIDI program {number + 1} {track.program}")
        lines += [f"%%MIDI channel {number + 1} 10"] if track.is_drums else []
        lines += [f"%%MIDI control {number + 1} 7 0"] if track.muted else []
    lines.append(f"K:{_key_text(key)}")
    if sheet.tracks:
        for number, name in enumerate(names):
            lines += _voice_lines(sheet, number, name)
    else:
        lines += _voice_lines(sheet.with_tracks([Track("lead")]), 0, "")
    return "\n".join(lines) + "\n"


def voice_names(sheet: LeadSheet) -> list[str]:
    """Vocal, Vocal2, ... for vocal tracks and Ins, Ins2, ... for all others."""
    counts = {"Vocal": 0, "Ins": 0}
    names = []
    for track in sheet.tracks:
        kind = "Vocal" if track.role == "vocal" else "Ins"
        counts[kind] += 1
        names.append(kind if counts[kind] == 1 else f"{kind}{counts[kind]}")
    return names


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', "\\u0022").replace("%", "\\%")


def _key_text(key: Key) -> str:
    return key.tonic_name + ABC_MODES[key.mode]


def _voice_lines(sheet: LeadSheet, number: int, name: str) -> list[str]:
    first = number == 0
    symbols: dict[int, list[str]] = {}
    if first:
        for tempo in sheet.tempos[1:]:
            symbols.setdefault(tempo.start_ticks, []).append(f"[Q:1/4={tempo.bpm:g}]")
        for chord in sheet.chords:
            key = sheet.key_at(sheet.bar_at(chord.start_ticks))
            symbols.setdefault(chord.start_ticks, []).append(f'"{chord_to_symbol(chord, key)}"')
    lines: list[str] = []
    prefix = f"[V:{name}] " if name else ""
    voices = bar_voices(sheet, number, symbols)
    for begin in range(0, sheet.bar_count, BARS_A_LINE):
        music, words = [], []
        for bar in range(begin, min(begin + BARS_A_LINE, sheet.bar_count)):
            music.append(_bar_text(sheet, number, bar, voices[bar], symbols))
            words += _words(voices[bar])
        lines.append(prefix + " | ".join(music) + (" |]" if begin + BARS_A_LINE >= sheet.bar_count else " |"))
        if any(isinstance(word, Syllable) for word in words):
            lines.append("w: " + _words_text(words))
    return lines


def _bar_text(sheet: LeadSheet, number: int, bar: int, voices: list[list[Piece]], symbols: dict[int, list[str]]) -> str:
    fields = []
    section = sheet.section_at(bar)
    if number == 0 and section and section.bar == bar:
        fields.append(f"[P:{section.label}]")
    meter, key = sheet.meter_at(bar), sheet.key_at(bar)
    if bar and meter.bar == bar:
        fields.append(f"[M:{meter.numerator}/{meter.denominator}]")
    if bar and key.bar == bar:
        fields.append(f"[K:{_key_text(key)}]")
    layers = []
    # Whether an accidental holds over a bar line along a tie is read both ways: state it.
    tied = [note for pieces in voices for piece in pieces[:1] if piece.tied_from for note in piece.notes]
    touched = {pitch_name(note.pitch, key.fifths, key.is_minor)[0] for note in tied}
    start = sheet.bar_starts[bar]
    for layer, pieces in enumerate(voices):
        texts = []
        for at, piece in enumerate(pieces):
            before = "".join(symbols.get(start + piece.start, ())) if layer == 0 else ""
            texts.append(before + _tuplet(pieces, at) + _piece_text(piece, key, touched))
        layers.append(" ".join(texts))
    return " ".join([*fields, " & ".join(layers)])


def _tuplet(pieces: list[Piece], at: int) -> str:
    """'(3:2:1' before every triplet value, so that each stands for itself."""
    return "(3:2:1" if pieces[at].value[2] else ""


def _piece_text(piece: Piece, key: Key, touched: set[str]) -> str:
    ticks = piece.ticks * 3 // 2 if piece.value[2] else piece.ticks
    if piece.ticks == 1:
        length = "/8"
    else:
        numerator, denominator = ticks, UNIT_TICKS
        while numerator % 2 == 0 and denominator % 2 == 0:
            numerator, denominator = numerator // 2, denominator // 2
        if numerator % 3 == 0 and denominator % 3 == 0:
            numerator, denominator = numerator // 3, denominator // 3
        length = ("" if numerator == 1 else str(numerator)) + ("" if denominator == 1 else f"/{denominator}")
    if not piece.notes:
        return f"z{length}"
    names = [_note_text(note, key, touched) for note in piece.notes]
    tie = "-" if piece.tied_to else ""
    return (names[0] if len(names) == 1 else f"[{''.join(names)}]") + length + tie


def _note_text(note: Note, key: Key, touched: set[str]) -> str:
    name = pitch_name(note.pitch, key.fifths, key.is_minor)
    letter = name[0]
    accidental = name.count("#") - name.count("b")
    octave = int(name.lstrip("ABCDEFG#b"))
    in_key = accidental == key_accidental(letter, key.fifths)
    mark = "" if in_key and letter not in touched else ACCIDENTALS[accidental]
    if not in_key:
        touched.add(letter)
    body = letter.lower() + "'" * (octave - 5) if octave >= 5 else letter + "," * (4 - octave)
    return mark + body


def key_accidental(letter: str, fifths: int) -> int:
    """What a key signature does to a letter: 1 sharp, -1 flat, 0 natural."""
    if fifths >= 0:
        return int("FCGDAEB".index(letter) < fifths)
    return -int("BEADGCF".index(letter) < -fifths)


def _words(voices: list[list[Piece]]) -> list[Syllable | str]:
    """For every sounding piece of the first voice the syllable of its onset, in any voice; '_' for a held one."""
    said = {
        piece.start: note.syllable
        for pieces in voices
        for piece in pieces
        for note in piece.notes
        if note.syllable and not piece.tied_from
    }
    return ["_" if piece.tied_from else said.get(piece.start, "_") for piece in voices[0] if piece.notes]


def _words_text(words: list[Syllable | str]) -> str:
    text = ""
    word_open = False
    for word in words:
        if isinstance(word, str):
            text += "_ " if not word_open else "_"
            continue
        escaped = "".join(f"\\{char}" if char in "\\-_*|~" else char for char in word.text).replace(" ", "~")
        text += escaped.replace("%", "\\%") + ("" if word.word_end else "-") + (" " if word.word_end else "")
        word_open = not word.word_end
    return text.rstrip(" ")
