"""scoretok diff: where two scores differ."""

import sys

import click

from editing.cli.common import json_option, print_json
from editing.cli.edit import difference_to_dict, summary
from editing.cli.reading import load
from scoretok.difference import diff as find_difference

EPILOG = """\b
Examples:
  scoretok diff before.lead after.lead
  scoretok diff old.mid new.mid --json
  scoretok diff a.lead b.lead --exit-code || echo "they differ"
"""


@click.command(epilog=EPILOG)
@click.argument("before")
@click.argument("after")
@click.option("--exit-code", is_flag=True, help="Exit with status 1 when they differ.")
@json_option
def diff(before: str, after: str, exit_code: bool, as_json: bool) -> None:
    """Name the bars and tracks in which two scores differ."""
    difference = find_difference(load(before), load(after))
    if as_json:
        print_json(difference_to_dict(difference))
    else:
        click.echo(summary(difference))
    if exit_code and difference:
        sys.exit(1)
