"""What writes scores for the studio: the language model, and the transcriber.

The server calls nothing else of the models' rooms to write scores, so that a stand-in with these methods is enough to
test it without weights. `advance` is called as work goes on, with the share that is done and what it is at.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mir
import planner
from planner.plan_text import parse_plan
from planner.request import given_plan
from scoretok.errors import ScoretokError
from scoretok.sheet import LeadSheet

if TYPE_CHECKING:
    from planner.llama import PlannerModel
    from planner.prompt_request import PromptRequest

Advance = Callable[[float, str], None]


@dataclass(frozen=True)
class Transcribed:
    """The score of a recording, and how sure it is, 0 to 1: "beats", "keys" (a bar each), "chords" (by start_ticks)."""

    sheet: LeadSheet
    sure: Mapping[str, Any]


class Writers:
    """The models that ship, loaded when they are first asked for."""

    def infill(self, sheet: LeadSheet, cells: Collection[tuple[str, int]], seed: int, advance: Advance) -> LeadSheet:
        """A score with some cells written anew."""
        step = _steps(len({bar for _, bar in cells}), advance)
        return planner.infill(self._model, sheet, cells, sampling=planner.TokenSampling(seed=seed), advance=step).sheet

    def vary(
        self, sheet: LeadSheet, cells: Collection[tuple[str, int]], keep: str, seed: int, advance: Advance
    ) -> LeadSheet:
        """A score with variations of some cells, which keep their "rhythm" or their "contour"."""
        step, sampling = _steps(len({bar for _, bar in cells}), advance), planner.TokenSampling(seed=seed)
        return planner.vary(self._model, sheet, cells, keep, sampling=sampling, advance=step).sheet

    def extend(self, sheet: LeadSheet, bars: int, seed: int, advance: Advance) -> LeadSheet:
        """A score that goes on for some bars."""
        sampling = planner.TokenSampling(seed=seed)
        return planner.extend(self._model, sheet, bars, sampling=sampling, advance=_steps(bars, advance)).sheet

    def accompany(self, sheet: LeadSheet, tracks: str, seed: int, advance: Advance) -> LeadSheet:
        """A score with more tracks: "piano bass:33 drums"."""
        parts, sampling = parse_plan(f"tracks {tracks}\nfree 1", "tracks")[0].parts, planner.TokenSampling(seed=seed)
        step = _steps(sheet.bar_count, advance)
        return planner.accompany(self._model, sheet, parts, sampling=sampling, advance=step).sheet

    def harmonise(self, sheet: LeadSheet, seed: int, advance: Advance) -> LeadSheet:
        """A score with chords for its notes."""
        sampling = planner.TokenSampling(seed=seed)
        return planner.harmonise(self._model, sheet, sampling=sampling, advance=_steps(sheet.bar_count, advance)).sheet

    def compose(self, prompt: str, plan: str, seed: int) -> Iterator[LeadSheet]:
        """A new score, again and again with one bar more; of a prompt, or of a plan as `plan` prints it."""
        sampling = planner.TokenSampling(seed=seed)
        request = self._request(prompt, plan, sampling)
        for written in planner.compose_bars(self._model, request.song, request.bars, sampling=sampling):
            yield planner.sheet_of_song(written.song)

    def plan(self, prompt: str, seed: int) -> str:
        """The plan of a new score, to be read and changed."""
        sampling = planner.TokenSampling(seed=seed)
        request = self._request(prompt, "", sampling)
        made = planner.plan(self._model, request.song, request.bars, sampling=sampling)
        return planner.print_plan(made, given_plan(made))

    def transcribe(self, path: Path, given: Mapping[str, Any], cache: str, advance: Advance) -> Transcribed:
        """The score of a recording; `given` are options of `mir.TranscriptionOptions`, `cache` a folder."""
        options = mir.TranscriptionOptions(cache=cache, **given)
        found = mir.analyse_recording(path, options, lambda stage, share: advance(share, stage))
        sheet = found.sheet
        chords = {}
        for chord in sheet.chords:
            start_s = sheet.seconds_at(chord.start_ticks)
            nearest = min(found.chords, key=lambda one: abs(one.start_s - start_s))
            chords[str(chord.start_ticks)] = round(nearest.confidence, 3)
        keys = [round(sure, 3) for key in found.keys for sure in key.confidences]
        return Transcribed(sheet, {"beats": round(found.grid.confidence, 3), "keys": keys, "chords": chords})

    def _request(self, prompt: str, plan: str, sampling: "planner.TokenSampling") -> "PromptRequest":
        check_asked(prompt, plan)
        options = planner.PromptOptions(prompt=prompt, plan=plan or None)
        return planner.choose_header(self._model, planner.request_from(options), sampling)

    @cached_property
    def _model(self) -> "PlannerModel":
        return planner.load_model()


def check_asked(prompt: str, plan: str) -> None:
    """Raise ScoretokError where nothing is asked for."""
    if not prompt.strip() and not plan.strip():
        raise ScoretokError("say what is to be composed, in words or as a plan")


def _steps(steps: int, advance: Advance) -> Callable[..., None]:
    """What is called after each of some steps."""
    done = 0

    def step(*_: object) -> None:
        nonlocal done
        done += 1
        advance(min(1.0, done / max(1, steps)), "writing")

    return step
