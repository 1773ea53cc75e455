"""The words in a MIDI file: markers, track names, lyric and karaoke events."""

import io
import re
import warnings
from bisect import bisect_left

from symusic.core import ScoreTick, TrackTick

from scoretok.errors import ScoretokWarning
from scoretok.parts import TICKS_PER_QUARTER, Note, Syllable, clean_text

NEAR_TICKS = 3  # set by hand; no benchmark varies it
KARAOKE = re.compile(rb"@[KLTVWI]")


class Texts:
    """Markers and lyrics of a file in our ticks, and track names, decoded as well as they can be."""

    def __init__(self, score: ScoreTick, scale: float) -> None:
        self.markers = [(round(marker.time * scale), marker.text) for marker in score.markers]
        self.names: dict[str, str] = {}  # names as symusic gives them, and as they are meant
        self.lyric_tracks = [
            (track.name, [(round(t.time * scale), t.text) for t in track.lyrics])
            for track in score.tracks
            if len(track.lyrics)
        ]

    def name_of(self, track: TrackTick) -> str:
        return self.names.get(track.name, track.name)

    def lyrics_of(self, tracks: list[TrackTick], notes: list[list[Note]]) -> list[list[tuple[int, str]]]:
        """For each track with notes, the lyric events that belong to it.

        Words belong to the track of the same name when their onsets agree, else to the track whose
        onsets agree best, when at least half of the words have a note.
        """
        result: list[list[tuple[int, str]]] = [[] for _ in tracks]
        onsets = [sorted({note.start_ticks for note in part}) for part in notes]
        for name, lyrics in self.lyric_tracks:
            shares = [_share_on_notes(lyrics, part) for part in onsets]
            named = [
                i
                for i, track in enumerate(tracks)
                if self.name_of(track) == name and not result[i] and shares[i] >= 0.5
            ]
            free = [i for i in range(len(tracks)) if not result[i] and not tracks[i].is_drum]
            best = max(named or free, key=lambda i: (shares[i], -len(onsets[i])), default=None)
            if best is not None and shares[best] >= 0.5:
                result[best] = lyrics
            elif lyrics:
                warnings.warn(f"{len(lyrics)} lyric events fit the notes of no track and were dropped",
                              ScoretokWarning, stacklevel=2)  # fmt: skip
        return result


def read_texts(score: ScoreTick, data: bytes) -> Texts:
    """The texts of a score; `data` is the file, read again where symusic could not give them.

    symusic gives lyric events in UTF-8 only and no karaoke text events, so those go through mido.
    """
    texts = Texts(score, TICKS_PER_QUARTER / score.ticks_per_quarter)
    garbled = any("�" in text for _, lyrics in texts.lyric_tracks for _, text in lyrics)
    garbled = garbled or any("�" in text for _, text in texts.markers)
    garbled = garbled or any("�" in track.name for track in score.tracks)
    karaoke = not texts.lyric_tracks and len(KARAOKE.findall(data)) >= 2
    if data and (garbled or karaoke):
        _reread(texts, data, TICKS_PER_QUARTER / score.ticks_per_quarter)
    return texts


def _reread(texts: Texts, data: bytes, scale: float) -> None:
    import mido

    try:
        file = mido.MidiFile(file=io.BytesIO(data), charset="latin1", clip=True)
    except (OSError, EOFError, ValueError, KeyError, IndexError):
        return
    texts.markers, texts.lyric_tracks = [], []
    for track in file.tracks:
        tick, lyrics, karaoke = 0, [], []
        for message in track:
            tick += message.time
            if message.type == "marker":
                texts.markers.append((round(tick * scale), _decoded(message.text)))
            elif message.type == "lyrics":
                lyrics.append((round(tick * scale), _decoded(message.text)))
            elif message.type == "text" and not message.text.startswith("@"):
                karaoke.append((round(tick * scale), _decoded(message.text)))
        shown = track.name.encode("latin1").decode("utf-8", errors="replace")
        texts.names[shown] = _decoded(track.name)
        if lyrics or len(karaoke) > 4:
            texts.lyric_tracks.append((_decoded(track.name), lyrics or karaoke))


def _decoded(text: str) -> str:
    """Text that mido read as Latin-1, as UTF-8 if it is, else as Windows-1252."""
    raw = text.encode("latin1")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")


def _share_on_notes(lyrics: list[tuple[int, str]], onsets: list[int]) -> float:
    if not lyrics or not onsets:
        return 0.0
    return sum(_near(tick, onsets) is not None for tick, _ in lyrics) / len(lyrics)


def _near(tick: int, onsets: list[int]) -> int | None:
    """The onset nearest to a tick, when it is at most NEAR_TICKS away."""
    at = bisect_left(onsets, tick)
    candidates = [onset for onset in onsets[max(at - 1, 0) : at + 1] if abs(onset - tick) <= NEAR_TICKS]
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
    syllables: dict[int, Syllable] = {}
    dropped = 0
    for (tick, _), syllable in zip(lyrics, parsed, strict=True):
        if syllable is None:
            continue
        onset = _near(tick, onsets)
        if onset is None or onset in syllables:
            dropped += 1
        else:
            syllables[onset] = syllable
    if dropped:
        warnings.warn(f"track {where}: {dropped} of {len(lyrics)} syllables start with no note and were dropped",
                      ScoretokWarning, stacklevel=2)  # fmt: skip
    laid = []
    for note in notes:
        found = syllables.pop(note.start_ticks, None)
        laid.append(note._replace(syllable=found) if found else note)
    return laid


def parse_syllables(texts: list[str]) -> list[Syllable | None]:
    """Syllables from lyric events: words end without a hyphen, or, in karaoke files, with a space.

    Karaoke is recognised by spaces or line marks ('/', '\\', line ends) in a fifth of the events or more.
    """
    spaced = [bool(re.search(r"^[ /\\\r\n]|[ \r\n]$", text)) for text in texts]
    karaoke = sum(spaced) >= 0.2 * len(texts)
    cleaned = [re.sub(r"[ \r\n\t]+", " ", text.lstrip("/\\").strip(" \r\n\t")) for text in texts]
    result: list[Syllable | None] = []
    for i, text in enumerate(cleaned):
        bare = clean_text(text).rstrip("- ").lstrip(" ")
        if not bare or bare in {"+", "_"}:
            result.append(None)
            continue
        if karaoke:
            following = texts[i + 1] if i + 1 < len(texts) else " "
            ends = texts[i][-1:].isspace() or following[:1] in " /\\\r\n"
        else:
            ends = not text.endswith("-")
        result.append(Syllable(bare, (), ends))
    return result
