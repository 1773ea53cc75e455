"""A session of the studio: one project, its sound, its jobs, and those who want to know of every change.

Everything that a page can do goes through here; the web server only translates. Methods may be called from any thread.
"""

from collections.abc import Callable, Mapping, Sequence
from queue import SimpleQueue
from threading import RLock
from typing import Any

import numpy as np

from editing.phrases import edit as apply_phrases
from editing.studio.draft_bars import DraftBars
from editing.studio.engines import Engines
from editing.studio.gestures import check_bar, find_track
from editing.studio.jobs import Job, JobQueue, Report
from editing.studio.opening import RECORDINGS
from editing.studio.peaks import PeakStore
from editing.studio.project import Project
from editing.studio.recorded_jobs import recording_view
from editing.studio.recordings import RecordingStore
from editing.studio.rendering import BarState, bar_states, bars_to_render, move_takes, render_changes, render_take
from editing.studio.takes import TakeStore, bars_played
from editing.studio.uploads import Uploads
from editing.studio.view import sheet_view, view_change
from editing.studio.writers import Writers
from renderer.mixer import usual_level
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

KEPT_VIEWS = 16  # of earlier versions, of which a page can be told what changed
Change = Callable[[LeadSheet], LeadSheet]


class OutOfDateError(ScoretokError):
    """What a page asks for was made for an earlier version of the score."""


