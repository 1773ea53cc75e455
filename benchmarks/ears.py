"""What the ears hear in songs that nobody trained on, played by soundfonts that nobody trained on, by mir_eval.

python -m benchmarks.ears --songs SONGS [--cache DIR]     SONGS as benchmarks.ears_songs makes them
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.common import save
from mir.compare import compare, notes_s
from mir.transcribe import Options, listen
from scoretok import LeadSheet, ScoretokError, read

GOALS = {
    "beats": 0.97, "downbeats": 0.93, "majmin": 0.90, "bass": 0.90, "kick": 0.90, "snare": 0.90, "hat": 0.90,
    "pitched": 0.75,
}  # fmt: skip
NAMES = {
    "beats": "beats F", "amlt": "beats AMLt", "downbeats": "downbeats F", "key": "key, weighted", "root": "chord roots",
    "majmin": "chords, major and minor", "sevenths": "chords with sevenths", "segmentation": "chord segmentation",
    "pitched": "all pitched notes F", "openhat": "open hat",
}  # fmt: skip
ROLES = ("vocal", "lead", "bass", "piano", "guitar", "strings")


def songs(folder: Path) -> list[tuple[Path, LeadSheet]]:
    """Recordings and what is played in them."""
    return [(path, read(path.with_suffix(".lead"))) for path in sorted(folder.glob("*.flac"))]


def heard(path: Path, options: Options) -> LeadSheet | None:
    try:
        return listen(path, options).sheet
    except ScoretokError as error:
        print(path.name, error)
        return None


def means(pairs: list[tuple[LeadSheet, LeadSheet | None]]) -> dict[str, tuple[float, int]]:
    """Every measure's mean over the songs that have it, and how many those are; 0 where nothing was found."""
    values: dict[str, list[float]] = {}
    for truth, found in pairs:
        measures = compare(truth, found) if found else dict.fromkeys(compare(truth, truth), 0.0)
        for name, value in measures.items():
            values.setdefault(name, []).append(value)
    return {name: (float(np.mean(row)), len(row)) for name, row in values.items()}


def basic_pitch(path: Path, truth: LeadSheet) -> float:
    """The F measure of the notes that basic-pitch hears (Bittner et al., 2022), of all roles together."""
    import basic_pitch
    from basic_pitch.inference import Model, predict
    from mir_eval.transcription import precision_recall_f1_overlap

    model = Model(Path(basic_pitch.__file__).parent / "saved_models" / "icassp_2022" / "nmp.onnx")
    _, _, events = predict(str(path), model)
    spans = np.array([(start, max(end, start + 0.01)) for start, end, *_ in events]).reshape(-1, 2)
    pitches = 440 * 2 ** ((np.array([event[2] for event in events], float) - 69) / 12)
    return precision_recall_f1_overlap(*notes_s(truth, ROLES), spans, pitches, offset_ratio=None)[2]


def report(folder: Path, cache: str | None) -> list[str]:
    """The table."""
    material = songs(folder)
    variants: dict[str, Callable[[Path], Options]] = {
        "default": lambda _: Options(cache=cache, words="off"),
        "permissive": lambda _: Options(cache=cache, words="off", permissive=True),
        "fast": lambda _: Options(cache=cache, words="off", fast=True),
        "librosa beats": lambda _: Options(cache=cache, words="off", beats="librosa"),
    }
    results = {
        name: means([(truth, heard(path, options(path))) for path, truth in material])
        for name, options in variants.items()
    }
    plain = [basic_pitch(path, truth) for path, truth in material]
    minutes = sum(truth.duration_s for _, truth in material) / 60
    lines = [
        f"{len(material)} songs, {minutes:.0f} minutes, of bands with drums and a lead in place of a voice; means over"
        " the songs that have a part. `--words off`.",
        "",
        "| | songs | goal | default | `--permissive` | `--fast` | `--beats librosa` |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, (_, count) in results["default"].items():
        row = [f"{results[variant][name][0]:.3f}" for variant in variants]
        goal = f"{GOALS[name]:.2f}" if name in GOALS else ""
        lines.append(f"| {NAMES.get(name, name.replace('_', ' '))} | {count} | {goal} | {' | '.join(row)} |")
    lines += ["", f"basic-pitch, all pitched notes of all roles together: F {np.mean(plain):.3f}."]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=Path, required=True)
    parser.add_argument("--cache")
    given = parser.parse_args()
    save("ears", report(given.songs, given.cache))


if __name__ == "__main__":
    main()
