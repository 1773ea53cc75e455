"""Round trips of real scores through tokens and every format.

python -m benchmarks.roundtrip --pop909 PATH
"""

import argparse
import tempfile
import warnings
from pathlib import Path

import numpy as np
import symusic

import scoretok
from benchmarks.common import cell, corpus_files, corpus_tunes, pop909_files, save, table
from scoretok.formats import abc, json_form, midi, musicxml
from scoretok.formats.abc_write import abc_text
from scoretok.formats.holds import held
from scoretok.formats.lead import print_lead
from scoretok.formats.lead_parser import parse


def notes_kept(path: Path, sheet: scoretok.LeadSheet) -> tuple[int, int]:
    """Notes of a MIDI file, and how many of them are in the MIDI file written from the sheet.

    A note is kept when the track still has one of its pitch within half a grid step (1/48 quarter).
    """
    before, after = symusic.Score(path), midi.score_from_sheet(sheet)
    total = kept = 0
    parts = [track for track in before.tracks if len(track.notes)]
    for old, new in zip(parts, after.tracks, strict=True):
        onsets: dict[int, list[float]] = {}
        for note in new.notes:
            onsets.setdefault(note.pitch, []).append(note.time / after.ticks_per_quarter)
        for note in old.notes:
            near = np.array(onsets.get(note.pitch, [np.inf]))
            total += 1
            kept += bool(np.abs(near - note.time / before.ticks_per_quarter).min() <= 1 / 48 + 1e-9)
    return total, kept


def pop909(files: list[Path], xml_count: int) -> list[list[object]]:
    counts = dict.fromkeys(("tokens", ".lead", "JSON", "MIDI", "ABC", "MusicXML"), 0)
    total = kept = 0
    chosen = set(files[:: max(len(files) // max(xml_count, 1), 1)][:xml_count])
    with tempfile.TemporaryDirectory() as folder:
        for path in files:
            sheet = scoretok.read(path)
            found = notes_kept(path, sheet)
            total, kept = total + found[0], kept + found[1]
            counts["tokens"] += scoretok.detokenize(scoretok.tokenize(sheet)) == sheet
            counts[".lead"] += parse(print_lead(sheet)) == sheet
            counts["JSON"] += json_form.sheet_from_dict(json_form.sheet_to_dict(sheet)) == sheet
            target = Path(folder) / "x.mid"
            scoretok.write(sheet, target)
            counts["MIDI"] += scoretok.read(target) == held(sheet, ".mid")
            counts["ABC"] += abc.parse(abc_text(sheet)) == held(sheet, ".abc")
            if path in chosen:
                target = Path(folder) / "x.musicxml"
                musicxml.write(sheet, target)
                counts["MusicXML"] += musicxml.read(target) == held(sheet, ".musicxml")
    rows: list[list[object]] = [
        [f"POP909 sheets through {name}", cell("{} of {}", count, len(chosen if name == "MusicXML" else files))]
        for name, count in counts.items()
    ]
    share = cell("{} of {} ({:.3f} %)", kept, total, 100 * kept / total)
    return [["POP909 notes kept, MIDI to sheet to MIDI", share], *rows]


def corpus(files: list[Path]) -> list[list[object]]:
    exact = tunes = tunes_exact = refused = 0
    for path in files:
        sheet = scoretok.read(path)
        exact += scoretok.detokenize(scoretok.tokenize(sheet)) == sheet
    for _, text in corpus_tunes():
        try:
            sheet = abc.parse(text)
        except scoretok.ScoretokError:
            refused += 1
            continue
        tunes += 1
        tunes_exact += scoretok.detokenize(scoretok.tokenize(sheet)) == sheet
    return [
        ["music21 corpus, MusicXML files through tokens", cell("{} of {}", exact, len(files))],
        [
            "music21 corpus, ABC tunes through tokens",
            cell("{} of {} ({} refused)", tunes_exact, tunes, refused),
        ],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pop909", help="folder or zip file of the POP909 MIDI files")
    parser.add_argument("--musicxml", type=int, default=40, help="how many POP909 files go through MusicXML")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    files = pop909_files(arguments.pop909)
    rows = pop909(files, arguments.musicxml) if files else [["POP909", "not measured: no --pop909"]]
    rows += corpus(corpus_files())
    save("roundtrip", [table(["round trip", "exact"], rows)], songs={"pop909": len(files)})


if __name__ == "__main__":
    main()
