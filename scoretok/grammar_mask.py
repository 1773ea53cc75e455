"""Which tokens the grammar lets follow a state, all at once: the logit mask of a language model."""

import numpy as np

from scoretok import grammar_state as g
from scoretok.grammar_state import FIRST_BYTES, ID, METER_TICKS, GrammarState
from scoretok.parts import MAX_BARS, ROLES
from scoretok.phonemes import STRESS
from scoretok.texts import MAX_TEXT_CHARS
from scoretok.vocabulary import BLOCKS, VOCABULARY_SIZE

METER_SLICE, KEY_SLICE, SECTION_SLICE, CHORD_SLICE, TEMPO_SLICE, FRACTION_SLICE, BASS_SLICE = (
    slice(BLOCKS[kind].first, BLOCKS[kind].stop)
    for kind in ("Meter", "Key", "Section", "Chord", "Tempo", "TempoFraction", "Bass")
)
VELOCITY_SLICE, LONG_SLICE, DURATION_SLICE, PROGRAM_SLICE = (
    slice(BLOCKS[kind].first, BLOCKS[kind].stop) for kind in ("Velocity", "Long", "Duration", "Program")
)
PHONE = ID["Phone"]
BASE_SLICE = slice(PHONE + len(STRESS), PHONE + g.FIRST_MODIFIER)
UNMODIFIED_SLICE = slice(PHONE, PHONE + g.FIRST_MODIFIER)
ALL_PHONES_SLICE = slice(PHONE, BLOCKS["Phone"].stop)


def legal_tokens(state: GrammarState) -> np.ndarray:  # noqa: PLR0912 - a branch a phase
    """Legal next tokens as a boolean array of shape (VOCABULARY_SIZE,)."""
    mask = np.zeros(VOCABULARY_SIZE, bool)
    phase = state.phase
    if phase in g.BAR_MAY_END:
        _in_bar(state, mask)
    elif phase in g.BETWEEN_TRACKS:
        _in_header(state, mask)
    elif phase == g.BEGIN:
        mask[ID["BOS"]] = True
    elif phase == g.TRACK_PROGRAM:
        mask[PROGRAM_SLICE] = True
    elif phase in (g.TEXT, g.LYRIC_TEXT):
        _in_text(state, mask)
    elif phase == g.PICKUP:
        _in_pickup(state, mask)
    elif phase == g.EVENT_POSITION:
        _tempos(state, mask)
        mask[CHORD_SLICE] = state.tempo > 0
    elif phase == g.CELL:
        _positions(state, mask)
    elif phase in (g.CELL_POSITION, g.VELOCITY):
        if phase == g.CELL_POSITION:
            mask[VELOCITY_SLICE] = True
            if state.velocity:
                mask[ID["Velocity"] + state.velocity - 1] = False
        if state.velocity:
            _pitches(state, mask)
    elif phase in (g.PITCH, g.LONG):
        mask[DURATION_SLICE] = True
        mask[LONG_SLICE] = phase == g.PITCH
    elif phase == g.STRESS_MARK:
        mask[BASE_SLICE] = True
    elif phase == g.PHONES:
        mask[ALL_PHONES_SLICE] = True
        mask[ID["WordEnd"]] = mask[ID["WordPart"]] = True
    return mask


def _in_header(state: GrammarState, mask: np.ndarray) -> None:
    mask[ID["Bar"]] = True
    for role in range(len(ROLES)):
        number = state.track_roles.count(role)
        if number < g.ROLE_SIZE:
            mask[ID["Track"] + role * g.ROLE_SIZE + number] = True
    if state.phase == g.HEADER:
        mask[ID["Title"]] = True
    elif state.phase in (g.TRACK_MUTE, g.TRACK_NAME):
        mask[ID["Name"]] = True
        mask[ID["Mute"]] = state.phase == g.TRACK_MUTE


def _in_text(state: GrammarState, mask: np.ndarray) -> None:
    first = ID["Byte"]
    if state.bytes_left:
        low, high = state.byte_range
        mask[first + low : first + high + 1] = True
        return
    if state.chars < MAX_TEXT_CHARS:
        mask[first : first + 256] = FIRST_BYTES
        for byte in state.barred_bytes() if state.phase == g.LYRIC_TEXT else ():
            mask[first + byte] = False
    if state._text_may_end(g.TEXT):
        mask[ID["TextEnd"]] = True
    elif state._text_may_end(g.LYRIC_TEXT):
        mask[UNMODIFIED_SLICE] = True
        mask[ID["WordEnd"]] = mask[ID["WordPart"]] = True


