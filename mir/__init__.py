"""Music information retrieval: transcribes a recording into a lead sheet, and finds beats in a performance."""

from typing import TYPE_CHECKING

import lazy_loader

from scoretok.threads import wait_passively

wait_passively()  # before torch is loaded

if TYPE_CHECKING:
    from mir.hum import transcribe_hum as transcribe_hum
    from mir.performance_beats import find_beats as find_beats
    from mir.transcription import Transcription as Transcription
    from mir.transcription import TranscriptionOptions as TranscriptionOptions
    from mir.transcription import analyse_recording as analyse_recording
    from mir.transcription import transcribe as transcribe
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "hum": ["transcribe_hum"],
            "performance_beats": ["find_beats"],
            "transcription": ["Transcription", "TranscriptionOptions", "analyse_recording", "transcribe"],
        },
    )
