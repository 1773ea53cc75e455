"""Every verb of the edit phrases: its form, what it does, and how its arguments are read."""

import re
from collections.abc import Callable

from editing import chord_edits, form_edits, lyric_edits, pitch_edits, range_edits, time_edits, track_edits
from editing.expression_verbs import EXPRESSION_VERBS
from editing.phrases import Apply, Arguments, Verb
from editing.where import Where, find_tracks
from scoretok.chord_chart import parse_chart
from scoretok.errors import ScoretokError
from scoretok.harmony import parse_chord, parse_key
from scoretok.parts import MAX_BARS, ROLES, SECTION_LABELS
from scoretok.sheet import LeadSheet

GRIDS = {"1/2": 48, "1/4": 24, "1/8": 12, "1/16": 6, "1/32": 3, "1/4t": 16, "1/8t": 8, "1/16t": 4}


def _transpose(args: Arguments) -> Apply:
    semitones = args.whole("a number of semitones", -127, 127)
    with_key = args.take("with", "key")
    return lambda sheet, where: pitch_edits.transpose(sheet, where, semitones, with_key)


def _octave(args: Arguments) -> Apply:
    octaves = args.whole("a number of octaves", -10, 10)
    return lambda sheet, where: pitch_edits.octave(sheet, where, octaves)


def _key(args: Arguments) -> Apply:
    text = args.word("a key such as Eb:maj or 'G minor'")
    words_of_mode = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian")
    mode = next((word for word in words_of_mode if args.take(word)), "")
    key = parse_key(f"{text} {mode}".strip())
    diatonic = args.take("diatonic")
    return lambda sheet, where: pitch_edits.set_key(sheet, where, key, diatonic)


def _tempo(args: Arguments) -> Apply:
    text = args.word("a tempo (96) or a factor (x1.25)")
    match = re.fullmatch(r"(x?)([0-9]{1,9}(?:\.[0-9]{1,9})?)", text)
    if not match or float(match[2]) <= 0:
        raise ScoretokError(f"{text!r} is not a tempo (96) or a factor (x1.25)")
    value, scale = float(match[2]), bool(match[1])
    return lambda sheet, where: time_edits.set_tempo(
        sheet, where, lambda bpm: bpm * value if scale else value, not scale
    )


def _delete(_: Arguments) -> Apply:
    def apply(sheet: LeadSheet, where: Where) -> LeadSheet:
        if where.spans is None:
            raise ScoretokError("it needs bars, for example: delete in bars 5-8")
        return form_edits.delete_bars(sheet, where)

    return apply


def _insert(args: Arguments) -> Apply:
    count = args.whole("a number of bars", 1, MAX_BARS)
    args.take("bars") or args.take("bar")
    target = _target(args)
    return _nowhere("insert", lambda sheet: form_edits.insert_bars(sheet, count, target(sheet)))


def _nowhere(verb: str, apply: Callable[[LeadSheet], LeadSheet]) -> Apply:
    """An edit that takes no 'in' and no 'of'."""

    def act(sheet: LeadSheet, where: Where) -> LeadSheet:
        if where != Where():
            raise ScoretokError(f"{verb} takes no 'in ...' and no 'of ...'")
        return apply(sheet)

    return act


def _target(args: Arguments) -> Callable[[LeadSheet], int]:
    """'before 5', 'after 8' or 'at end' as a bar counted from 0."""
    where = args.one_of("one of before, after, at", ("before", "after", "at"))
    if where == "at":
        args.expect("end")
        return lambda sheet: sheet.bar_count
    args.take("bar")
    bar = args.whole("a bar", 1, MAX_BARS) - (where == "before")

    def find(sheet: LeadSheet) -> int:
        if bar > sheet.bar_count or (where == "before" and bar == sheet.bar_count):
            raise ScoretokError(f"the score has only {sheet.bar_count} bars")
        return bar

    return find


def _repeat(args: Arguments) -> Apply:
    text = args.word("how often (x2)")
    if not re.fullmatch(r"x?[1-9]\d{0,3}", text) or int(text.lstrip("x")) < 2:
        raise ScoretokError(f"{text!r} is not how often; write x2 or more")
    return lambda sheet, where: form_edits.repeat_bars(sheet, where, int(text.lstrip("x")))


def _move(args: Arguments) -> Apply:
    target = _target(args)
    return lambda sheet, where: form_edits.move_bars(sheet, where, target(sheet))


def _copy(args: Arguments) -> Apply:
    args.expect("to")
    args.take("bar")
    bar = args.whole("a bar", 1, MAX_BARS) - 1
    return lambda sheet, where: form_edits.copy_bars(sheet, where, bar)


