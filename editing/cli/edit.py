"""scoretok edit: change a score by phrases."""

from pathlib import Path

import click

from editing import edit as apply_edits
from editing import read_script
from editing.cli.common import (
    TEXT_FORMATS,
    bar_list,
    check_output,
    json_option,
    print_json,
    quiet_option,
    save,
    say,
    seed_option,
    silence,
)
from editing.cli.reading import load, standard_input
from editing.verbs import phrase_help
from scoretok.difference import Difference
from scoretok.difference import diff as find_difference
from scoretok.errors import ScoretokError
from scoretok.files import read_text
from scoretok.formats.lead import short_id

EPILOG = f"""\b
A phrase is a verb, its arguments, then where:
  in bars 5-8 | in bar 3 | in chorus (all of them) | in chorus 2
  of piano | of piano 2 | of "Rhodes" | of piano, bass

\b
Verbs:
{phrase_help()}

\b
Examples:
  scoretok edit song.lead -o new.lead "transpose +5 in bars 9-12 of piano"
  scoretok edit song.lead -o new.lead "remove drums in chorus" "tempo 96"
  scoretok edit song.lead -o new.lead --script edits.txt
"""


@click.command(epilog=EPILOG, context_settings={"max_content_width": 110})
@click.argument("source")
@click.argument("phrases", nargs=-1)
@click.option("-o", "--output", required=True, metavar="FILE", help="Where to write ('-' prints .lead).")
@click.option("--script", metavar="FILE", help="A file of phrases, one a line ('-' is standard input).")
@click.option(
    "--to", "text_format", type=click.Choice(TEXT_FORMATS), default="lead", help="Format when the output is '-'."
)
@seed_option
@json_option
@quiet_option
def edit(
    source: str,
    phrases: tuple[str, ...],
    output: str,
    script: str | None,
    text_format: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Change a score by phrases, applied from left to right; all bars and tracks not named stay identical."""
    silence(quiet)
    check_output(output)
    chain = list(phrases)
    if script:
        chain += read_script(standard_input() if script == "-" else read_text(Path(script)))
    if not chain:
        raise ScoretokError('there is no edit; write one in quotes, for example "transpose +2 in bars 1-4"')
    before = load(source)
    after = apply_edits(before, [with_seed(phrase, seed) for phrase in chain])
    save(after, output, text_format)
    difference = find_difference(before, after)
    if as_json and output != "-":
        print_json(difference_to_dict(difference))
    elif not quiet:
        say(summary(difference))


def with_seed(phrase: str, seed: int) -> str:
    """A phrase that leaves something to chance, with the seed of the command unless it names its own."""
    words = phrase.split()
    return f"{phrase} seed {seed}" if words[:1] == ["humanise"] and "seed" not in words else phrase


def difference_to_dict(difference: Difference) -> dict[str, object]:
    """A difference as plain data; bars count from 1."""

    def number(bar: int | None) -> int | None:
        return None if bar is None else bar + 1

    cells = [
        {"track": cell.track, "before_bar": number(cell.before_bar), "after_bar": number(cell.after_bar)}
        for cell in difference.cells
    ]
    return {"changed": bool(difference), "cells": cells, "headers": list(difference.headers)}


def summary(difference: Difference) -> str:
    """What changed, a line a track: 'piano: bars 9-12'."""
    if not difference:
        return "nothing changed"
    bars: dict[str, dict[str, list[int]]] = {}
    for cell in difference.cells:
        kinds = bars.setdefault(short_id(cell.track), {"changed": [], "inserted": [], "deleted": []})
        if cell.before_bar is None and cell.after_bar is not None:
            kinds["inserted"].append(cell.after_bar)
        elif cell.after_bar is None and cell.before_bar is not None:
            kinds["deleted"].append(cell.before_bar)
        elif cell.after_bar is not None:
            kinds["changed"].append(cell.after_bar)
    lines = [
        f"{track}: " + "; ".join(f"{kind} bars {bar_list(found)}" for kind, found in kinds.items() if found)
        for track, kinds in bars.items()
    ]
    return "\n".join([*lines, *difference.headers])