class Session:
    """A project that is open."""

    def __init__(
        self, project: Project, engines: Engines, writers: Writers, workers: int = 1, renders: bool = True
    ) -> None:
        """With `renders`, the model renders what changes in the background."""
        self.project, self.engines, self.writers, self.renders = project, engines, writers, renders
        self.lock = RLock()
        self.store = TakeStore(project.folder / "audio")
        self.recordings = RecordingStore(project.folder / RECORDINGS)
        self.uploads = Uploads(project.folder)
        self.draft, self.peaks = DraftBars(), PeakStore()
        self.listeners: list[SimpleQueue[dict[str, Any]]] = []
        self.jobs = JobQueue(workers, lambda job: self.tell({"job": job.to_dict()}))
        self.views: dict[int, dict[str, Any]] = {}
        self._queue_renders()

    # What is there

    @property
    def sheet(self) -> LeadSheet:
        """The score."""
        return self.project.sheet

    def state(self, since: int | None = None) -> dict[str, Any]:
        """All that the page shows, as plain data; of the score only what changed since a version, where that is known.

        {"version", "text", "draft", "sheet": see editing.studio.view, "cells": {track: [[state, key], ...]},
        "levels": {track: {"gain_db", "pan", "room"}}, "takes": [...], "variants": [...],
        "recording": see editing.studio.recorded_jobs, or null, "history": {"steps", "position"}, "jobs": [...],
        "renders"}
        """
        with self.lock:
            version, sheet = self.project.version, self.sheet
            view = self.views.setdefault(version, sheet_view(sheet))
            for old in sorted(self.views)[:-KEPT_VIEWS]:
                del self.views[old]
            chosen = {name: self.chosen_takes(number) for number, name in enumerate(sheet.track_ids)}
            before = None if since is None else self.views.get(since)
            changed = {"sheet": view} if before is None else {"sheet_change": view_change(before, view)}
            return {
                "version": version,
                **changed,
                "text": self.project.text,
                "draft": self.project.draft,
                "cells": {name: self._cells(number, chosen[name]) for number, name in enumerate(sheet.track_ids)},
                "levels": {name: self.level(name) for name in sheet.track_ids},
                "takes": self._takes(chosen),
                "variants": [
                    {
                        "name": variant.name,
                        "cells": [list(cell) for cell in sorted(variant.notes)],
                        "stands": variant.stands_in(sheet),
                    }
                    for variant in self.project.variants
                ],
                "recording": recording_view(self),
                "history": {
                    "steps": [step.name for step in self.project.history.steps],
                    "position": self.project.history.position,
                },
                "jobs": [job.to_dict() for job in list(self.jobs.jobs.values())],
                "renders": self.renders,
            }

    def level(self, track_id: str) -> dict[str, float]:
        """Gain in decibels, pan and room of a track: as it was set, else as its role has it."""
        usual = vars(usual_level(self.sheet.tracks_by_id[track_id]))
        return {**usual, **self.project.history.sound.get("levels", {}).get(track_id, {})}

    def chosen_takes(self, number: int) -> tuple[str, ...]:
        """The takes that are heard on a track, from the lowest on."""
        kept = self.project.history.sound.get("takes", {}).get(self.sheet.track_ids[number], ())
        return self.store.chosen(self.sheet, number, kept)

    def bar_sound(self, track_id: str, bar: int) -> tuple[str, np.ndarray]:
        """How a bar of a track sounds: "model" or "draft", and samples (c, n) from its bar line on.

        Those of the model end with the bar; those of the draft ring on.
        """
        with self.lock:
            sheet, number = self.sheet, self._number(track_id)
            check_bar(sheet, bar)
            take_ids = self.chosen_takes(number)
            state = bar_states(sheet, number, self.store, take_ids)[bar]
        if state == BarState.RENDERED:
            played = bars_played(sheet, number)[bar]
            return "model", self.store.read(take_ids, played.start_sample, played.stop_sample)[None]
        return "draft", self.draft.bar(sheet, number, bar)

    # What a page does

    def edit(
        self, name: str, change: Change, merge: str = "", version: int | None = None, recording: str | None = None
    ) -> bool:
        """Change the score as one named step; False when nothing changes. Raises ScoretokError.

        With a `version`, only if the score is still that; with a `recording`, that one then lies under the score.
        """
        with self.lock:
            self._check(version)
            before = self.sheet
            after = change(before)
            sound = self._moved_sound(before, after) | ({"recording": recording} if recording else {})
            changed = self.project.edit(name, lambda _: after, merge, **sound)
            if recording and not changed:  # the same score, of another recording
                changed = self.project.change_sound(name, recording=recording)
            self._after(changed)
            return changed

    def edit_phrases(self, phrases: Sequence[str], version: int | None = None) -> bool:
        """Change the score by edit phrases, applied from left to right as one step, as `edit` does."""
        return self.edit("; ".join(phrases), lambda sheet: apply_phrases(sheet, phrases), version=version)

    def write_text(self, text: str, version: int | None = None) -> bool:
        """Take a text as the score. Raises ScoretokError with line and column; the text is then kept as the draft."""
        with self.lock:
            self._check(version)
            before = self.sheet
            changed = self.project.write(text, lambda after: self._moved_sound(before, after))
            self._after(changed)
            return changed

    def set_level(self, track_id: str, **level: float) -> bool:
        """Set gain, pan or room of a track; like changes in a row are one step."""
        with self.lock:
            self._number(track_id)
            levels = dict(self.project.history.sound.get("levels", {}))
            levels[track_id] = {**levels.get(track_id, {}), **level}
            what = " and ".join(sorted(level)).replace("_db", "")
            changed = self.project.change_sound(f"{what} of {track_id}", f"{what} {track_id}", levels=levels)
            self._after(changed)
            return changed

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps are done. Raises ScoretokError."""
        with self.lock:
            self.project.go_to(position)
            self._after(True)

    def undo(self) -> str:
        """Take the last step back; its name. Raises ScoretokError when there is none."""
        with self.lock:
            name = self.project.undo()
            self._after(True)
            return name

    def redo(self) -> str:
        """Do again what was undone last; its name. Raises ScoretokError when there is nothing."""
        with self.lock:
            name = self.project.redo()
            self._after(True)
            return name

    def keep_take(self, take_id: str | None, track_id: str) -> None:
        """Let a take be heard on its track, with those it was laid over; None: what follows from the score alone."""
        with self.lock:
            layers = () if take_id is None else self.store.get(take_id).layers
            kept = {**self.project.history.sound.get("takes", {}), track_id: list(layers)}
            name = self.store.get(take_id).name if take_id else "as rendered"
            self._after(self.project.change_sound(f"keep {name} of {track_id}", takes=kept))

    def lay_recording(self, name: str, recording_id: str) -> None:
        """Let another recording lie under the score, as one step."""
        with self.lock:
            self._after(self.project.change_sound(name, recording=recording_id))

    def set_renders(self, renders: bool) -> None:
        """Let the model render what changes, or not."""
        self.renders = renders
        self._after(False)
        self.tell({"version": self.project.version})

    # Jobs

    def new_take(self, track_id: str, bars: range, seed: int) -> Job:
        """Let the model play some bars of a track anew; the take is then kept as a step of the history."""
        name, number = f"take {seed}", self._number(track_id)
        if not 0 <= bars.start < bars.stop <= self.sheet.bar_count:
            raise ScoretokError(f"bars {bars.start + 1}-{bars.stop}: the score has the bars 1-{self.sheet.bar_count}")
        if not any(self.sheet.notes_in(number, bar) for bar in bars):
            raise ScoretokError(f"{track_id} has no notes in bars {bars.start + 1}-{bars.stop}")

        def run(report: Report) -> None:
            with self.lock:
                sheet, number = self.sheet, self._number(track_id)
                take_ids = self.chosen_takes(number)
            made = []
            for take in render_take(sheet, number, self.store, take_ids, self.engines, seed, bars, name):
                made.append(take.take_id)
                report(0.5, "rendering")
            if made:
                self.keep_take(made[-1], track_id)

        about = {"track": track_id, "bars": [bars.start, bars.stop]}
        return self.jobs.submit("take", f"{name} of {track_id}, bars {bars.start + 1}-{bars.stop}", run, **about)

    def listen(self) -> "SimpleQueue[dict[str, Any]]":
        """A queue on which every change is told from now on."""
        queue: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self.listeners.append(queue)
        return queue

    def stop_listening(self, queue: "SimpleQueue[dict[str, Any]]") -> None:
        """Tell a queue no more."""
        self.listeners.remove(queue)

    def tell(self, event: dict[str, Any]) -> None:
        """Tell all listeners."""
        for queue in list(self.listeners):
            queue.put(event)

    def close(self) -> None:
        """End all jobs and let go of the project."""
        self.jobs.close()
        self.project.close()

    # Within

    def _number(self, track_id: str) -> int:
        return find_track(self.sheet, track_id)[0]

    def _check(self, version: int | None) -> None:
        if version is not None and version != self.project.version:
            raise OutOfDateError("the score was changed elsewhere meanwhile; look at it again")

    def _after(self, changed: bool) -> None:
        """Tell everybody, and let the model render what changed."""
        if changed:
            self.tell({"version": self.project.version})
        self._queue_renders()

    def _moved_sound(self, before: LeadSheet, after: LeadSheet) -> dict[str, Any]:
        """What of the sound goes along with bars that move."""
        chosen = {name: self.chosen_takes(number) for number, name in enumerate(before.track_ids)}
        moved = move_takes(before, after, self.store, chosen)
        if not moved:
            return {}
        kept = self.project.history.sound.get("takes", {})
        return {"takes": {**kept, **{name: list(layers) for name, layers in moved.items()}}}

    def _cells(self, number: int, take_ids: Sequence[str]) -> list[list[str]]:
        """State of every bar of a track whose takes are laid over one another, and what names its samples."""
        sheet = self.sheet
        states, played = bar_states(sheet, number, self.store, take_ids), bars_played(sheet, number)
        found = []
        for state, one in zip(states, played, strict=True):
            key = one.digest
            if state == BarState.RENDERED:
                key = self.store.key(take_ids, one.start_sample, one.stop_sample)
            found.append([str(state), "" if state == BarState.EMPTY else key])
        return found

    def _takes(self, heard: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        """The takes that somebody asked for, the newest last, and whether they are `heard`."""
        return [
            {
                "id": take.take_id,
                "track": take.track_id,
                "name": take.name,
                "seed": take.seed,
                "bars": sorted(take.plays),
                "heard": take.take_id in heard.get(take.track_id, ()),
            }
            for take in list(self.store.takes.values())  # a render may add one meanwhile
            if take.name
        ]

    def _queue_renders(self) -> None:
        """Queue a render of each track that has something to render and no render waiting."""
        if not self.renders:
            return
        for number, name in enumerate(self.sheet.track_ids):
            waits = self.jobs.pending("render", track=name) or self.sheet.tracks[number].muted
            if not waits and bars_to_render(self.sheet, number, self.store, self.chosen_takes(number)):
                self.jobs.submit("render", f"render {name}", self._renderer(name), track=name)

    def _renderer(self, track_id: str) -> Callable[[Report], None]:
        """A job that renders what is to be rendered of a track when it runs."""

        def run(report: Report) -> None:
            with self.lock:
                if track_id not in self.sheet.track_ids:
                    return
                sheet, number = self.sheet, self._number(track_id)
                take_ids = self.chosen_takes(number)
            for _ in render_changes(sheet, number, self.store, take_ids, self.engines):
                states = bar_states(sheet, number, self.store, self.store.chosen(sheet, number, take_ids))
                report(
                    states.count(BarState.RENDERED) / max(1, len(states) - states.count(BarState.EMPTY)), "rendering"
                )
                self.tell({"version": self.project.version})
                if self.sheet.tracks != sheet.tracks:  # what is left then waits in the queue already
                    break

        return run
