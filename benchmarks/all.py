"""Runs every benchmark whose data are given and writes docs/benchmarks.md; benchmarks/README.md says what each needs.

python -m benchmarks.all --pop909 PATH
python -m benchmarks.all --only-report
"""

import argparse
import json
import subprocess
import sys

from benchmarks.common import REPORT, RESULTS, render

SECTIONS = {
    "roundtrip": "Round trips",
    "abc_readers": "ABC: our reader beside abc2midi",
    "readers": "MIDI and MusicXML: our readers beside others",
    "fuzz": "Damaged inputs",
    "grammar": "The grammar",
    "speed": "Speed and size",
    "inference": "Chords and keys inferred from MIDI",
    "performance": "Performances: from MIDI to MIDI",
    "performance_sound": "Performances: pedals, bends and loudness beside FluidSynth",
    "find_beats": "Performances: beats from notes alone",
    "renderer": "The renderer: how it plays",
    "renderer_speed": "The renderer: speed and memory",
    "renderer_training": "The renderer: what training bought",
    "inpaint": "Inpainting: what stays, what changes",
    "inpaint_starts": "Inpainting: what the flow starts from, and plain splices",
    "inpaint_speed": "Inpainting: speed",
    "planner_language": "The planner: length of its language",
    "planner_requests": "The planner: random requests",
    "planner_loss": "The planner: held-out loss",
    "planner_training": "The planner: what data and size buy",
    "planner_music": "The planner: musical statistics, real beside generated",
    "planner_prompts": "The planner: playable, harmony, groove",
    "planner_stages": "The planner: before and after its last stage",
    "planner_words": "The planner: words beside real songs",
    "planner_melodies": "The planner: melodies beside real ones",
    "planner_copying": "The planner: does it copy?",
    "planner_speed": "The planner: speed and memory",
    "studio": "The studio: the page, edits and their sound",
    "transcription": "Transcription: bands that nobody trained on",
    "tempo_octave": "Transcription: the octave of the tempo",
    "bar_phase": "Transcription: which beat begins the bars",
    "transcription_keys": "Transcription: keys, if chords and notes are known",
    "transcription_roundtrip": "Transcription: from score to sound to score",
    "transcription_feel": "Transcription: swing and a human hand",
    "transcription_singing": "Transcription: a singer whose pitch, notes and words are known",
    "transcription_voice": "Transcription: speech amid a band",
    "transcription_piano": "Transcription: a piano alone",
    "transcription_sections": "Transcription: sections",
    "section_model": "Transcription: sections, by what scores say",
    "stems": "Stems of recordings by their score",
    "transcription_speed": "Transcription: speed and memory",
    "transcription_training": "Transcription: what training bought",
    "voice": "Voice conversion: voices that nobody trained on",
    "voice_content": "Voice conversion: speaker identity in the content features",
    "voice_adapt": "Voice conversion: a minute of a speaker learned",
    "voice_speed": "Voice conversion: speed and memory",
    "voice_training": "Voice conversion: what training bought",
    "singing_words": "Singing: fresh verses, beside other ways to sing",
    "singing_edits": "Singing: what an edit changes",
    "singing_speed": "Singing: speed and memory",
    "voice_words": "Voice conversion: words that are known",
    "busy": "Speed beside busy processes",
}
ARGUMENTS = {
    "roundtrip": "--pop909 PATH",
    "abc_readers": "--abc2midi PROGRAM",
    "readers": "--midi MIDI --musicxml MUSICXML",
    "speed": "--pop909 PATH",
    "inference": "--pop909 PATH",
    "performance": "--piano ASAP --drums GROOVE --bands FREEDOOM --arranged POP909",
    "performance_sound": "--piano ASAP",
    "find_beats": "--piano ASAP --drums GROOVE --arranged POP909",
    "renderer": "--soundfont FONT --scores SCORES",
    "renderer_training": "--runs RUNS",
    "inpaint": "--soundfont FONT --scores BANDS",
    "inpaint_starts": "--soundfont FONT --scores BANDS",
    "planner_language": "--scores BANDS",
    "planner_loss": "--data SHARDS",
    "planner_training": "--data SHARDS --runs RUNS",
    "planner_music": "--data SHARDS",
    "planner_prompts": "--data SHARDS",
    "planner_stages": "--data SHARDS --before OLD",
    "planner_words": "--data WRITTEN",
    "planner_melodies": "--data SHARDS",
    "planner_copying": "--data SHARDS",
    "transcription": "--songs SONGS",
    "tempo_octave": "--tuning TUNING --songs SONGS",
    "bar_phase": "--tuning TUNING --songs SONGS",
    "transcription_keys": "--data WRITTEN/billboard.jsonl.gz --data WRITTEN/openewld.jsonl.gz"
    " --data WRITTEN/pop909.jsonl.gz --songs SONGS",
    "transcription_roundtrip": "--songs SONGS",
    "transcription_singing": "--data RECORDS/openewld_mma.jsonl.gz --soundfont FONT",
    "transcription_voice": "--voices VOICES/real_train.tar --manifest VOICES/real_manifest.jsonl --songs SONGS",
    "transcription_piano": "--songs SONGS --soundfont FONT",
    "transcription_sections": "--data RECORDS/pop909_mma.jsonl.gz --data RECORDS/billboard_mma.jsonl.gz"
    " --soundfont FONT",
    "section_model": "--data RECORDS/pop909_mma.jsonl.gz --data RECORDS/billboard_mma.jsonl.gz",
    "stems": "--data RECORDS/billboard_mma.jsonl.gz --data RECORDS/openewld_mma.jsonl.gz"
    " --data RECORDS/pop909_mma.jsonl.gz --soundfont FONT",
    "transcription_speed": "--data RECORDS/openewld_mma.jsonl.gz --soundfont FONT",
    "transcription_training": "--runs RUNS --test MIXES",
    "voice": "--voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl",
    "voice_content": "--voices VOICES/real_train.tar --manifest VOICES/real_manifest.jsonl",
    "voice_adapt": "--voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl",
    "voice_training": "--runs RUNS/voice",
    "singing_words": "--voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl",
    "voice_words": "--voices VOICES/real_heldout.tar --manifest VOICES/real_manifest.jsonl",
}
# What stands for a path in these arguments -> the option that gives it, and what it is.
PLACES = {
    "PATH": ("pop909", "folder or zip file of POP909"),
    "FONT": ("soundfont", "a soundfont that was not trained on"),
    "SCORES": ("scores", "the folder of scores behind the training pairs"),
    "BANDS": ("bands", "a folder of scores with several tracks, to inpaint"),
    "RUNS": ("runs", "the folder of the training runs"),
    "SHARDS": ("data", "the shards that the planner was trained with"),
    "SONGS": ("songs", "what benchmarks.transcription_songs made"),
    "TUNING": ("tuning", "what benchmarks.transcription_songs made to tune on"),
    "RECORDS": ("records", "the folder of arranged songs as JSON lines"),
    "WRITTEN": ("written", "the folder of songs with keys and chords that people wrote, as JSON lines"),
    "VOICES": ("voices", "the folder of recorded voices"),
    "PROGRAM": ("abc2midi", "the program abc2midi (Debian package abcmidi)"),
    "MIXES": ("mixes", "what 'scoretok train mixes --held-out' made"),
}
WITHOUT = ("roundtrip", "speed", "inference")  # these run with fewer songs where POP909 is not at hand

