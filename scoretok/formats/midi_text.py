"""The words in a MIDI file: markers, track names, lyric and karaoke events."""

import re
from bisect import bisect_left
from dataclasses import dataclass, field

from symusic.core import TrackTick

from scoretok.errors import quoted, warn
from scoretok.formats.midi_events import LYRIC, MARKER, META, TEXT, TRACK_NAME, MidiEvent
from scoretok.instruments import is_vocal_name
from scoretok.parts import Note, Syllable
from scoretok.texts import clean_text

NEAR_TICKS = 3  # set by hand; no benchmark varies it
LOOSE_TICKS = 12  # a word that has no note so near goes to the nearest free one within an eighth
KARAOKE_TAG = re.compile(r"@[KLTVWI]")
RP26_TAG = re.compile(r"\{[@#][^}]*\}")  # RP-026, "SMF Language and Display Extensions" (1999)
LONGEST_SYLLABLE = 24  # characters; longer texts are remarks

Lyrics = list[tuple[int, str]]  # tick and text


@dataclass
class Texts:
    """Markers and lyrics of a file in our ticks, and track names, decoded as well as they can be."""

    markers: Lyrics = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # names as symusic gives them, and as they are meant
    lyric_tracks: list[tuple[str, Lyrics]] = field(default_factory=list)

    def name_of(self, track: TrackTick) -> str:
        """The name of a track as it is meant."""
        return self.names.get(track.name, track.name)

    def lyrics_of(self, tracks: list[TrackTick], notes: list[list[Note]]) -> list[Lyrics]:
        """For each track with notes, the lyric events that belong to it.

        Words belong to the track of the same name when their onsets agree, else to the track whose
        onsets agree best, when at least half of the words have a note; never to drums, and the same words to one
        track alone.
        """
        result: list[Lyrics] = [[] for _ in tracks]
        names = [self.name_of(track) for track in tracks]
        onsets = [sorted({note.start_ticks for note in part}) for part in notes]
        placed: list[Lyrics] = []
        for name, lyrics in sorted(self.lyric_tracks, key=lambda entry: entry[0] not in names):
            if any(_same_words(lyrics, other) for other in placed):
                continue
            shares = [_share_on_notes(lyrics, part) for part in onsets]
            if max(shares, default=0) < 0.5:  # all words may be a little early or late
                shares = [_share_on_notes(lyrics, part, LOOSE_TICKS) for part in onsets]
            free = [i for i, track in enumerate(tracks) if not (track.is_drum or result[i]) and shares[i] >= 0.5]
            best = max(
                [i for i in free if names[i] == name] or free,
                key=lambda i: (round(shares[i], 1), is_vocal_name(names[i]), shares[i], -len(onsets[i])),
                default=None,
            )
            if best is not None:
                result[best] = lyrics
                if name != names[best]:
                    warn(f"the words were laid on the track {quoted(clean_text(names[best]), 24)}", "guessed")
                placed.append(lyrics)
            elif lyrics:
                warn(f"{len(lyrics)} lyric events fit the notes of no track and were dropped", "dropped")
        return result


def _same_words(lyrics: Lyrics, others: Lyrics) -> bool:
    """Whether most of the words of one stand in the other, at the same time."""
    mine, theirs = ({(tick, re.sub(r"\W", "", text).lower()) for tick, text in both} for both in (lyrics, others))
    return 2 * len(mine & theirs) > min(len(mine), len(theirs))


def read_texts(tracks: list[list[MidiEvent]], scale: float) -> Texts:
    """The texts of a file; its ticks times `scale` are ours.

    Words are lyric events, or, where a track has none, text events in the style of karaoke files.
    """
    texts = Texts()
    metas = [[event for event in track if event.status == META] for track in tracks]
    language = next((c for t in metas for e in t if e.kind in (LYRIC, TEXT) and (c := _language(e.data))), "")
    tagged = any(KARAOKE_TAG.match(e.data.decode("latin1")) for t in metas for e in t if e.kind == TEXT)
    for track in metas:
        events = [(round(e.tick * scale), e.kind, decoded(e.data, language)) for e in track]
        texts.markers += [(tick, text) for tick, kind, text in events if kind == MARKER]
        raw_name = next((event.data for event in track if event.kind == TRACK_NAME), b"")
        texts.names[raw_name.decode(errors="replace")] = name = decoded(raw_name)
        lyrics = [(tick, RP26_TAG.sub("", text)) for tick, kind, text in events if kind == LYRIC]
        lyrics = [(tick, text) for tick, text in lyrics if text]
        karaoke = [(tick, text) for tick, kind, text in events if kind == TEXT and text[:1] != "@"]
        marked = next((i for i, (_, text) in enumerate(karaoke) if text[:1] in "\\/"), None)
        karaoke = karaoke[marked:]  # what stands before the first line mark is a remark
        if lyrics or (len(karaoke) > 4 and (tagged or _like_syllables(karaoke))):
            texts.lyric_tracks.append((name, lyrics or karaoke))
    return texts


