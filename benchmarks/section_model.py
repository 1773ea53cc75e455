"""The model of sections: fits it on scores whose sections people marked, and measures it on others.

python -m benchmarks.section_model --data POP909_MMA.jsonl.gz --data BILLBOARD_MMA.jsonl.gz [--out MODEL.json]
  writes what stands in mir/section_model.json, fitted on songs that training of the transcription read; measures it in
  five-fold cross-validation on these, and the shipped model on songs that it left out

What is heard of a score here is what it says: no sound. benchmarks.transcription_sections measures by ear.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from benchmarks.common import cell, save, table
from benchmarks.transcription_sections import annotated_songs, evenly, scores, spans
from mir.bar_features import BarFeatures
from mir.section_boundaries import LONGEST_BARS, BoundaryModel, boundaries, boundary_features
from mir.section_labels import LabelModel, label_features, section_letters
from mir.sections import SectionModel, find_sections
from scoretok import LeadSheet
from scoretok.parts import SECTION_LABELS

FOLDS = 5
PENALTY = 3.0
LONGEST_NOTE_BARS = 8
DRUM_KEYS = ((35, 36), (38, 40), (42, 44), (46,), (49, 57), (51, 59), (41, 43, 45, 47, 48, 50))


def features_of(sheet: LeadSheet) -> BarFeatures:
    """The features that bars of a score have by what it says."""
    bars = np.array(sheet.bar_starts)
    pitches, melody, texture = np.zeros((sheet.bar_count, 12)), np.zeros((sheet.bar_count, 12)), []
    for track in sheet.tracks:
        for note in () if track.role == "drums" else track.notes:
            stop = min(note.end_ticks, bars[-1])
            first = sheet.bar_at(note.start_ticks)
            for bar in range(first, min(first + LONGEST_NOTE_BARS, sheet.bar_count)):
                length = min(stop, bars[bar + 1]) - max(note.start_ticks, bars[bar])
                if length <= 0:
                    break
                pitches[bar, note.pitch % 12] += length
                melody[bar, note.pitch % 12] += length * (track.role in ("vocal", "lead"))
        sounds = DRUM_KEYS if track.role == "drums" else (range(128),)
        for keys in sounds:
            starts = [note.start_ticks for note in track.notes if note.pitch in keys]
            texture.append(np.sqrt(np.histogram(starts, bars)[0]))
    return BarFeatures(pitches, melody, np.stack(texture, 1))


def fitted_regression(rows: np.ndarray, classes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (d, k) and biases (k,) of a multinomial logistic regression, by likelihood less the weights' squares.

    Weights are penalised as those of standardised features.
    """
    centre, spread = rows.mean(0), rows.std(0) + 1e-6
    scaled = np.c_[(rows - centre) / spread, np.ones(len(rows))]
    known = np.eye(count)[classes]

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(-1, count)
        held = weights * (np.arange(len(weights)) < len(weights) - 1)[:, None]  # the bias is free
        logits = scaled @ weights
        value = -float((known * log_softmax(logits, 1)).sum()) + PENALTY * float((held**2).sum())
        return value, (scaled.T @ (softmax(logits, 1) - known) + 2 * PENALTY * held).ravel()

    best = minimize(loss, np.zeros(scaled.shape[1] * count), jac=True, method="L-BFGS-B").x.reshape(-1, count)
    weights = best[:-1] / spread[:, None]
    return weights, best[-1] - centre @ weights


def fitted_boundaries(songs: list[LeadSheet], features: list[BarFeatures]) -> BoundaryModel:
    """What tells where sections begin in annotated songs."""
    rows = [boundary_features(some)[1:] for some in features]
    begins = [np.isin(np.arange(1, song.bar_count), [s.bar for s in song.sections]).astype(int) for song in songs]
    weights, bias = fitted_regression(np.concatenate(rows), np.concatenate(begins), 2)
    lengths = np.concatenate([np.diff([*(s.bar for s in song.sections), song.bar_count]) for song in songs])
    counted = np.bincount(np.minimum(lengths, LONGEST_BARS + 1), minlength=LONGEST_BARS + 2)[: LONGEST_BARS + 1]
    log_lengths = np.log((counted + 0.5) / len(lengths))
    return BoundaryModel(weights[:, 1] - weights[:, 0], float(bias[1] - bias[0]), log_lengths)