INTRODUCTION = """Written by `python -m benchmarks.all` from `benchmarks/results`, where the figures are kept as raw
numbers with the commit, the versions of packages, digests of the data and the hardware. What each script needs and how
to get that is in [benchmarks/README.md](../benchmarks/README.md), which also says what the words in capitals stand for.
A digest is SHA-256 of a file, or of the names, sizes and contents of a folder's files; of more than 16 MB, of names and
sizes only. Times are of a noisy machine; ratios, measured side by side in one run, hold better."""


def command_of(name: str, values: dict[str, str | None]) -> list[str] | None:
    """The arguments of a benchmark, None when one that it needs is not given."""
    arguments: list[str] = []
    words = ARGUMENTS.get(name, "").split()
    for option, text in zip(words[::2], words[1::2], strict=True):
        place, slash, rest = text.partition("/")
        value = values[PLACES[place][0]]
        if value is None and name not in WITHOUT:
            return None
        arguments += [option, value + slash + rest] if value else []
    return arguments


def report() -> str:
    """docs/benchmarks.md, of the results that there are."""
    lines = ["# Benchmarks", "", INTRODUCTION, ""]
    for name, title in SECTIONS.items():
        path = RESULTS / f"{name}.json"
        if path.is_file():
            lines += [f"## {title}", "", *render(json.loads(path.read_text())), ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, help_text in PLACES.values():
        parser.add_argument(f"--{option}", help=help_text)
    parser.add_argument("--only-report", action="store_true", help="write the report from the last results")
    arguments = parser.parse_args()
    for name in [] if arguments.only_report else SECTIONS:
        given = command_of(name, vars(arguments))
        if given is not None:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *given], check=True)
    REPORT.write_text(report())


if __name__ == "__main__":
    main()
