"""Recordings: read whole, in spans or in blocks, resampled, written whole or not at all. No torch."""

from scoretok.audio.changes import check_output_of, write_changed
from scoretok.audio.file import SUFFIXES, AudioFile, open_audio
from scoretok.audio.memory import check_memory
from scoretok.audio.recording import SAMPLE_RATE, Recording, read_mono, read_recording
from scoretok.audio.resampling import common_period, resample
from scoretok.audio.writer import AudioWriter, audio_writer, check_audio_path, write_audio

__all__ = [
    "SAMPLE_RATE",
    "SUFFIXES",
    "AudioFile",
    "AudioWriter",
    "Recording",
    "audio_writer",
    "check_audio_path",
    "check_memory",
    "check_output_of",
    "common_period",
    "open_audio",
    "read_mono",
    "read_recording",
    "resample",
    "write_audio",
    "write_changed",
]
