"""A training in stages, as `recipe.toml` describes it: runs that start from or go on with earlier ones, and averages.

A recipe file has `model`, the name of the training, and a list of `[[stages]]`. A stage has a `name`, fields of
`Recipe`, settings of the model, and one of: `start`, an earlier stage whose weights it starts from (or a folder);
`resume`, an earlier stage that it goes on with, optimizers included; `average`, earlier stages whose weights it
averages. Tables that describe data and figures are for readers.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scoretok.errors import ScoretokError
from scoretok.files import folder_digest
from scoretok.nn.recipe import RECIPE_FIELDS, Recipe, read_toml, write_toml
from scoretok.nn.state import STATE
from scoretok.nn.weights import average_weights

FILE = "recipe.toml"
NOTES = frozenset({"note", "hardware", "duration_s"})  # of a stage, for readers


@dataclass(frozen=True)
class Stage:
    """One run of a training; without a name it is the only one."""

    recipe: Recipe
    name: str = ""
    start: str = ""
    resume: str = ""
    average: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The stage as a recipe file holds it."""
        said = {"name": self.name, "start": self.start, "resume": self.resume, "average": list(self.average)}
        fields = (
            {} if self.average else self.recipe.to_dict() | {k: v for k, v in self.settings.items() if v is not None}
        )
        return {key: value for key, value in said.items() if value} | fields


def read_stages(path: str | Path, model: str, defaults: Recipe, settings: Mapping[str, Any]) -> list[Stage]:
    """The stages of a recipe file, over defaults. Raises ScoretokError for what is not known or not in order."""
    tables = read_toml(path)
    if tables.get("model") != model:
        raise ScoretokError(f"{path} is a recipe of {tables.get('model')!r}; this trains {model!r}")
    stages: list[Stage] = []
    for number, row in enumerate(tables.get("stages", []), 1):
        table = dict(row)
        name = str(table.pop("name", f"stage-{number}"))
        start, resume = str(table.pop("start", "")), str(table.pop("resume", ""))
        average = tuple(table.pop("average", ()))
        given = {key: table.pop(key) for key in RECIPE_FIELDS & table.keys()}
        known = {key: table.pop(key) for key in settings.keys() & table.keys()}
        for other in table.keys() - NOTES:
            raise ScoretokError(f"{path}, stage {name}: {other!r} is not known")
        earlier = {stage.name for stage in stages}
        for other in (*average, *([resume] if resume else [])):
            if other not in earlier:
                raise ScoretokError(f"{path}, stage {name}: there is no earlier stage {other!r}")
        try:
            recipe = replace(defaults, **given)
        except TypeError as error:
            raise ScoretokError(f"{path}, stage {name}: {error}") from None
        stages.append(Stage(recipe, name, start, resume, average, {**settings, **known}))
    if not stages:
        raise ScoretokError(f"{path} has no [[stages]]")
    return stages


def run_stages(
    stages: list[Stage],
    out: str | Path,
    train: Callable[[Stage, Path, Path | None], dict[str, float]],
    model: str,
    data: list[str | Path],
    weights: str = "model",
) -> dict[str, float]:
    """Train stage by stage below `out`; what is done is not done again. Returns the last figures. Raises ScoretokError.

    `train(stage, folder, start)` leaves its weights in `folder / weights`. The weights of the last stage stand in
    `out / weights` in the end, beside `recipe.toml` with a digest of the data and the figures.
    """
    out = Path(out)
    figures: dict[str, float] = {}
    names = {stage.name for stage in stages}
    for stage in stages:
        folder = out / stage.name
        folder.mkdir(parents=True, exist_ok=True)
        if stage.average:
            average_weights([out / name / weights for name in stage.average], folder / weights)
            continue
        if stage.resume and not (folder / STATE).is_file():
            shutil.copyfile(out / stage.resume / STATE, folder / STATE)
        start = out / stage.start / weights if stage.start and stage.start in names else stage.start
        figures = train(stage, folder, Path(start) if start else None) or figures
    if stages[-1].name:
        shutil.copytree(out / stages[-1].name / weights, out / weights, dirs_exist_ok=True)
    read = [{"name": Path(path).name, "digest": folder_digest(path)} for path in data]
    kept = {"model": model, "data": read, "stages": [stage.to_dict() for stage in stages]}
    write_toml(kept | ({"figures": figures} if figures else {}), out / FILE)
    return figures