def _section(args: Arguments) -> Apply:
    label = args.one_of("a section", SECTION_LABELS)
    return lambda sheet, where: form_edits.set_section(sheet, where, label)


def _track_verb(apply: Callable[[LeadSheet, Where], LeadSheet]) -> Callable[[Arguments], Apply]:
    """A verb that names its track at once: 'mute drums', 'remove piano 2 in chorus'."""

    def read(args: Arguments) -> Apply:
        return _with_named_track(args, apply)

    return read


def _with_named_track(args: Arguments, apply: Apply) -> Apply:
    return _on_track(_track_name(args), apply)


def _on_track(name: str, apply: Apply) -> Apply:
    """An edit of the track named, if one is, beside those of 'of ...'."""

    def act(sheet: LeadSheet, where: Where) -> LeadSheet:
        named = find_tracks(sheet, name) if name else ()
        chosen = (*(where.tracks or ()), *named)
        return apply(sheet, Where(where.spans, chosen or None))

    return act


def _track_name(args: Arguments) -> str:
    if args.at >= len(args.words) or args.words[args.at].text in ("to", "with"):
        return ""
    name = args.word("a track")
    digits = args.words[args.at].text if args.at < len(args.words) else ""
    if name in ROLES and re.fullmatch("[0-9]{1,9}", digits):
        args.at += 1
        name += f".{digits}"
    return name


def _remove(args: Arguments) -> Apply:
    for kind, remove in (
        ("chords", chord_edits.remove_chords),
        ("lyrics", lyric_edits.remove_lyrics),
        ("sections", form_edits.remove_sections),
    ):
        if args.take(kind):
            return remove
    return _with_named_track(args, track_edits.remove_tracks)


def _add(args: Arguments) -> Apply:
    role = args.one_of("a role", ROLES)
    program = args.whole("a program", 0, 127) if args.take("program") else None
    name = args.word("a name") if args.take("named") else ""
    return _nowhere("add", lambda sheet: track_edits.add_track(sheet, role, program, name))


def _rename(args: Arguments) -> Apply:
    track = _track_name(args)
    args.expect("to")
    name = args.word("a name in quotes")
    return _on_track(track, lambda sheet, where: track_edits.rename_tracks(sheet, where, name))


def _replace(args: Arguments) -> Apply:
    track = _track_name(args)
    args.expect("with")
    role = args.one_of("a role", ROLES)
    program = args.whole("a program", 0, 127) if args.take("program") else None
    return _on_track(track, lambda sheet, where: track_edits.replace_tracks(sheet, where, role, program))


def _program(args: Arguments) -> Apply:
    program = args.whole("a program", 0, 127)
    return lambda sheet, where: track_edits.set_program(sheet, where, program)


def _chords(args: Arguments) -> Apply:
    pattern = parse_chart(args.word('a pattern in quotes ("Am F C G", a chord a bar; "Am E7 | F": two in the first)'))
    if not any(pattern):
        raise ScoretokError("the chord pattern is empty")
    revoice = args.take("revoice")
    return lambda sheet, where: chord_edits.set_chords(sheet, where, pattern, revoice)


def _substitute(args: Arguments) -> Apply:
    old = parse_chord(args.word("a chord"))
    args.expect("with")
    new = parse_chord(args.word("a chord"))
    revoice = args.take("revoice")
    return lambda sheet, where: chord_edits.substitute_chords(sheet, where, old, new, revoice)


def _lyrics(args: Arguments) -> Apply:
    text = args.word("the words in quotes")
    language = args.word("a language") if args.take("language") else "en"
    return lambda sheet, where: lyric_edits.set_lyrics(sheet, where, text, language)


def _pronounce(args: Arguments) -> Apply:
    language = args.word("a language") if args.take("language") else "en"
    return lambda sheet, where: lyric_edits.pronounce_lyrics(sheet, where, language)


def _quantise(args: Arguments) -> Apply:
    grid = GRIDS[args.one_of("a grid", GRIDS)]
    strength = 1.0
    if args.take("strength"):
        strength = args.whole("a strength in percent", 1, 100) / 100
    return lambda sheet, where: time_edits.quantise(sheet, where, grid, strength)


def _humanise(args: Arguments) -> Apply:
    timing, velocity, seed = 1.0, 8, 0
    while args.at < len(args.words):
        option = args.one_of("one of timing, velocity, seed", ("timing", "velocity", "seed"))
        if option == "timing":
            timing = args.number("a number of ticks")
            if not 0 <= timing <= 12:
                raise ScoretokError(f"{timing:g} is not a number of ticks (0 to 12)")
        elif option == "velocity":
            velocity = args.whole("a number", 0, 64)
        else:
            seed = args.whole("a seed", 0, 2**31)
    return lambda sheet, where: time_edits.humanise(sheet, where, timing, velocity, seed)


