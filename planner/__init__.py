"""The language model: plans, composes and infills scores."""

from typing import TYPE_CHECKING

import lazy_loader

from scoretok.threads import wait_passively

wait_passively()  # before torch is loaded

if TYPE_CHECKING:
    from planner.checkpoint import load_model as load_model
    from planner.checkpoint import save_model as save_model
    from planner.composition import GeneratedScore as GeneratedScore
    from planner.composition import compose as compose
    from planner.composition import compose_bars as compose_bars
    from planner.composition import plan as plan
    from planner.note_writer import WrittenBar as WrittenBar
    from planner.plan_text import parse_plan as parse_plan
    from planner.plan_text import print_plan as print_plan
    from planner.prompt_request import PromptOptions as PromptOptions
    from planner.prompt_request import PromptRequest as PromptRequest
    from planner.prompt_request import choose_header as choose_header
    from planner.prompt_request import request_from as request_from
    from planner.request import BarRequest as BarRequest
    from planner.request import Controls as Controls
    from planner.song_to_sheet import sheet_of_song as sheet_of_song
    from planner.tasks import accompany as accompany
    from planner.tasks import extend as extend
    from planner.tasks import harmonise as harmonise
    from planner.tasks import infill as infill
    from planner.tasks import score as score
    from planner.tasks import vary as vary
    from planner.token_sampling import TokenSampling as TokenSampling
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "checkpoint": ["load_model", "save_model"],
            "note_writer": ["WrittenBar"],
            "song_to_sheet": ["sheet_of_song"],
            "plan_text": ["parse_plan", "print_plan"],
            "prompt_request": ["PromptOptions", "PromptRequest", "choose_header", "request_from"],
            "request": ["BarRequest", "Controls"],
            "composition": ["GeneratedScore", "compose", "compose_bars", "plan"],
            "tasks": ["accompany", "extend", "harmonise", "infill", "score", "vary"],
            "token_sampling": ["TokenSampling"],
        },
    )
