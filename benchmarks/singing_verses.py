"""Verses that no recogniser knows by heart: words written for this benchmark, on melodies made by rule."""

import numpy as np

from scoretok.lyrics import syllabify, with_phonemes
from scoretok.parts import TICKS_PER_QUARTER, Key, Meter, Note, Tempo, Track
from scoretok.sheet import LeadSheet

VERSES = (
    (
        "The kettle hums a quiet tune", "beside the window of my room",
        "a yellow bird looks down at me", "and hides behind the apple tree",
    ),
    (
        "My father built a wooden boat", "to see if it would ever float",
        "we rowed it out across the bay", "and lost an oar along the way",
    ),
    (
        "The paper lanterns on the hill", "are burning low and standing still",
        "the baker walks the dog at five", "and everybody looks alive",
    ),
    (
        "I keep a button in a jar", "that travelled with me very far",
        "it came from someone's winter coat", "and now it holds a paper note",
    ),
    (
        "The train is late, the clock is wrong", "a stranger hums a summer song",
        "my suitcase has a broken wheel", "and nothing here is made of steel",
    ),
    (
        "She paints the garden in the rain", "and counts the pebbles once again",
        "a silver spoon, a cup of tea", "a postcard coming from the sea",
    ),
    (
        "The mountain road was full of sheep", "the driver almost fell asleep",
        "we gave the farmer bread and cheese", "and slept that night among the bees",
    ),
    (
        "Give back the book you took from me", "I left a feather on page three",
        "the story ends without a king", "but all the frogs begin to sing",
    ),
    (
        "Old Martha kept a purple hat", "for every time she fed the cat",
        "the neighbours thought that it was strange", "but Martha never liked to change",
    ),
    (
        "We danced in kitchens after dark", "and skated round the frozen park",
        "your gloves were green, your scarf was red", "remember all the things you said",
    ),
    (
        "A carpenter with careful hands", "is making chairs for wedding bands",
        "he sands the wood and sweeps the floor", "and hangs a bell above the door",
    ),
    (
        "The desert keeps its secrets cold", "in bottles made of dusty gold",
        "a lizard sleeps beneath the stone", "and dreams of having phones at home",
    ),
    (
        "Tomorrow I will mend the fence", "it fell apart, it makes no sense",
        "the horses wander down the lane", "and come back soaking from the rain",
    ),
    (
        "The teacher wrote a single word", "about a very clever bird",
        "it learned to open every gate", "and always came to school too late",
    ),
    (
        "Between the pages of the year", "the quiet voices disappear",
        "a river bends, a branch will break", "and snow is falling on the lake",
    ),
    (
        "Hold on to what the sailors told", "the deepest water is the cold",
        "they tie their boots with yellow twine", "and whistle when the weather's fine",
    ),
    (
        "My sister has a small guitar", "she plays it underneath the car",
        "the engine knocks, the neighbours shout", "but still the melody comes out",
    ),
    (
        "The market opens up at nine", "with plums and peppers, bread and wine",
        "a juggler drops a china plate", "and hurries through the garden gate",
    ),
    (
        "I planted beans along the wall", "and watched them climbing very tall",
        "by August they had reached the moon", "or so I told you in the afternoon",
    ),
    (
        "The lighthouse keeper's only son", "has counted ships since he was one",
        "he knows their colours, knows their names", "and writes them down for fun and games",
    ),
    (
        "Under the bridge a saxophone", "is playing slowly all alone",
        "the buses pass, the pigeons stare", "and music fills the evening air",
    ),
    (
        "You never asked me where I went", "the money that I had was spent",
        "I bought a bicycle for two", "and rode it all the way to you",
    ),
    (
        "The paper moon has lost its string", "it doesn't matter much to spring",
        "the puddles on the avenue", "are holding little bits of blue",
    ),
    (
        "A fever takes the afternoon", "I drink my medicine from a spoon",
        "the ceiling turns, the curtains glow", "and somebody plays the radio",
    ),
)  # fmt: skip
# Tonics in MIDI numbers around which melodies lie, for low and high keys of a low, a middle and a high voice.
TONICS = {"low": (45, 50), "middle": (52, 57), "high": (57, 62)}
SCALE = (-5, -3, -1, 0, 2, 4, 5, 7, 9, 11, 12)


def verse(number: int, tonic: int) -> LeadSheet:
    """A verse as a score with phonemes: four lines in 4/4, their last syllables long, a rest after each."""
    rng = np.random.default_rng(number)
    notes: list[Note] = []
    tick, step = 0, 3
    for line in VERSES[number]:
        syllables = syllabify(line)
        for place, syllable in enumerate(syllables):
            last = place + 1 == len(syllables)
            quarters = 2.0 if last else float(rng.choice([0.5, 1.0, 1.0, 1.0, 1.5]))
            step = int(np.clip(step + rng.choice([-2, -1, -1, 0, 1, 1, 2]), 0, len(SCALE) - 1))
            pitch = tonic + (SCALE[step] if not last else rng.choice([0, 4, 7]))
            length = round(quarters * TICKS_PER_QUARTER)
            notes.append(Note(tick + TICKS_PER_QUARTER, int(pitch), length, 84, syllable))
            tick += length
        tick += TICKS_PER_QUARTER - tick % TICKS_PER_QUARTER
    bars = (tick + 2 * TICKS_PER_QUARTER) // 96 + 1
    bpm = float(rng.integers(76, 112))
    sheet = LeadSheet(
        int(bars), (Track("vocal", tuple(notes), 52),), meters=(Meter(0, 4, 4),), tempos=(Tempo(0, bpm),),
        keys=(Key(0, 0),), title=f"Verse {number + 1}",
    )  # fmt: skip
    return with_phonemes(sheet)


def words_of(sheet: LeadSheet) -> str:
    """The words of a score."""
    sung = [note.syllable for track in sheet.tracks for note in track.notes if note.syllable]
    return "".join(syllable.text + " " * syllable.word_end for syllable in sung).strip()
