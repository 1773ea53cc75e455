"""The web server of the studio: a page, and an interface in JSON over one `Session`.

Every request but those for the page's files carries the token that is in the address which `scoretok studio` prints,
as the header `X-Token` or as `?token=`; it must name this host, and a browser must send it from the page itself.

    GET  /api/state?since=V          all that is shown; of the score what changed since version V, where that is known
    GET  /api/events                 server-sent events: {"version": V} when the state changed, {"job": {...}}
    POST /api/edit                   {"phrases": ["transpose +2 in bars 1-4 of piano"], "version": V}
    POST /api/gesture                {"gesture": "move_notes", "track": "piano.1", "notes": [[0, 60]], "ticks": 24, ...}
    POST /api/text                   {"text": "scoretok 1 ...", "version": V}
    POST /api/undo, /api/redo, /api/history {"position": N}
    POST /api/level                  {"track": "piano.1", "gain_db": -3.0}
    POST /api/take                   {"track": "piano.1", "bars": [4, 8], "seed": 2}       -> {"job": {...}}
    POST /api/write                  {"what": "infill", "cells": [["piano.1", 4]], "seed": 1, ...}  -> {"job": {...}}
    POST /api/keep                   {"track": "piano.1", "take": "000012-..."} or {"variant": 3}
    POST /api/renders                {"on": true}
    POST /api/upload/NAME            the bytes of a file, which is looked at:
                                     {"upload": N, "kind": "score", "said": ["5 notes ..."], "bars", "tracks", ...}
    POST /api/open                   {"upload": N, "what": "score"}: it takes the place of the score; "recording": it
                                     is written down; "sing", "convert": its voice is used
    POST /api/transcribe             {"tempo_bpm": 88, "downbeat_s": 1.4, ...} writes the recording down anew
    POST /api/inpaint                {"seed": 1} changes the recording where the score was
    DELETE /api/jobs/N
    GET  /api/sound/TRACK/BAR?key=K  float32, little-endian, channel after channel; headers X-Layer, X-Channels
    GET  /api/peaks/TRACK?first=0&stop=8  48 peaks a bar, float32, of a track, or of "recording"
    GET  /api/recording/BAR          the same of the recording; 404 for a bar that it does not play
    GET  /api/spectrogram/BAR        uint8, a row of frames a semitone from C1 up; header X-Pitches
    GET  /api/room                   the impulse response of the mixer's room, float32, an ear after the other
    GET  /api/notation.svg?first=0&stop=8  bars in notation
    GET  /api/export/NAME            the song as NAME's suffix says: .lead .mid .musicxml .abc .json .wav .flac .zip

Bars and ticks count from 0 in JSON. An answer to a change is the state since `version`. What is wrong with a request is
said in one sentence, {"error": "..."}, with "line" and "column" where it is about the text: 400 for what cannot be, 403
without the token, 404 for what is not there, 409 when the score was changed meanwhile, 413 for what is too large.
"""

import asyncio
import json
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editing.studio import messages, recorded_jobs, score_jobs
from editing.studio.jobs import Job
from editing.studio.mixdown import SOUND_SUFFIXES, export_mix, room_response
from editing.studio.project import ARCHIVE_SUFFIX, pack
from editing.studio.recordings import Recorded, Span
from editing.studio.session import OutOfDateError, Session
from editing.studio.thread_warnings import said_here
from editing.studio.uploads import MAX_UPLOAD_BYTES
from mir.constant_q import LOWEST_PITCH, spectrogram
from scoretok.bars import slice_bars
from scoretok.engrave import svg_pages
from scoretok.errors import ScoretokError
from scoretok.formats import write

PAGE = Path(__file__).with_name("page")
HOSTS = ("127.0.0.1", "localhost")
POLICY_HEADERS = (
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'"),
    (b"referrer-policy", b"no-referrer"),
)
MAX_BODY_BYTES = 16 * 2**20
POLL_S = 0.02
PULSE_S = 15.0  # between comments on a stream on which nothing happens
PLACE = re.compile(r"line (\d+), column (\d+)")


def make_app(session: Session, token: str) -> FastAPI:
    """The application over an open project; only who knows the token may use it."""
    app = FastAPI(title="scoretok studio", docs_url=None, redoc_url=None)
    app.add_middleware(Guard, token=token)
    _add_refusals(app)
    _add_reading(app, session)
    _add_editing(app, session)
    _add_jobs(app, session)
    if PAGE.is_dir():
        app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def new_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(24)


def _refusal(status: int, sentence: str, **more: Any) -> JSONResponse:
    return JSONResponse({"error": sentence, **more}, status)


