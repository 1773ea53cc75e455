"""What a person does: edits by phrase, inpainting, voice conversion, and the scoretok command."""

from typing import TYPE_CHECKING

import lazy_loader

from scoretok.threads import wait_passively

wait_passively()  # before torch is loaded

if TYPE_CHECKING:
    from editing.inpainting.inpaint_file import inpaint as inpaint
    from editing.phrases import edit as edit
    from editing.phrases import parse_phrase as parse_phrase
    from editing.phrases import read_script as read_script
    from editing.voice.conversion import ConversionRequest as ConversionRequest
    from editing.voice.convert_files import Conversion as Conversion
    from editing.voice.convert_files import convert_voice as convert_voice
else:
    __getattr__, __dir__, __all__ = lazy_loader.attach(
        __name__,
        submod_attrs={
            "inpainting.inpaint_file": ["inpaint"],
            "phrases": ["edit", "parse_phrase", "read_script"],
            "voice.conversion": ["ConversionRequest"],
            "voice.convert_files": ["Conversion", "convert_voice"],
        },
    )