def _singing(args: Arguments, name: str) -> Apply:
    value = f'"{args.word("the name of a voice, or a file")}"' if name == "voice" else args.word("a number")
    return lambda sheet, where: track_edits.set_singing(sheet, where, name, value)


def _fit(args: Arguments) -> Apply:
    args.expect("ranges")
    return range_edits.fit_ranges


def _speed(args: Arguments, apply: Apply) -> Apply:
    args.expect("time")
    return apply


VERBS: dict[str, Verb] = {
    "transpose": Verb("transpose +N [with key]", "move notes (and chords) by semitones; drums stay", _transpose),
    "octave": Verb("octave +N", "move notes by octaves", _octave),
    "key": Verb("key Eb:maj [diatonic]", "put bars into a key, keeping intervals or scale degrees", _key),
    "tempo": Verb("tempo 96 | tempo x1.25", "set or scale the tempo", _tempo),
    "delete": Verb("delete in bars A-B", "take bars out; the rest moves up", _delete),
    "cut": Verb("cut in bars A-B", "the same as delete", _delete),
    "keep": Verb("keep in bars A-B", "take all other bars out", lambda _: form_edits.keep_bars),
    "clear": Verb("clear", "drop the notes; the bars stay", lambda _: form_edits.clear),
    "insert": Verb("insert N bars before B | after B | at end", "put empty bars in", _insert),
    "repeat": Verb("repeat x2 in bars A-B", "play a passage several times", _repeat),
    "move": Verb("move in bars A-B before C | after C | at end", "move a passage", _move),
    "copy": Verb("copy in bars A-B to C", "copy notes over the bars from C on", _copy),
    "section": Verb("section chorus in bars A-B", "name bars as a section", _section),
    "add": Verb('add ROLE [program N] [named "x"]', "add an empty track", _add),
    "remove": Verb("remove TRACK | chords | lyrics | sections", "take out a track, or only in some bars", _remove),
    "rename": Verb('rename TRACK to "x"', "give a track a name", _rename),
    "mute": Verb("mute TRACK", "silence a track", _track_verb(lambda s, w: track_edits.mute_tracks(s, w, True))),
    "unmute": Verb(
        "unmute TRACK", "let it sound again", _track_verb(lambda s, w: track_edits.mute_tracks(s, w, False))
    ),
    "replace": Verb("replace TRACK with ROLE [program N]", "let another role play its notes", _replace),
    "program": Verb("program N of TRACK", "change the General MIDI program", _program),
    "chords": Verb('chords "Am F C G" [revoice]', "write chords, one entry a bar, and move notes to them", _chords),
    "substitute": Verb("substitute C with Am7 [revoice]", "put one chord in place of another", _substitute),
    "revoice": Verb("revoice", "move accompanying notes to the nearest chord tones", lambda _: chord_edits.revoice),
    "lyrics": Verb('lyrics "A-ma-zing grace" [language de]', "lay words on the vocal notes", _lyrics),
    "pronounce": Verb("pronounce [language de]", "fill in missing phonemes", _pronounce),
    "voice": Verb('voice "low" [of TRACK]', "choose who sings a vocal track", lambda a: _singing(a, "voice")),
    "vibrato": Verb("vibrato 0.5 [of TRACK]", "how deep it is sung, 1 as usual", lambda a: _singing(a, "vibrato")),
    "breath": Verb("breath 0 [of TRACK]", "how long breaths are, 1 as usual", lambda a: _singing(a, "breath")),
    "portamento": Verb("portamento 2 [of TRACK]", "how long glides are", lambda a: _singing(a, "portamento")),
    "consonants": Verb("consonants 1.2 [of TRACK]", "how long they are", lambda a: _singing(a, "consonants")),
    "fit": Verb("fit ranges", "move and drop what instruments cannot play", _fit),
    "quantise": Verb("quantise 1/16 [strength 50]", "move onsets to a grid", _quantise),
    "humanise": Verb(
        "humanise [timing T] [velocity V] [seed S]", "play notes early and late, soft and loud, at random", _humanise
    ),
    **EXPRESSION_VERBS,
    "double": Verb("double time", "twice as fast, in half the bars", lambda a: _speed(a, time_edits.double_time)),
    "half": Verb("half time", "half as fast, in twice the bars", lambda a: _speed(a, time_edits.half_time)),
}


def phrase_help() -> str:
    """All verbs with their forms, for the help of the command."""
    width = max(len(verb.form) for verb in VERBS.values())
    return "\n".join(f"  {verb.form:<{width}}  {verb.meaning}" for verb in VERBS.values())
