"""scoretok studio: the page in the browser, and the server behind it."""

import socket
import webbrowser
from threading import Timer

import click

from editing.cli.common import quiet_option, say, silence
from scoretok.errors import ScoretokError
from scoretok.extras import require

EPILOG = """\b
Examples:
  scoretok studio song.mid
  scoretok studio song.studio         the project that was made beside it, with its history and takes
  scoretok studio recording.wav       written down first
  scoretok studio                     an empty score
"""


@click.command(epilog=EPILOG)
@click.argument("source", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any that is free.")
@click.option("--new", "is_new", is_flag=True, help="A new project, even where there is one beside the source.")
@click.option("--browser/--no-browser", default=True, help="Open the page.")
@click.option("--render/--no-render", default=True, help="Let the model render what changes in the background.")
@click.option("--steps", type=click.IntRange(0, 100), help="Steps of the model; 0 is its coarse prediction.")
@quiet_option
def studio(
    source: str | None, port: int, is_new: bool, browser: bool, render: bool, steps: int | None, quiet: bool
) -> None:
    """Open a score, a recording or a project as a page in the browser, served from this machine alone."""
    silence(quiet)
    require("fastapi", "studio", "the studio")
    uvicorn = require("uvicorn", "studio", "the studio")
    require("torch", "dit", "the studio")
    from editing.studio.engines import Engines
    from editing.studio.opening import open_project
    from editing.studio.recorded_jobs import write_down_new
    from editing.studio.server import make_app, new_token
    from editing.studio.session import Session
    from editing.studio.writers import Writers

    listener = listen(port)
    project = open_project(source, is_new)
    session = Session(project, Engines(project.folder, steps), Writers(), renders=render)
    token = new_token()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/#token={token}"
    try:
        write_down_new(session)
        click.echo(address)
        if not quiet:
            say(f"{project.folder}: open {address.partition('#')[0]} by this address; Ctrl+C ends the studio")
        if browser:
            Timer(0.5, webbrowser.open, [address]).start()
        app = make_app(session, token)
        # Pages listen for as long as they are open; the server does not wait for them to end, nor speak of it.
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        session.close()


def listen(port: int) -> socket.socket:
    """A socket on this machine alone. Raises ScoretokError when the port is in use."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)  # so that a page that is opened at once waits
    except OSError as error:
        listener.close()
        raise ScoretokError(
            f"port {port} cannot be used: {error.strerror}; a studio may be open there, or name another with --port"
        ) from None
    return listener
