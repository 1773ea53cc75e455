"""What several subcommands share: reading and writing scores, bars, JSON, quiet."""

import json
import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from functools import wraps
from pathlib import Path

import click

from editing.cli.reading import READINGS
from scoretok.bars import slice_bars
from scoretok.errors import ScoretokError, one_line, quoted
from scoretok.formats import check_suffix, write
from scoretok.formats.holds import warn_of_drops
from scoretok.numbers import whole
from scoretok.sheet import LeadSheet

TEXT_FORMATS = ("lead", "json", "abc")

quiet_option = click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
bars_option = click.option("--bars", metavar="A-B", help="Only these bars, counted from 1.")
seed_option = click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of all chance.")
language_option = click.option("--language", default="en", show_default=True, help="Language of the words.")


def with_options(*options: Callable) -> Callable[[Callable], Callable]:
    """A decorator that gives a command these options, listed in this order."""

    def decorate(command: Callable) -> Callable:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def collect(kind: type, name: str = "options") -> Callable[[Callable], Callable]:
    """A decorator that hands a command those of its options that are fields of a dataclass as one value."""
    names = [field.name for field in fields(kind)]

    def decorate(command: Callable) -> Callable:
        @wraps(command)
        def wrapped(*arguments: object, **options: object) -> object:
            mine = {one: options.pop(one) for one in names if one in options}
            return command(*arguments, **{name: kind(**mine)}, **options)

        return wrapped

    return decorate


class FiniteRange(click.FloatRange):
    """A number within limits; 'nan' and 'inf', which pass every comparison, are none."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number."""
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class RenamedOption(click.Option):
    """An option whose names behind the first are those of before: they go on working and are not shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The line of the help page, with the name of today alone."""
        every = self.opts, self.secondary_opts
        self.opts, self.secondary_opts = self.opts[:1], self.secondary_opts[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts, self.secondary_opts = every


class Renamed(click.Choice):
    """A choice of names, some of which had another one before, which goes on working."""

    def __init__(self, choices: Sequence[str], **old: str) -> None:
        super().__init__(choices)
        self.old = old

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name of today."""
        return super().convert(self.old.get(value, value), param, ctx)


def say(sentence: str) -> None:
    """Print a sentence on standard error, escaped; what cannot be said there is no reason to stop."""
    with suppress(OSError):
        click.echo("\n".join(one_line(line, 2000) for line in sentence.split("\n")), err=True)


def silence(quiet: bool) -> None:
    """Leave out the notes on standard error."""
    if quiet:
        warnings.simplefilter("ignore")


def save(sheet: LeadSheet, path: str, text_format: str = "lead") -> None:
    """Write a score by suffix, or to standard output ('-') as text."""
    if path == "-":
        click.echo(as_text(sheet, text_format).encode(), nl=False)  # UTF-8, as files are
        warn_of_drops(sheet, f".{text_format}")
    else:
        write(sheet, path)


def as_text(sheet: LeadSheet, text_format: str) -> str:
    """A score as .lead, JSON or ABC text."""
    if text_format == "json":
        from scoretok.formats.json_form import sheet_to_dict

        return json.dumps(sheet_to_dict(sheet), ensure_ascii=False) + "\n"
    if text_format == "abc":
        from scoretok.formats.abc_write import abc_text

        return abc_text(sheet)
    from scoretok.formats.lead import print_lead

    return print_lead(sheet)


def check_output(path: str) -> None:
    """Raise ScoretokError early when a score cannot be written there."""
    if path != "-":
        check_suffix(path)
        check_folder(path)


def check_picture(path: str) -> None:
    """Raise ScoretokError when a picture cannot be drawn as this."""
    if Path(path).suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ScoretokError(f"{path} does not end with .png, .svg or .pdf")


def check_folder(path: str) -> None:
    """Raise ScoretokError when the folder of an output does not exist."""
    try:
        folder = Path(path).resolve().parent
        exists = folder.is_dir()
    except (OSError, RuntimeError, ValueError):
        return  # what writes the file says what is wrong with the name
    if not exists:
        raise ScoretokError(f"{path} cannot be written: the folder {folder} does not exist")


def parse_bars(text: str, sheet: LeadSheet) -> range:
    """'5-8' or '5' as bars counted from 0. Raises ScoretokError."""
    match = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?", text)
    if not match:
        raise ScoretokError(f"--bars {quoted(text)}: write for example 5-8 or 5")
    first, last = whole(match[1]), whole(match[2] or match[1])
    if not 1 <= first <= last <= sheet.bar_count:
        raise ScoretokError(f"--bars {quoted(text)}: the score has the bars 1-{sheet.bar_count}")
    return range(first - 1, last)


def parse_tracks(text: str, sheet: LeadSheet) -> list[int]:
    """Tracks of a score by role, id or name, with commas between. Raises ScoretokError."""
    from editing.where import find_tracks

    return [number for name in text.split(",") if name for number in find_tracks(sheet, name.strip())]


def only_bars(sheet: LeadSheet, text: str | None) -> LeadSheet:
    """The bars named by --bars, or all."""
    if text is None:
        return sheet
    bars = parse_bars(text, sheet)
    return slice_bars(sheet, bars.start, bars.stop)


def bar_list(bars: Iterable[int]) -> str:
    """Bars counted from 0 as people write them: '1-4, 7'."""
    runs: list[list[int]] = []
    for bar in sorted(set(bars)):
        if runs and runs[-1][1] == bar - 1:
            runs[-1][1] = bar
        else:
            runs.append([bar, bar])
    return ", ".join(str(a + 1) if a == b else f"{a + 1}-{b + 1}" for a, b in runs)


@contextmanager
def progress_bar(what: str, total: int, quiet: bool) -> Iterator[Callable[[], None]]:
    """A progress bar with time left on a terminal, else nothing; gives the function to call after each part."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def stages(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A line a stage on a terminal, else nothing; gives the function to call with a stage and its share done."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=1.0)
            progress.update(tasks[stage], completed=share)

        yield report


def print_json(data: object) -> None:
    """One line of JSON on standard output; what was guessed and dropped of the files that were read goes along."""
    if isinstance(data, dict) and READINGS:
        data = data | {"reading": READINGS}
    click.echo(json.dumps(data, ensure_ascii=False))
