"""scoretok completion: the script that lets a shell complete commands and options."""

import click

EPILOG = """\b
Examples:
  scoretok completion bash >> ~/.bashrc
  scoretok completion zsh >> ~/.zshrc
  scoretok completion fish > ~/.config/fish/completions/scoretok.fish
"""


@click.command(epilog=EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell."""
    from click.shell_completion import get_completion_class

    from editing.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "scoretok", "_SCORETOK_COMPLETE").source())
