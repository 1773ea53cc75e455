"""The verbs of expression: their forms, what they do, and how their arguments are read."""

from editing import expression_edits, time_edits
from editing.phrases import Apply, Arguments, Verb
from scoretok.errors import ScoretokError
from scoretok.performance import control_kind

SWING_GRIDS = {"1/8": 12, "1/16": 6}
PAN_CENTRE = 64
MOST_BEND_CENTS = 2400


def _off(args: Arguments) -> bool:
    return args.take("off")


def _pedal(args: Arguments, name: str = "pedal") -> Apply:
    if _off(args):
        return lambda sheet, where: expression_edits.clear_control(sheet, where, name)
    if name == "pedal" and args.at >= len(args.words):
        return expression_edits.pedal
    value = args.whole("how far down it is", 0, 127) if args.at < len(args.words) else 127
    return lambda sheet, where: expression_edits.set_control(sheet, where, name, value)


def _level(name: str, low: int = 0, high: int = 127, middle: int = 0) -> Verb:
    """A verb that puts a control at a value, lets it move to another, or leaves it at rest."""

    def read(args: Arguments) -> Apply:
        if _off(args):
            return lambda sheet, where: expression_edits.clear_control(sheet, where, name)
        first = args.whole("a value", low, high) + middle
        last = args.whole("a value", low, high) + middle if args.take("to") else None
        return lambda sheet, where: expression_edits.set_control(sheet, where, name, first, last)

    return Verb(f"{name} {low} [to {high}] | off", f"set the {name}, let it move, or leave it at rest", read)


def _control(args: Arguments) -> Apply:
    name = args.word("a control, such as cc74")
    kind = control_kind(name)
    return _level(name, kind.lowest, kind.highest).read(args)


def _bend(args: Arguments) -> Apply:
    if _off(args):
        return lambda sheet, where: expression_edits.clear_control(sheet, where, "bend")
    first = args.whole("a number of cents", -MOST_BEND_CENTS, MOST_BEND_CENTS)
    last = args.whole("a number of cents", -MOST_BEND_CENTS, MOST_BEND_CENTS) if args.take("to") else None
    return lambda sheet, where: expression_edits.bend(sheet, where, first, last)


def _crescendo(args: Arguments) -> Apply:
    first = args.whole("a velocity", 1, 127)
    args.expect("to")
    last = args.whole("a velocity", 1, 127)
    return lambda sheet, where: expression_edits.crescendo(sheet, where, first, last)


def _swing(args: Arguments) -> Apply:
    word = args.word("where the second note of a pair begins, in percent (50 is straight, 67 triplets)")
    if not word.removesuffix("%").isdecimal() or not 50 <= int(word.removesuffix("%")) <= 80:
        raise ScoretokError(f"{word!r} is not a swing; write 50% (straight) to 80%")
    grid = SWING_GRIDS[args.one_of("a grid", SWING_GRIDS)] if args.at < len(args.words) else SWING_GRIDS["1/8"]
    share = int(word.removesuffix("%")) / 100
    return lambda sheet, where: time_edits.swing(sheet, where, share, grid)


EXPRESSION_VERBS: dict[str, Verb] = {
    "swing": Verb("swing 60% [1/16]", "play every second note of a grid late; 50% is straight", _swing),
    "crescendo": Verb("crescendo 60 to 100 in bars A-B", "let velocities grow, or fall", _crescendo),
    "pedal": Verb("pedal | pedal off", "pedal with the harmony, or not at all", _pedal),
    "soft": Verb("soft | soft off", "the soft pedal", lambda args: _pedal(args, "soft")),
    "sostenuto": Verb("sostenuto | sostenuto off", "the middle pedal", lambda args: _pedal(args, "sostenuto")),
    "bend": Verb("bend CENTS [to CENTS] | off", "bend the pitch, or let it glide", _bend),
    "volume": _level("volume"),
    "expression": _level("expression"),
    "modulation": _level("modulation"),
    "pan": _level("pan", -64, 63, PAN_CENTRE),
    "control": Verb("control NAME N [to M] | off", "the same of any controller (cc74)", _control),
    "plain": Verb(
        "plain", "put notes on the grid, without pedals, bends and controllers", lambda _: expression_edits.plain
    ),
}