def marked_labels(song: LeadSheet, starts: list[int]) -> np.ndarray:
    """The label (s,) that most bars of every section have that begins at bars `starts`; -1 for none."""
    marks = [section.bar for section in song.sections]
    labels = np.array([-1, *(SECTION_LABELS.index(section.label) for section in song.sections)])
    of_bar = labels[np.searchsorted(marks, np.arange(song.bar_count), "right")]
    return np.array([np.bincount(part + 1).argmax() - 1 for part in np.split(of_bar, starts[1:])])


def fitted_labels(songs: list[LeadSheet], features: list[BarFeatures], where: BoundaryModel) -> LabelModel:
    """What tells what sections are, of those that `where` finds in annotated songs."""
    kinds = len(SECTION_LABELS)
    rows, labels, pairs = [], [], np.full((kinds + 1, kinds + 1), 0.5)
    for song, some in zip(songs, features, strict=True):
        starts = boundaries(where, some, where.logits(some))
        rows.append(label_features(some, starts, section_letters(some, starts)))
        labels.append(marked_labels(song, starts))
        known = [kinds, *(label for label in labels[-1].tolist() if label >= 0), kinds]
        np.add.at(pairs, (known[:-1], known[1:]), 1)
    classes = np.concatenate(labels)
    weights, bias = fitted_regression(np.concatenate(rows)[classes >= 0], classes[classes >= 0], kinds)
    transitions = np.log(pairs / pairs.sum(1, keepdims=True))
    usual = np.bincount(classes[classes >= 0], minlength=kinds) / np.sum(classes >= 0)
    transitions[:, :kinds] -= np.log(np.maximum(usual, 1 / len(classes)))
    return LabelModel(weights, bias, transitions)


def fitted_model(songs: list[LeadSheet], features: list[BarFeatures]) -> SectionModel:
    """Both parts of the model."""
    where = fitted_boundaries(songs, features)
    return SectionModel(where, fitted_labels(songs, features, where))


def measured(song: LeadSheet, features: BarFeatures, model: SectionModel) -> list[float]:
    """The scores of the sections that a model finds in a song."""
    found = tuple(estimate.section for estimate in find_sections(features, model))
    return scores(*(spans(sheet, song.duration_s) for sheet in (song, replace(song, sections=found))))


def rounded(model: SectionModel) -> dict[str, dict[str, object]]:
    """A model as JSON."""
    return {
        part: {name: np.round(value, 4).tolist() for name, value in vars(some).items()}
        for part, some in (("boundaries", model.boundaries), ("labels", model.labels))
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--count", type=int, default=150, help="songs of every file to fit on")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows: list[list[object]] = []
    songs = annotated_songs(given.data, given.count, unread=False)
    features = [features_of(song) for song in songs]
    if given.out:
        given.out.write_text(json.dumps(rounded(fitted_model(songs, features))) + "\n", "utf-8")
    marks: list[list[float]] = []
    for fold in range(FOLDS):
        rest = [at for at in range(len(songs)) if at % FOLDS != fold]
        model = fitted_model([songs[at] for at in rest], [features[at] for at in rest])
        marks += [measured(songs[at], features[at], model) for at in range(fold, len(songs), FOLDS)]
    rows.append(["to fit on, by songs of other folds", len(songs), *np.mean(marks, 0)])
    for path in given.data:
        others = annotated_songs([path], given.count, unread=True)
        found = [measured(song, features_of(song), SectionModel.shipped()) for song in others]
        rows.append([f"not fitted on, {path.name.partition('.')[0]}", len(others), *np.mean(found, 0)])
        even = [scores(spans(song, song.duration_s), evenly(song, song.duration_s)) for song in others]
        rows.append(["the same, a section every eight bars", len(others), *np.mean(even, 0)])
    heads = ["songs", "how many", "boundaries, 0.5 s", "boundaries, 3 s", "pairs", "names"]
    note = cell("By what scores say, without sound. The penalty of the weights is {}.", PENALTY)
    save("section_model", [table(heads, rows, ["", "", *["{:.3f}"] * 4])], [note])


if __name__ == "__main__":
    main()