class Guard:
    """Refuses what does not come from the page: another host or origin, no token, too much."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.app, self.token = app, token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(Request(scope))
        if refusal is not None:
            await refusal(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *POLICY_HEADERS]
            await send(message)

        await self.app(scope, receive, send_with_policy)

    def _refusal(self, request: Request) -> JSONResponse | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if host.rpartition(":")[0] not in HOSTS or origin not in (None, f"http://{host}"):
            return _refusal(403, "the studio answers its own page only")
        if not request.url.path.startswith("/api/"):
            return None
        given = request.headers.get("x-token") or request.query_params.get("token", "")
        if not secrets.compare_digest(given.encode(), self.token):
            return _refusal(403, "the address lacks the token that scoretok studio printed; open that one")
        limit = MAX_UPLOAD_BYTES if request.url.path.startswith("/api/upload/") else MAX_BODY_BYTES
        if int(request.headers.get("content-length") or 0) > limit:
            return _refusal(413, f"this is larger than {limit >> 20} MB")
        return None


def _add_refusals(app: FastAPI) -> None:
    """How what goes wrong is said."""

    @app.exception_handler(ScoretokError)
    async def refuse(request: Request, error: ScoretokError) -> JSONResponse:
        status = 409 if isinstance(error, OutOfDateError) else 400
        place = PLACE.search(str(error))
        more = {"line": int(place[1]), "column": int(place[2])} if place else {}
        return _refusal(status, str(error), **more)

    @app.exception_handler(RequestValidationError)
    async def misread(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        return _refusal(400, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}")


def _add_reading(app: FastAPI, session: Session) -> None:
    """What a page looks at and listens to."""

    @app.get("/api/state")
    def state(since: int | None = None) -> dict[str, Any]:
        return session.state(since)

    @app.get("/api/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(_events(session), media_type="text/event-stream")

    @app.get("/api/sound/{track}/{bar}")
    def sound(track: str, bar: int) -> Response:
        return _samples(*session.bar_sound(track, bar))

    @app.get("/api/peaks/{track}")
    def peaks(track: str, first: int, stop: int) -> Response:
        found = session.peaks.bars(session, track, range(first, stop))
        return Response(found.astype("<f4").tobytes(), media_type="application/octet-stream")

    @app.get("/api/recording/{bar}")
    def recording(bar: int) -> Response:
        recorded, span = _recorded_bar(session, bar)
        return _samples("recording", session.recordings.samples(recorded, span))

    @app.get("/api/spectrogram/{bar}")
    def levels(bar: int) -> Response:
        recorded, span = _recorded_bar(session, bar)
        found = spectrogram(session.recordings.path(recorded), *span)
        headers = {"X-Pitches": str(len(found)), "X-Lowest": str(LOWEST_PITCH)}
        return Response(found.tobytes(), media_type="application/octet-stream", headers=headers)

    @app.get("/api/room")
    def room() -> Response:
        return Response(room_response().astype("<f4").tobytes(), media_type="application/octet-stream")

    @app.get("/api/notation.svg")
    def notation(first: int, stop: int) -> Response:
        page = next(iter(svg_pages(slice_bars(session.sheet, first, stop), one_page=True)))
        return Response(page, media_type="image/svg+xml")

    @app.get("/api/export/{name}")
    def export(name: str) -> FileResponse:
        folder = tempfile.mkdtemp(prefix="scoretok-")
        path, suffix = Path(folder) / Path(name).name, Path(name).suffix.lower()
        try:
            if name.endswith(ARCHIVE_SUFFIX):
                pack(session.project, path)
            elif suffix in SOUND_SUFFIXES:
                export_mix(session, path)
            else:
                write(session.sheet, path)
        except BaseException:
            shutil.rmtree(folder)
            raise
        return FileResponse(path, filename=path.name, background=BackgroundTask(shutil.rmtree, folder))


def _add_editing(app: FastAPI, session: Session) -> None:
    """What a page does to the score and its sound."""

    def answer(version: int | None, said: list[str] = []) -> dict[str, Any]:  # noqa: B006 - never changed
        return session.state(version) | {"said": list(dict.fromkeys(said))}

    @app.post("/api/edit")
    def edit(asked: messages.PhraseEdit) -> dict[str, Any]:
        with said_here() as said:
            session.edit_phrases(asked.phrases, asked.version)
        return answer(asked.version, said)

    @app.post("/api/gesture")
    def gesture(asked: messages.Gesture) -> dict[str, Any]:
        with said_here() as said:
            session.edit(asked.name or asked.gesture.replace("_", " "), asked.change, asked.merge, asked.version)
        return answer(asked.version, said)

    @app.post("/api/text")
    def text(asked: messages.TextEdit) -> dict[str, Any]:
        session.write_text(asked.text, asked.version)
        return answer(asked.version)

    @app.post("/api/undo")
    def undo() -> dict[str, Any]:
        return {"undone": session.undo()}

    @app.post("/api/redo")
    def redo() -> dict[str, Any]:
        return {"done": session.redo()}

    @app.post("/api/history")
    def history(asked: messages.Position) -> dict[str, Any]:
        session.go_to(asked.position)
        return {"position": asked.position}

    @app.post("/api/level")
    def level(asked: messages.LevelChange) -> dict[str, float]:
        session.set_level(asked.track, **asked.model_dump(exclude={"track"}, exclude_none=True))
        return session.level(asked.track)

    @app.post("/api/keep")
    def keep(asked: messages.Keep) -> dict[str, Any]:
        if asked.variant is not None:
            score_jobs.keep_variant(session, asked.variant)
        else:
            session.keep_take(asked.take, asked.track)
        return {"kept": asked.take if asked.variant is None else asked.variant}


def _add_jobs(app: FastAPI, session: Session) -> None:
    """What takes longer."""

    def started(job: Job) -> dict[str, Any]:
        return {"job": job.to_dict()}

    @app.post("/api/take")
    def take(asked: messages.TakeRequest) -> dict[str, Any]:
        return started(session.new_take(asked.track, range(*asked.bars), asked.seed))

    @app.post("/api/write")
    def write_score(asked: messages.WriteRequest) -> dict[str, Any]:
        cells = [(track, bar) for track, bar in asked.cells]
        match asked.what:
            case "infill":
                job = score_jobs.infill(session, cells, asked.seed)
            case "vary":
                job = score_jobs.vary(session, cells, asked.keep, asked.seed)
            case "continue":
                job = score_jobs.extend(session, asked.bars, asked.seed)
            case "accompany":
                job = score_jobs.accompany(session, asked.tracks, asked.seed)
            case "harmonise":
                job = score_jobs.harmonise(session, asked.seed)
            case "compose":
                job = score_jobs.compose(session, asked.prompt, asked.plan, asked.seed)
        return started(job)

    @app.post("/api/plan")
    def plan(asked: messages.WriteRequest) -> dict[str, str]:
        return {"plan": session.writers.plan(asked.prompt, asked.seed)}

    @app.post("/api/upload/{name}")
    async def upload(name: str, request: Request) -> dict[str, Any]:
        with session.uploads.incoming(name) as incoming:
            async for part in request.stream():
                if part:
                    await run_in_threadpool(incoming.write, part)
            return (await run_in_threadpool(incoming.finish)).to_dict()

    @app.post("/api/open")
    def open_upload(asked: messages.OpenUpload) -> dict[str, Any]:
        sent = session.uploads.get(asked.upload)
        name = Path(sent.name).stem
        if asked.what == "score":
            if (sheet := sent.sheet) is None:
                raise ScoretokError(f"{sent.name} is not a score")
            session.edit(f"open {sent.name}", lambda _: sheet)
            return {"opened": sent.name}
        if asked.what == "recording":
            recorded = session.recordings.add_file(sent.path, name)
            return started(recorded_jobs.write_down(session, recorded.recording_id, {}))
        if asked.what == "convert":
            return started(recorded_jobs.convert(session, sent.path, name, asked.consent))
        return started(recorded_jobs.sing(session, asked.track, sent.path, name, asked.consent))

    @app.post("/api/transcribe")
    def transcribe(asked: messages.Correction) -> dict[str, Any]:
        recorded = recorded_jobs.needed_recording(session)
        return started(recorded_jobs.write_down(session, recorded.recording_id, asked.model_dump(exclude_none=True)))

    @app.post("/api/inpaint")
    def inpaint(asked: messages.InpaintRequest) -> dict[str, Any]:
        return started(recorded_jobs.inpaint(session, asked.seed, asked.consent))

    @app.post("/api/renders")
    def renders(asked: messages.Switch) -> dict[str, bool]:
        session.set_renders(asked.on)
        return {"on": asked.on}

    @app.delete("/api/jobs/{number}")
    def cancel(number: int) -> dict[str, int]:
        session.jobs.cancel(number)
        return {"cancelled": number}


def _samples(layer: str, samples: np.ndarray) -> Response:
    """Samples (c, n) for the page, which may keep them: another sound has another key in its address."""
    headers = {"X-Layer": layer, "X-Channels": str(samples.shape[0]), "Cache-Control": "private, max-age=86400"}
    return Response(samples.astype("<f4").tobytes(), media_type="application/octet-stream", headers=headers)


def _recorded_bar(session: Session, bar: int) -> tuple[Recorded, Span]:
    """The recording, and when a bar of the score is heard in it. Raises ScoretokError where it is not."""
    recorded = recorded_jobs.needed_recording(session)
    spans = recorded.spans_s(session.sheet)
    span = spans[bar] if 0 <= bar < len(spans) else None
    if span is None:
        raise ScoretokError(f"the recording does not play bar {bar + 1}")
    return recorded, span


async def _events(session: Session) -> AsyncIterator[str]:
    """The changes of a session as server-sent events, until the page goes away and this is cancelled."""
    queue = session.listen()
    try:
        yield _event({"version": session.project.version})
        waited_s = 0.0
        while True:
            event = _next_of(queue)
            if event is not None:
                yield _event(event)
                continue
            await asyncio.sleep(POLL_S)
            waited_s += POLL_S
            if waited_s >= PULSE_S:
                waited_s = 0.0
                yield ": here\n\n"
    finally:
        session.stop_listening(queue)


def _next_of(queue: "SimpleQueue[dict[str, Any]]") -> dict[str, Any] | None:
    try:
        return queue.get_nowait()
    except Empty:
        return None


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"
