"""scoretok doctor: what is installed."""

import platform
import shutil
from importlib import metadata

import click

from editing.cli.common import json_option, print_json
from scoretok.extras import base, extras

PURPOSES = {
    "notation": "MusicXML, engraving",
    "plot": "piano rolls, PDF",
    "lyrics": "syllables and phonemes",
    "audio": "draft sound, audio files",
    "dit": "the default sound, training",
    "planner": "the language model",
    "prompt": "prompts by meaning",
    "mir": "recordings into scores",
    "voice": "voice conversion, singing",
    "singer": "singing by rule",
    "studio": "the page in the browser",
    "demucs": "another separator of voices",
    "madmom": "its networks for beats, not for commercial use",
    "ray": "folders of recordings on a cluster",
    "ace-step": "an adapter for a large open model",
}


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Say what is installed, what is missing and how to get it."""
    found = report()
    if as_json:
        print_json(found)
        return
    click.echo(f"scoretok {found['scoretok']}, Python {found['python']}, {found['system']}")
    for name, version in found["base"].items():  # type: ignore[attr-defined]
        click.echo(f"  {name:<12} {version}")
    for extra, packages in found["extras"].items():  # type: ignore[attr-defined]
        missing = [name for name, version in packages.items() if version is None]
        mark = click.style("missing", fg="yellow") if missing else click.style("ready", fg="green")
        click.echo(f"{extra} ({PURPOSES[extra]}): {mark}")
        for name, version in packages.items():
            click.echo(f"  {name:<12} {version or 'not installed'}")
        if missing:
            click.echo(f"  get it with: pip install 'scoretok[{extra}]'")
    for name, (purpose, command) in UNLISTED_PACKAGES.items():
        click.echo(f"{name} ({purpose}): {_version(name) or f'not installed (get it with: {command})'}")
    for program, purpose, hint in EXTERNAL_PROGRAMS:
        state = shutil.which(program) or f"not installed ({hint})"
        click.echo(f"{program} ({purpose}): {state}")


UNLISTED_PACKAGES = {"tinysoundfont": ("the draft sound", "pip install --no-deps tinysoundfont")}
EXTERNAL_PROGRAMS = (
    ("espeak-ng", "words in languages other than English; GPL-3", "get it with your system's packages"),
    ("fluidsynth", "making training pairs; LGPL-2.1", "get it with your system's packages"),
)


def report() -> dict[str, object]:
    """Versions of everything, None where a package is missing."""
    return {
        "scoretok": _version("scoretok"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "base": {name: _version(name) for name in base()},
        "extras": {extra: {name: _version(name) for name in packages} for extra, packages in extras().items()},
        "programs": {program: shutil.which(program) for program, _, _ in EXTERNAL_PROGRAMS},
    }


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
