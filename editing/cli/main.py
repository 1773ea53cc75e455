"""The scoretok command: finds the subcommand, and turns errors into one sentence and an exit status."""

import sys
import warnings
from importlib import import_module
from io import TextIOWrapper

import click

from editing.cli.common import say
from editing.cli.reading import STRICT
from scoretok.errors import ScoretokError, ScoretokWarning, one_line

# name -> (module, function, one line for the help)
COMMANDS = {
    "convert": ("editing.cli.convert", "convert", "Turn a score from any format into any other."),
    "show": ("editing.cli.show", "show", "Print a score as a table of bars, or as tokens."),
    "plot": ("editing.cli.plot", "plot", "Draw a piano roll or engraved notation."),
    "edit": ("editing.cli.edit", "edit", "Change a score by phrases."),
    "diff": ("editing.cli.diff", "diff", "Name the bars and tracks in which two scores differ."),
    "render": ("editing.cli.render", "render", "Turn a score into audio."),
    "sing": ("editing.cli.sing", "sing", "Sing the words of a score."),
    "inpaint": ("editing.cli.inpaint", "inpaint", "Change audio only where its score changed."),
    "stems": ("editing.cli.stems", "stems", "Tell a recording apart into the tracks of its score."),
    "voice": ("editing.cli.voice", "voice", "Convert a voice into another singer's."),
    "extract": ("editing.cli.extract", "extract", "Write down a recording, or a hummed melody, as a score."),
    "describe": ("editing.cli.describe", "describe", "Say in words what a score or a recording is."),
    "compare": ("editing.cli.compare", "compare", "Say how much of one score came back in another."),
    "plan": ("editing.cli.compose", "plan", "Plan a song: form, chords, who plays how densely."),
    "compose": ("editing.cli.compose", "compose", "Compose a score from a prompt, a plan or chords."),
    "song": ("editing.cli.make_song", "song", "Make a song of a prompt and words: plan, score, singing, mix."),
    "infill": ("editing.cli.infill", "infill", "Write some bars of some tracks anew."),
    "vary": ("editing.cli.infill", "vary", "Vary some bars, keeping their rhythm or contour."),
    "continue": ("editing.cli.infill", "extend", "Go on where a score ends."),
    "accompany": ("editing.cli.infill", "accompany", "Add tracks that play along."),
    "harmonise": ("editing.cli.infill", "harmonise", "Choose chords for the notes of a score."),
    "score": ("editing.cli.infill", "score", "Say how likely a model finds every bar."),
    "studio": ("editing.cli.studio", "studio", "See, hear and change a score on a page in the browser."),
    "mcp": ("editing.cli.mcp", "mcp", "Let an assistant work on a score (Model Context Protocol)."),
    "train": ("editing.cli.train", "train", "Train the models on your own data."),
    "doctor": ("editing.cli.doctor", "doctor", "Say what is installed, what is missing and how to get it."),
    "completion": ("editing.cli.completion", "completion", "Print the completion script for a shell."),
}
EPILOG = """\b
Examples:
  scoretok convert song.mid song.lead
  scoretok show song.lead --bars 5-8
  scoretok edit song.lead -o new.lead "transpose +5 in bars 9-12 of piano"
  scoretok diff song.lead new.lead
  scoretok plot new.lead -o roll.png
  scoretok render song.lead -o song.wav
  scoretok extract song.wav -o song.lead
  scoretok voice convert take.wav --to singer.wav -o out.wav
  scoretok inpaint song.wav --before song.lead --after new.lead -o new.wav
  scoretok studio song.mid

Formats go by suffix: .mid .musicxml .mxl .abc .lead .json
"""


# Commands that compute with torch.
COMPUTING = frozenset((
    "render", "sing", "song", "inpaint", "stems", "voice", "extract", "describe", "plan",
    "compose", "infill", "vary", "continue", "accompany", "harmonise",
    "score", "studio", "mcp", "train",
))  # fmt: skip


# Commands that read a score.
READING = frozenset((
    "convert", "show", "plot", "edit", "diff", "render", "inpaint", "describe", "compare", "infill", "vary", "continue",
    "accompany", "harmonise", "score",
))  # fmt: skip


def _use_threads(_context: click.Context, _option: click.Parameter, value: int | None) -> None:
    from scoretok.threads import use_threads

    use_threads(value)


THREADS = click.Option(
    ["--threads"], type=click.IntRange(1, 1024), metavar="N", expose_value=False, callback=_use_threads,
    help="Threads to compute with (default: SCORETOK_THREADS, else all cores). Last bits depend on it.",
)  # fmt: skip


def _refuse_empty_arguments(command: click.Command) -> None:
    """An empty argument, as an unset shell variable gives, would be the current folder."""
    for parameter in command.params:
        if isinstance(parameter, click.Argument) and parameter.callback is None:
            parameter.callback = _not_empty
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _refuse_empty_arguments(inner)


def _not_empty(_context: click.Context, argument: click.Parameter, value: object) -> object:
    if "" in (value if isinstance(value, tuple) else (value,)):
        raise ScoretokError(f"the argument {argument.make_metavar(_context)} is empty")
    return value


class LazyGroup(click.Group):
    """Imports a subcommand only when it is needed, so that help answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), function)
        if cmd_name in COMPUTING and THREADS not in command.params:
            command.params.append(THREADS)
        if cmd_name in READING and STRICT not in command.params:
            command.params.append(STRICT)
        _refuse_empty_arguments(command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="scoretok")
def cli() -> None:
    """Compose with one editable score: MIDI, MusicXML, ABC or .lead in, edits by phrase, audio out."""


def _show_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    """Our warnings are one line on standard error; other packages' stay unseen."""
    if issubclass(category, ScoretokWarning):
        say(f"note: {message}")


def run() -> int:
    """Run the command and return its exit status: 0, 1 (the input or the request is at fault) or 2 (usage)."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", ScoretokWarning)
    warnings.showwarning = _show_warning  # type: ignore[assignment]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without our characters shows '?' for them
            stream.reconfigure(errors="replace")
    try:
        status = cli(prog_name="scoretok", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        if isinstance(error, click.UsageError) and error.ctx:
            say(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
        say(f"Error: {one_line(error.format_message())}")
        return error.exit_code
    except click.Abort:
        return _fail("interrupted")
    except ScoretokError as error:
        return _fail(str(error))
    except RecursionError:
        return _fail("the input is nested too deeply to be a score")
    except MemoryError:
        return _fail("the machine has too little memory for this; work on fewer bars at a time")


def _fail(sentence: str) -> int:
    say(f"scoretok: {sentence}")
    return 1