def _like_syllables(texts: Lyrics) -> bool:
    """Whether text events without any karaoke tag are words to sing: short, and at many times."""
    short = sum(len(text) <= LONGEST_SYLLABLE for _, text in texts)
    return short >= 0.9 * len(texts) and len({tick for tick, _ in texts}) >= 0.7 * len(texts)


def _language(data: bytes) -> str:
    """The encoding that a lyric event of RP-026, or the language tag of a karaoke file, declares, if it does."""
    tags = {b"{@LATIN}": "latin1", b"{@JP}": "shift_jis", b"{@UTF-8}": "utf-8", b"@LJAP": "shift_jis",
            b"@LRUS": "cp1251", b"@LPOL": "cp1250", b"@LCZE": "cp1250", b"@LGRE": "cp1253", b"@LTUR": "cp1254",
            b"@LCHI": "gbk", b"@LKOR": "cp949"}  # fmt: skip
    return next((encoding for tag, encoding in tags.items() if tag in data), "")


def decoded(raw: bytes, encoding: str = "") -> str:
    """Text as UTF-8 if it is, else in the encoding that the file declares, else as Windows-1252."""
    for one in filter(None, ("utf-8", encoding)):
        try:
            return raw.decode(one)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp1252", errors="replace")


def _share_on_notes(lyrics: Lyrics, onsets: list[int], most_ticks: int = NEAR_TICKS) -> float:
    if not lyrics or not onsets:
        return 0.0
    return sum(_near(tick, onsets, most_ticks) is not None for tick, _ in lyrics) / len(lyrics)


def _near(tick: int, onsets: list[int], most_ticks: int = NEAR_TICKS) -> int | None:
    """The onset nearest to a tick, when it is at most so many ticks away."""
    at = bisect_left(onsets, tick)
    candidates = [onset for onset in onsets[max(at - 1, 0) : at + 1] if abs(onset - tick) <= most_ticks]
    return min(candidates, key=lambda onset: abs(onset - tick), default=None)


def lay_lyrics(notes: list[Note], lyrics: list[tuple[int, str]], where: str, signed: bool) -> list[Note]:
    """Put lyric events on the notes they start with; warns of words that have no note.

    `signed` says that we wrote them: then a hyphen at the end is all that needs reading.
    """
    texts = [text for _, text in lyrics]
    if signed:
        parsed: list[Syllable | None] = [Syllable(t.removesuffix("-"), (), not t.endswith("-")) for t in texts]
    else:
        parsed = parse_syllables(texts)
    onsets = sorted({note.start_ticks for note in notes})
    syllables, dropped = _place([(tick, one) for (tick, _), one in zip(lyrics, parsed, strict=True) if one], onsets)
    if dropped:
        warn(f"track {where}: {dropped} of {len(lyrics)} syllables start with no note and were dropped", "dropped")
    laid = []
    for note in notes:
        found = syllables.pop(note.start_ticks, None)
        laid.append(note._replace(syllable=found) if found else note)
    return laid


def _place(words: list[tuple[int, Syllable]], onsets: list[int]) -> tuple[dict[int, Syllable], int]:
    """Syllables by onset, and how many found none: near ones first, then the others between their neighbours."""
    syllables: dict[int, Syllable] = {}
    late: list[tuple[int, Syllable]] = []
    for tick, syllable in words:
        onset = _near(tick, onsets)
        if onset is None or onset in syllables:
            late.append((tick, syllable))
        else:
            syllables[onset] = syllable
    free = [onset for onset in onsets if onset not in syllables]
    dropped = 0
    for tick, syllable in late:
        onset = _near(tick, free, LOOSE_TICKS)
        between = [one for one in syllables if onset is not None and min(tick, onset) < one < max(tick, onset)]
        if onset is None or between:
            dropped += 1
        else:
            syllables[onset] = syllable
            free.remove(onset)
    return syllables, dropped


def parse_syllables(texts: list[str]) -> list[Syllable | None]:
    """Syllables from lyric events: words end without a hyphen, or, in karaoke files, with a space.

    Karaoke is recognised by spaces or line marks ('/', '\\', line ends) in a fifth of the events or more.
    """
    spaced = [bool(re.search(r"^[ /\\\r\n]|[ \r\n]$", text)) for text in texts]
    karaoke = sum(spaced) >= 0.2 * len(texts)
    cleaned = [re.sub(r"[ \r\n\t]+", " ", text.lstrip("/\\").strip(" \r\n\t")) for text in texts]
    result: list[Syllable | None] = []
    for i, text in enumerate(cleaned):
        bare = clean_text(text).rstrip("- ").lstrip("- ")
        if not bare or bare in {"+", "_"}:
            result.append(None)
            continue
        if karaoke:
            following = texts[i + 1] if i + 1 < len(texts) else " "
            ends = texts[i][-1:].isspace() or following[:1] in " /\\\r\n" or text.endswith(" -")
        else:
            following = cleaned[i + 1] if i + 1 < len(cleaned) else ""
            ends = not (text.endswith("-") or following.startswith("-")) or text.endswith(" -")
        result.append(Syllable(bare, (), ends))
    return result
