"""What prompts call instruments: words to roles and General MIDI programs (counted from 0)."""

# Words that stand for whatever has their role: they add no track where another of it is named.
GENERIC = frozenset({"melody", "lead", "guitar", "guitars", "bass", "strings", "piano", "vocals", "vocal", "voice",
                     "drums", "beat", "beats", "percussion"})  # fmt: skip

_PIANOS = {
    "piano": 0, "grand piano": 0, "upright piano": 1, "keys": 0, "keyboard": 0, "keyboards": 0, "bright piano": 1,
    "electric grand": 2, "honky-tonk piano": 3, "honky tonk piano": 3, "electric piano": 4, "rhodes": 4,
    "fender rhodes": 4, "wurlitzer": 4, "fm piano": 5, "dx7": 5, "harpsichord": 6, "clavinet": 7, "clavi": 7,
    "celesta": 8, "celeste": 8, "glockenspiel": 9, "music box": 10, "vibraphone": 11, "vibes": 11, "marimba": 12,
    "xylophone": 13, "tubular bells": 14, "chimes": 14, "church bells": 14, "dulcimer": 15, "santur": 15,
    "organ": 16, "hammond": 16, "hammond organ": 16, "drawbar organ": 16, "jazz organ": 17, "rock organ": 18,
    "church organ": 19, "pipe organ": 19, "reed organ": 20, "harmonium": 20, "accordion": 21, "bandoneon": 23,
    "tango accordion": 23, "concertina": 23, "kalimba": 108, "thumb piano": 108, "mbira": 108, "steel drums": 114,
    "steel pan": 114, "steelpan": 114, "tinkle bell": 112, "bells": 14,
}  # fmt: skip
_GUITARS = {
    "guitar": 25, "guitars": 25, "acoustic guitar": 25, "nylon guitar": 24, "classical guitar": 24,
    "spanish guitar": 24, "flamenco guitar": 24, "ukulele": 24, "steel guitar": 25, "steel string guitar": 25,
    "western guitar": 25, "twelve-string guitar": 25, "12-string guitar": 25, "mandolin": 25, "lute": 24,
    "jazz guitar": 26, "electric guitar": 27, "clean guitar": 27, "muted guitar": 28, "palm-muted guitar": 28,
    "overdriven guitar": 29, "overdrive guitar": 29, "crunch guitar": 29, "distorted guitar": 30,
    "distortion guitar": 30, "heavy guitar": 30, "guitar harmonics": 31, "harp": 46, "sitar": 104, "banjo": 105,
    "shamisen": 106, "koto": 107, "guzheng": 107,
}  # fmt: skip
_BASSES = {
    "bass": 33, "acoustic bass": 32, "upright bass": 32, "double bass": 32, "contrabass": 32, "string bass": 32,
    "stand-up bass": 32, "electric bass": 33, "bass guitar": 33, "finger bass": 33, "fingered bass": 33,
    "picked bass": 34, "pick bass": 34, "fretless bass": 35, "slap bass": 36, "synth bass": 38, "synthesizer bass": 38,
    "sub bass": 38, "808 bass": 38, "acid bass": 38,
}  # fmt: skip
_STRINGS = {
    "violin": 40, "violins": 40, "viola": 41, "violas": 41, "cello": 42, "cellos": 42, "violoncello": 42,
    "tremolo strings": 44, "pizzicato strings": 45, "pizzicato": 45, "timpani": 47, "kettle drums": 47,
    "strings": 48, "string section": 48, "string ensemble": 48, "string orchestra": 48, "orchestra": 48,
    "slow strings": 49, "synth strings": 50, "pad": 89, "pads": 89, "warm pad": 89, "synth pad": 89,
    "new age pad": 88, "polysynth": 90, "choir pad": 91, "bowed pad": 92, "metallic pad": 93, "halo pad": 94,
    "sweep pad": 95,
}  # fmt: skip
_LEADS = {
    "melody": 73, "lead": 80, "trumpet": 56, "trumpets": 56, "cornet": 56, "flugelhorn": 56, "trombone": 57,
    "trombones": 57, "tuba": 58, "euphonium": 58, "muted trumpet": 59, "french horn": 60, "horn": 60, "horns": 61,
    "horn section": 61, "brass": 61, "brass section": 61, "brass band": 61, "synth brass": 62, "soprano sax": 64,
    "soprano saxophone": 64, "alto sax": 65, "alto saxophone": 65, "sax": 65, "saxophone": 65, "saxophones": 65,
    "tenor sax": 66, "tenor saxophone": 66, "baritone sax": 67, "baritone saxophone": 67, "bari sax": 67, "oboe": 68,
    "english horn": 69, "cor anglais": 69, "bassoon": 70, "clarinet": 71, "clarinets": 71, "piccolo": 72, "flute": 73,
    "flutes": 73, "recorder": 74, "pan flute": 75, "panpipes": 75, "pan pipes": 75, "blown bottle": 76,
    "shakuhachi": 77, "bamboo flute": 77, "whistle": 78, "tin whistle": 78, "penny whistle": 78, "ocarina": 79,
    "harmonica": 22, "blues harp": 22, "square lead": 80, "square wave": 80, "saw lead": 81, "sawtooth lead": 81,
    "synth lead": 81, "synth": 81, "synthesizer": 81, "synthesiser": 81, "calliope": 82, "chiff lead": 83,
    "charang": 84, "voice lead": 85, "bagpipe": 109, "bagpipes": 109, "fiddle": 110, "shanai": 111, "shehnai": 111,
}  # fmt: skip
_VOICES = {
    "singer": 53, "vocals": 53, "vocal": 53, "voice": 53, "voices": 53, "singing": 53, "sung": 53, "soprano": 53,
    "lead vocals": 53, "lead vocal": 53, "lead singer": 53, "choir": 52,
}  # fmt: skip
_DRUMS = {
    "drums": 0, "drum kit": 0, "drumkit": 0, "drum set": 0, "drummer": 0, "percussion": 0, "beat": 0, "beats": 0,
    "brushes": 40, "brushed drums": 40, "jazz drums": 32, "electronic drums": 24, "drum machine": 25, "808": 25,
    "808 drums": 25, "rock drums": 16,
}  # fmt: skip
INSTRUMENTS = {
    word: (role, program)
    for role, words in (
        ("vocal", _VOICES), ("lead", _LEADS), ("guitar", _GUITARS), ("piano", _PIANOS), ("strings", _STRINGS),
        ("bass", _BASSES), ("drums", _DRUMS),
    )
    for word, program in words.items()
}  # fmt: skip
GROUPS = {
    "full band": ("vocal", "lead", "piano", "guitar", "strings", "bass", "drums"),
    "rhythm section": ("piano", "bass", "drums"), "band": ("vocal", "guitar", "piano", "bass", "drums"),
    "piano trio": ("piano", "bass", "drums"), "trio": ("piano", "bass", "drums"),
}  # fmt: skip
ENSEMBLES = {  # groups of which each member is one instrument
    "string quartet": (("strings", 40), ("strings", 40), ("strings", 41), ("strings", 42)),
    "string trio": (("strings", 40), ("strings", 41), ("strings", 42)),
    "wind quintet": (("lead", 73), ("lead", 68), ("lead", 71), ("lead", 60), ("bass", 70)),
    "woodwind quintet": (("lead", 73), ("lead", 68), ("lead", 71), ("lead", 60), ("bass", 70)),
    "brass quintet": (("lead", 56), ("lead", 56), ("lead", 60), ("lead", 57), ("bass", 58)),
    "saxophone quartet": (("lead", 64), ("lead", 65), ("lead", 66), ("bass", 67)),
}  # fmt: skip
