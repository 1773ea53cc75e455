"""Folders of scores made into token shards: read, cleaned, split by song.

A shard holds the exact tokens of its scores one after another (`NAME.npy`, 16 bit, memory-mapped when read) and, in
`NAME.json`, where each begins and what is known of it. Shards that are there are not made again.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from planner.language import MAX_POSITION
from planner.records import genre_of, read_records, sheet_of_record
from planner.song import check_meters
from scoretok.encode import decode, encode
from scoretok.errors import ScoretokError
from scoretok.files import whole_file
from scoretok.formats import MODULES, read
from scoretok.infer import infer_missing
from scoretok.lyrics import with_phonemes
from scoretok.sheet import LeadSheet
from scoretok.splits import SHARE, song_of, split_of

RECORDS = (".jsonl", ".jsonl.gz")
LEAST_BARS, LEAST_NOTES = 8, 32  # of a score to train on; set by hand, no run varied them


@dataclass(frozen=True)
class ShardEntry:
    """One score of a shard: its name, the song that it is a version of, where its tokens lie."""

    name: str
    song: str
    split: str
    genre: str
    licence: str
    start: int
    stop: int


@dataclass(frozen=True)
class ScoreSource:
    """A score to take in, and what is known of it."""

    name: str
    song: str
    genre: str
    licence: str
    load: Callable[[], LeadSheet]


def score_sources(path: Path) -> Iterator[ScoreSource]:
    """The scores of one file or folder."""
    if path.name.endswith(RECORDS):
        for record in read_records(path):
            name = str(record["id"])
            yield ScoreSource(
                name, song_of(name), genre_of(record), str(record.get("licence", "")),
                partial(_pronounced_sheet, record),
            )  # fmt: skip
        return
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.suffix.lower() in MODULES:
            song = song_of(file)
            yield ScoreSource(str(file), song, "other", "", partial(read, file))


def _pronounced_sheet(record: dict[str, Any]) -> LeadSheet:
    """The score of a record, its words with phonemes where they are English."""
    sheet = sheet_of_record(record)
    return with_phonemes(sheet) if str(record.get("language", "")).lower() in ("en", "english") else sheet


def rejection_reason(sheet: LeadSheet) -> str | None:
    """Why a score is of no use for training, None when it is."""
    if sheet.bar_count < LEAST_BARS:
        return f"fewer than {LEAST_BARS} bars"
    if sheet.note_count < LEAST_NOTES:
        return f"fewer than {LEAST_NOTES} notes"
    if max(meter.bar_ticks for meter in sheet.meters) > MAX_POSITION:
        return "a bar longer than two whole notes"
    try:
        check_meters(sheet)
    except ScoretokError:
        return "a meter that the model does not know"
    return None


def fingerprint(sheet: LeadSheet) -> str:
    """What stays of a score in any key: equal for scores that differ by transposition alone."""
    first = next((note.pitch for track in sheet.tracks if not track.is_drums for note in track.notes), 0)
    rows = [
        (track.role, [(n.start_ticks, n.pitch - (0 if track.is_drums else first)) for n in track.notes])
        for track in sheet.tracks
    ]
    return sha256(json.dumps(rows).encode()).hexdigest()


def shard_name(path: Path) -> str:
    """What the shard of a file or folder is called."""
    return next((path.name.removesuffix(ending) for ending in RECORDS if path.name.endswith(ending)), path.name)


def make_score_shard(
    path: Path, out: Path, leave_out: Collection[str] = (), seen: set[str] | None = None
) -> Counter[str]:
    """Make the shard of one file or folder of scores; how many were taken, and left out for which reason.

    `leave_out` are texts that a licence must not hold; `seen` fingerprints of scores that were taken, here or before.
    """
    name = shard_name(path)
    counts: Counter[str] = Counter()
    entries: list[ShardEntry] = []
    tokens: list[np.ndarray] = []
    seen = set() if seen is None else seen
    at = 0
    for source in score_sources(path):
        fault = None
        sheet: LeadSheet | None = None
        if any(text in source.licence for text in leave_out):
            fault = "its licence"
        else:
            try:
                sheet = source.load()
                fault = rejection_reason(sheet)
            except (ScoretokError, KeyError, IndexError, TypeError, ValueError):
                fault = "it cannot be read"
        if fault or sheet is None:
            counts[str(fault)] += 1
            continue
        if not sheet.chords:
            sheet = infer_missing(sheet, key=False, chords=True)
        print_of = fingerprint(sheet)
        if print_of in seen:
            counts["the same notes as another"] += 1
            continue
        seen.add(print_of)
        ids = np.array(encode(sheet), np.uint16)
        entries.append(
            ShardEntry(source.name, source.song, split_of(source.song), source.genre, source.licence, at, at + len(ids))
        )
        tokens.append(ids)
        at += len(ids)
        counts["taken"] += 1
    out.mkdir(parents=True, exist_ok=True)
    with whole_file(out / f"{name}.npy") as temporary, temporary.open("wb") as file:
        np.save(file, np.concatenate([np.zeros(0, np.uint16), *tokens]))
    with whole_file(out / f"{name}.json") as temporary:
        temporary.write_text(json.dumps({"counts": counts, "entries": [asdict(e) for e in entries]}, indent=0))
    return counts


def _read_shard(path: Path) -> tuple[np.ndarray, list[ShardEntry]]:
    """The tokens of a shard and what they are. Raises ScoretokError for a damaged one."""
    try:
        tokens = np.load(path.with_suffix(".npy"), mmap_mode="r")
        return tokens, [ShardEntry(**row) for row in json.loads(path.read_text())["entries"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError, EOFError) as error:
        raise ScoretokError(f"{path} is not a whole shard ({type(error).__name__}: {error}); make it anew") from None


class ScoreShards:
    """The scores of all shards of a folder; one split of them, or all."""

    def __init__(
        self, folder: str | Path, split: str | None = None, weights: Mapping[str, float] | None = None
    ) -> None:
        """Map a folder's shards; `weights` say how often a score of a shard is drawn, 1 where they do not.

        Raises ScoretokError when there are none, none of the split, or none of a name in `weights`.
        """
        weights = dict(weights or {})
        any_shard = False
        shards: set[str] = set()
        self.weights: list[float] = []
        self.entries: list[tuple[np.ndarray, ShardEntry]] = []
        for path in sorted(Path(folder).glob("*.json")):
            any_shard = True
            tokens, entries = _read_shard(path)
            for entry in entries:
                if split in (None, entry.split):
                    self.entries.append((tokens, entry))
                    self.weights.append(weights.get(path.stem, 1.0))
            shards.add(path.stem)
        if any_shard and not self.entries:
            raise ScoretokError(f"{folder} holds no songs of the {split} split, which has one in {SHARE}; add songs")
        if not self.entries:
            raise ScoretokError(f"{folder} holds no shards of scores; make some with: scoretok train scores")

        if unknown := sorted(weights.keys() - shards):
            raise ScoretokError(f"there is no shard {unknown[0]} to weight; there are: {', '.join(sorted(shards))}")
        self._shares = np.cumsum(self.weights)

    def __len__(self) -> int:
        return len(self.entries)

    def draw(self, rng: np.random.Generator) -> int:
        """The number of a score by chance."""
        return int(np.searchsorted(self._shares, rng.random() * self._shares[-1], "right"))

    def sheet(self, number: int) -> LeadSheet:
        """One score."""
        tokens, entry = self.entries[number]
        return decode(tokens[entry.start : entry.stop].tolist())
