"""scoretok mcp: the studio for assistants, over standard input and output."""

import click

from scoretok.extras import require

EPILOG = """\b
Example, as the entry of an assistant's configuration:
  {"command": "scoretok", "args": ["mcp", "song.mid"]}
"""


@click.command(epilog=EPILOG)
@click.argument("source", required=False)
@click.option("--new", "is_new", is_flag=True, help="A new project, even where there is one beside the source.")
@click.option("--render/--no-render", default=False, help="Let the model render what changes in the background.")
def mcp(source: str | None, is_new: bool, render: bool) -> None:
    """Let an assistant read, edit, compose and export a score, by the Model Context Protocol."""
    require("mcp", "studio", "the server for assistants")
    require("torch", "dit", "the server for assistants")
    from editing.studio.assistant import make_assistant
    from editing.studio.engines import Engines
    from editing.studio.opening import open_project
    from editing.studio.session import Session
    from editing.studio.writers import Writers

    project = open_project(source, is_new)
    session = Session(project, Engines(project.folder), Writers(), renders=render)
    try:
        make_assistant(session).run("stdio")
    finally:
        session.close()
