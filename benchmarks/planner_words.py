"""Words that the planner sets to melodies, beside real songs: form, stress on the beat, ends of lines.

python -m benchmarks.planner_words --data RECORDS [--model DIR] [--count 200]

Each text is made of English verses that the planner has not read: two of them under [verse], and the first lines of a
third twice under [chorus], by the line ends that punctuation and capitals tell. Real figures are of the songs of the
same collections that the planner has not read, as they were printed.

Stress: of neighbouring syllables of one line of which one is stressed, how often it has the stronger beat (ties count
half). Line ends: how often the last syllable of a line has a quarter note or more to the next one.
"""

import argparse
import gzip
import json
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from benchmarks.common import cell, save, table
from benchmarks.planner_songs import in_two_processes
from benchmarks.unread import planner_left_out
from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.language import CellNote, SyllableKind
from planner.lyric_layout import form_of_lyrics, with_words
from planner.lyric_text import read_lyrics
from planner.melody_score import stress_share
from planner.prompt_request import PromptOptions, choose_header, request_from
from planner.prosody import syllable_kinds
from planner.records import read_records, sheet_of_record
from planner.request import Controls
from planner.token_sampling import TokenSampling
from scoretok.lyrics import pronounced, with_phonemes
from scoretok.parts import Syllable
from scoretok.sheet import LeadSheet

SOURCES = ("hymns", "openewld", "lieder")
LINES = 4  # of a verse, at most
LONG_TICKS = 24
PROMPTS = ("pop ballad", "folk song", "country", "rock", "hymn", "soul", "waltz", "showtune")
Sung = list[tuple[int, int, SyllableKind]]  # onset in ticks of the song, ticks after the bar line, syllable


def verses(path: str) -> list[dict]:
    """English verses of songs that the planner has not read, with syllables enough."""
    with gzip.open(path, "rt") as file:
        records = [json.loads(line) for line in file]
    return [one for one in records if planner_left_out(one["id"]) and len(one["syllables"]) >= 24]


def real_sheets(folder: Path) -> list[LeadSheet]:
    """English songs that the planner has not read, pronounced."""
    found = []
    for name in SOURCES:
        for record in read_records(folder / f"{name}.jsonl.gz"):
            is_english = str(record.get("language", "")).lower() in ("en", "english")
            if is_english and record.get("lyrics") and planner_left_out(str(record["id"])):
                sheet = with_phonemes(sheet_of_record(record))
                if "vocal.1" in sheet.track_ids and len(sheet.meters) == 1:
                    found.append(sheet)
    return found


def syllables_of(verse: dict) -> list[Syllable]:
    """The syllables of a verse with their phonemes."""
    return pronounced([Syllable(text.strip(" -"), (), flag in (0, 3)) for text, flag, *_ in verse["syllables"]])


def lines_of(verse: dict) -> list[str]:
    """The lines of a verse, by its punctuation and capitals."""
    lines, line = [], ""
    syllables = syllables_of(verse)
    for syllable, kind in zip(syllables, syllable_kinds(syllables), strict=True):
        line += syllable.text + " " * syllable.word_end
        if kind.ends_line:
            lines.append(line.strip())
            line = ""
    return [one for one in lines if 2 <= len(one.split()) <= 12]


def text_of(number: int, found: list[dict]) -> str:
    """Lyrics with tags."""
    one, other, chorus = (lines_of(found[(number + step) % len(found)])[:LINES] for step in (0, 1, 2))
    hook = "\n".join(chorus[:2])
    return f"[Verse 1]\n{chr(10).join(one)}\n[Chorus]\n{hook}\n[Verse 2]\n{chr(10).join(other)}\n[Chorus]\n{hook}\n"


def figures(sung: Sung, bar_ticks: int, beat_ticks: int) -> tuple[list[float], list[bool]]:
    """Stress shares of pairs of neighbours in a line, and whether line ends are held or followed by a rest."""
    pairs, ends = [], []
    for (start, at, kind), (following, later, after) in pairwise(sung):
        if kind.ends_line:
            ends.append(following - start >= LONG_TICKS)
        elif {kind.stress, after.stress} == {1, 2}:
            cells = tuple(CellNote(position, 60, 1, 96, 2) for position in (at, later))
            pairs.append(stress_share(cells, (kind, after), bar_ticks, beat_ticks))
    return pairs, ends


def figures_of(sheet: LeadSheet) -> tuple[list[float], list[bool]]:
    """Those of a score."""
    notes = [note for note in sheet.tracks_by_id["vocal.1"].notes if note.syllable]
    kinds = syllable_kinds([note.syllable for note in notes if note.syllable])
    sung = []
    for note, kind in zip(notes, kinds, strict=True):
        sung.append((note.start_ticks, note.start_ticks - sheet.bar_starts[sheet.bar_at(note.start_ticks)], kind))
    meter = sheet.meters[0]
    return figures(sung, meter.bar_ticks, 96 // meter.denominator)


def set_words(numbers: list[int], found: list[dict], folder: str) -> list[tuple[bool, list[float], list[bool]]]:
    """For every text: is its form as written and every word sung; stress; line ends."""
    torch.set_num_threads(1)
    model = load_model(folder)
    rows = []
    for number in numbers:
        sections = read_lyrics(text_of(number, found))
        form = form_of_lyrics(sections)
        options = PromptOptions(f"{PROMPTS[number % len(PROMPTS)]} for vocals and piano", form_of_words=form)
        asked = choose_header(model, request_from(options), TokenSampling(seed=number))
        bars, controls, words = with_words(asked.song, asked.bars, Controls(), sections)
        sheet = compose(model, asked.song, bars, controls, TokenSampling(seed=number), words=words).sheet
        sung = [note.syllable.text for note in sheet.tracks_by_id["vocal.1"].notes if note.syllable]
        wanted = [syllable.text for section in sections for line in section.lines for syllable in line.syllables]
        labels = [(section.label, section.bar) for section in sheet.sections]
        starts = np.cumsum([0, *(length for _, length in form)])[:-1].tolist()
        is_as_written = sung == wanted and labels == [(label, at) for (label, _), at in zip(form, starts, strict=True)]
        rows.append((is_as_written, *figures_of(sheet)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=str(PLANNER_WEIGHTS))
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    folder = Path(arguments.data)
    found = [one for one in verses(str(folder / "lyrics_en.jsonl.gz")) if len(lines_of(one)) >= LINES]
    rows = in_two_processes(partial(set_words, found=found, folder=arguments.model), arguments.count)
    real = [figures_of(sheet) for sheet in real_sheets(folder)]
    groups = (real, [row[1:] for row in rows])
    stress, ends = ([np.mean([x for one in group for x in one[n]]) for group in groups] for n in (0, 1))
    form = np.mean([row[0] for row in rows])
    lines: list[list[object]] = [
        ["form and words as written", None, cell("{:.1%}", form), "100 %"],
        ["stressed syllables on the stronger beat", *(cell("{:.3f}", one) for one in stress), "as in real songs"],
        ["line ends with a quarter or more to what follows", *(cell("{:.3f}", one) for one in ends), "0.900"],
    ]
    note = cell("{} texts, of {} verses of songs that the planner has not read.", arguments.count, len(found))
    save("planner_words", [table(["", "real", "made", "goal"], lines)], [note])


if __name__ == "__main__":
    main()
