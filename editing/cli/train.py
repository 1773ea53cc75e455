"""scoretok train: what each network learns from, and its training."""

from copy import copy

import click

from editing.cli.train_planner import planner, scores
from editing.cli.train_renderer import bundle, codec, pairs, renderer
from editing.cli.train_singer import singer
from editing.cli.train_transcriber import beats, mixes, transcriber
from editing.cli.train_voice import singing, voice

EPILOG = """\b
Examples:
  scoretok train pairs --soundfont FluidR3_GM.sf2 --scores midi/ --out pairs/ --clips 3000
  scoretok train renderer --data pairs/ --out run/                    goes on from the weights that ship
  scoretok train renderer --data my_stems/ --out run/ --steps 2000    stems beside their MIDI files
  scoretok train codec --data pairs/ --out codec/ --from-scratch
  scoretok train bundle --renderer run/ --out model/                  then: scoretok render --model model/
  scoretok train scores --data songs/ --data more.jsonl.gz --out shards/
  scoretok train planner --data shards/ --out run/ --steps 5000       the language model, in run/model
  scoretok train planner --data shards/ --out run/ --recipe recipe.toml    the stages of a recipe again
  scoretok train mixes --scores midi/ --soundfont FluidR3_GM.sf2 --out mixes/
  scoretok train transcriber --data mixes/ --test held_out/ --out run/    transcription, in run/model
  scoretok train beats --scores songs/ --out run/        beats of performances, in run/model
  scoretok train voice --data voices/ --out run/                      voice conversion, in run/model
  scoretok train singer --data clips/ --out run/                      the singer, in run/model
"""


@click.group(epilog=EPILOG)
def train() -> None:
    """Train the models on your own data."""


for command in (pairs, codec, renderer, bundle, scores, planner, mixes, transcriber, beats, singing, voice, singer):
    train.add_command(command)
ears = copy(transcriber)  # its name of before
ears.hidden = True
train.add_command(ears, "ears")
