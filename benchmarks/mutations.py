"""Damage done to good files at random, so that more than their first bytes is reached: by bytes, words and trees.

Every function takes what is whole and a random generator, and gives what is broken.
"""

import json
import random
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

from scoretok.formats.midi_events import MidiEvent, read_events, track_chunks, write_chunk

ODD_NUMBERS = (
    "0", "-1", "1", "2", "7", "127", "128", "255", "9999", "65536", "2147483647", "-2147483648", "1e9", "1e999", "nan",
    "inf", "0.5", "-0", "9" * 40, "9" * 5000, "²", "٣", "0x10", "",
)  # fmt: skip
ODD_TEXTS = (
    "", " ", "\0", "\n", "\033[31m", "\u202e", "\ufeff", "ß", "日本", "🎵",
    "a" * 5000, '"', "'", "\\", "%", "[", "{", "(", "|:", "&", "<", "..", "None", "null",
)  # fmt: skip


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat, swap or insert bytes, a few times over."""
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(broken) + 1)
        length = rng.choice((1, 1, 2, 4, 64))
        match rng.randrange(6):
            case 0:
                broken[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del broken[at : at + length]
            case 2:
                broken[at:at] = broken[at : at + length]
            case 3:
                broken[at:at] = rng.randbytes(length)
            case 4 if at < len(broken):
                broken[at] ^= 1 << rng.randrange(8)
            case 5 if rng.random() < 0.3:
                del broken[at:]
    return bytes(broken)


def of_words(text: str, rng: random.Random) -> str:
    """Change words, numbers and lines of a text."""
    lines = text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        row = rng.randrange(len(lines))
        words = lines[row].split(" ")
        at = rng.randrange(len(words))
        match rng.randrange(8):
            case 0:
                words[at] = rng.choice(ODD_NUMBERS)
            case 1:
                words[at] = rng.choice(ODD_TEXTS)
            case 2:
                words[at] = "".join(
                    rng.choice(ODD_NUMBERS) if c.isdigit() and rng.random() < 0.5 else c for c in words[at]
                )
            case 3:
                del words[at]
            case 4:
                words.insert(at, rng.choice(rng.choice(lines).split(" ")))
            case 5:
                lines.insert(row, rng.choice(lines))
            case 6:
                place = rng.randrange(len(words[at]) + 1)
                words[at] = words[at][:place] + rng.choice(ODD_TEXTS) + words[at][place:]
            case 7:
                rng.shuffle(words)
        lines[row] = " ".join(words)
    return "\n".join(lines)


def of_json(text: str, rng: random.Random) -> str:
    """Change values, names and shapes of a JSON document."""
    tree = json.loads(text)
    for _ in range(rng.choice((1, 1, 2, 4))):
        holder = _inner(tree, rng)
        if not holder:
            continue
        key: Any = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        match rng.randrange(5):
            case 0:
                holder[key] = rng.choice((None, True, -1, 0, 1.5, 10**400, 1e308, "", "x" * 300, "\033", [], {}, [[]]))
            case 1:
                del holder[key]
            case 2:
                holder[key] = deepcopy(_inner(tree, rng))
            case 3 if isinstance(holder, dict):
                holder[rng.choice(("", "x", "\n", str(key) + "s"))] = holder[key]
            case 4 if isinstance(holder, list):
                holder.append(deepcopy(holder[key]))
    broken = json.dumps(tree)
    return broken if rng.random() < 0.9 else "[" * rng.choice((10, 5000, 100_000)) + broken


def _inner(tree: Any, rng: random.Random) -> Any:
    """An object or a list somewhere in a tree."""
    while rng.random() < 0.85:
        parts = [part for part in (tree.values() if isinstance(tree, dict) else tree) if isinstance(part, dict | list)]
        if not parts:
            break
        tree = rng.choice(parts)
    return tree


def of_xml(text: bytes, rng: random.Random) -> bytes:
    """Remove, repeat, move, rename and fill elements of a tree."""
    root = ElementTree.fromstring(text)
    elements = list(root.iter())
    for _ in range(rng.choice((1, 1, 2, 4, 10))):
        parent = rng.choice([element for element in elements if len(element)] or [root])
        child = rng.choice(list(parent)) if len(parent) else parent
        match rng.randrange(7):
            case 0 if child is not parent:
                parent.remove(child)
            case 1 if child is not parent:
                parent.insert(rng.randrange(len(parent) + 1), deepcopy(child))
            case 2:
                rng.choice(elements).append(
                    deepcopy(rng.choice(elements)) if rng.random() < 0.3 else ElementTree.Element("chord")
                )
            case 3:
                rng.choice(elements).text = rng.choice(ODD_NUMBERS)
            case 4:
                rng.choice(elements).text = rng.choice([text for text in ODD_TEXTS if text.isprintable()])
            case 5:
                child.tag = rng.choice(elements).tag
            case 6:
                rng.choice(elements).attrib |= {rng.choice(("number", "type", "id", "times", "direction")): "9" * 20}
    return ElementTree.tostring(root)


def of_mxl(data: bytes, rng: random.Random) -> bytes:
    """A compressed score with a damaged tree, or damaged bytes."""
    if rng.random() < 0.6:
        return of_bytes(data, rng)
    out = BytesIO()
    with ZipFile(BytesIO(data)) as archive, ZipFile(out, "w") as copy:
        for name in archive.namelist():
            copy.writestr(name, of_xml(archive.read(name), rng))
    return out.getvalue()


def of_midi(data: bytes, rng: random.Random) -> bytes:
    """Change, drop, move and add events; the lengths of the chunks stay right."""
    tracks = [read_events(chunk) for chunk in track_chunks(data)]
    for _ in range(rng.choice((1, 2, 4, 16))):
        track = rng.choice([t for t in tracks if t])
        at = rng.randrange(len(track))
        event = track[at]
        match rng.randrange(7):
            case 0:
                track[at] = event._replace(data=rng.randbytes(len(event.data)))
            case 1:
                del track[at]
            case 2:
                track.insert(at, event)
            case 3:
                payload = rng.randbytes(rng.choice((0, 1, 2, 3, 4, 5, 200)))
                track.insert(
                    at,
                    MidiEvent(event.tick, 0xFF, rng.choice((1, 3, 5, 6, 0x2F, 0x51, 0x54, 0x58, 0x59, 0x7F)), payload),
                )
            case 4:
                track.insert(at, MidiEvent(event.tick, 0xF0, 0, rng.randbytes(rng.choice((0, 3, 9)))))
            case 5:
                shift = rng.choice((1, 10_000, 10**7, 2**27))
                track[at:] = [later._replace(tick=min(later.tick + shift, 2**28 - 1)) for later in track[at:]]
            case 6 if event.status < 0xF0:
                track[at] = event._replace(status=event.status & 0xF0 | rng.randrange(16))
    kind, division = rng.choice((0, 1, 1, 1, 2, 9)), rng.choice((1, 24, 96, 480, 480, 32767, 0, 0xE728))
    head = b"MThd" + (6).to_bytes(4) + kind.to_bytes(2) + len(tracks).to_bytes(2) + division.to_bytes(2)
    broken = head + b"".join(map(write_chunk, tracks))
    return broken if rng.random() < 0.9 else of_bytes(broken, rng)


def of_text(change: Callable[[str, random.Random], str]) -> Callable[[bytes, random.Random], bytes]:
    """A change of text as one of the bytes of a UTF-8 file; sometimes of its bytes."""

    def broken(data: bytes, rng: random.Random) -> bytes:
        if rng.random() < 0.15:
            return of_bytes(data, rng)
        return change(data.decode(), rng).encode(errors="surrogatepass")

    return broken