def _in_pickup(state: GrammarState, mask: np.ndarray) -> None:
    shortest = state.long + 1
    legal = g.PICKUP_LEGAL[shortest : min(state.bar_ticks, shortest + 96)]
    mask[ID["Duration"] : ID["Duration"] + len(legal)] = legal
    if not state.long:
        mask[ID["Long"] : ID["Long"] + state.long_pickups()] = True


def _in_bar(state: GrammarState, mask: np.ndarray) -> None:
    """After a token that may end a bar: its header, its events, its notes, or what comes next."""
    phase = state.phase
    if phase in g.BEFORE_KEY or phase == g.KEY:
        _in_bar_header(state, mask)
    if phase in g.IN_EVENTS:
        if phase == g.TEMPO and state.tempo_whole < 480:
            mask[FRACTION_SLICE] = True
            before = state.tempo_before - 100 * state.tempo_whole
            if 0 < before < 100:
                mask[ID["TempoFraction"] + before - 1] = False
        if state.fraction_due:
            return
        if phase in (g.TEMPO, g.TEMPO_FRACTION):
            mask[CHORD_SLICE] = True
        elif phase == g.CHORD:
            mask[BASS_SLICE] = True
            mask[ID["Bass"] + (state.chord_root or 0)] = False
        if state.tempo and (state.bar > 0 or phase not in g.BEFORE_KEY):
            mask[ID["Position"] + state.position + 1 : ID["Position"] + state.bar_ticks] = True
        elif phase in (g.KEY, g.SECTION):
            mask[ID["Position"]] = True
    else:
        _after_note(state, mask)
    if state.tempo:
        _after_bar(state, mask)


def _in_bar_header(state: GrammarState, mask: np.ndarray) -> None:
    phase, first_bar = state.phase, state.bar == 0
    if phase == g.BAR:
        mask[METER_SLICE] = True
        if state.meter >= 0:
            mask[ID["Meter"] + state.meter] = False
    if phase != g.KEY and not (first_bar and phase == g.BAR):
        mask[KEY_SLICE] = True
        if state.key >= 0:
            mask[ID["Key"] + state.key] = False
    if phase == g.METER and first_bar:
        mask[ID["Pickup"]] = METER_TICKS[state.meter] > 3
    if phase == g.KEY or not first_bar:
        mask[SECTION_SLICE] = True


def _after_note(state: GrammarState, mask: np.ndarray) -> None:
    if state.lyric_allowed:
        mask[ID["Lyric"]] = True
    if _pitches(state, mask):
        mask[VELOCITY_SLICE] = True
        mask[ID["Velocity"] + state.velocity - 1] = False
    _positions(state, mask)


def _after_bar(state: GrammarState, mask: np.ndarray) -> None:
    mask[ID["EOS"]] = True
    mask[ID["Bar"]] = state.bar + 1 < MAX_BARS
    last_tick = state.bar_start + state.bar_ticks - 1
    for value, cell in state.tracks.items():
        if cell > state.cell and state._some_pitch_free(cell, last_tick):
            mask[ID["Track"] + value] = True


def _positions(state: GrammarState, mask: np.ndarray) -> None:
    """Positions in a cell: after the last one, from where some pitch is free."""
    first = state.position + 1
    if not state._some_pitch_free(state.cell, state.bar_start + first):
        first = max(first, min(state.sounding_until[state.cell]) - state.bar_start)
    mask[ID["Position"] + first : ID["Position"] + state.bar_ticks] = True


def _pitches(state: GrammarState, mask: np.ndarray) -> bool:
    """Pitches above the last one that do not sound any more; whether there is one."""
    kind = "Drum" if state.track_roles[state.cell] == g.DRUMS_ROLE else "Pitch"
    tick, first = state.bar_start + state.position, state.last_pitch + 1
    free = np.array(state.sounding_until[state.cell][first:]) <= tick
    mask[ID[kind] + first : BLOCKS[kind].stop] = free
    return bool(free.any())


def _tempos(state: GrammarState, mask: np.ndarray) -> None:
    mask[TEMPO_SLICE] = True
    if state.tempo == 48000:
        mask[TEMPO_SLICE.stop - 1] = False
