"""Makes the corpus of bad files in tests/bad: python tests/make_bad_files.py"""

import io
import json
import struct
import zipfile
from pathlib import Path

BAD = Path(__file__).parent / "bad"
END = b"\x00\xff\x2f\x00"
NOTE = b"\x00\x90\x3c\x40\x60\x80\x3c\x40"


def header(tracks=1, division=480, kind=1) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, kind, tracks, division)


def track(events: bytes) -> bytes:
    return b"MTrk" + struct.pack(">I", len(events)) + events


def variable(number: int) -> bytes:
    parts = [number & 0x7F]
    while number := number >> 7:
        parts.append(0x80 | number & 0x7F)
    return bytes(reversed(parts))


def meta(kind: int, data: bytes, delta: int = 0) -> bytes:
    return variable(delta) + b"\xff" + bytes([kind]) + variable(len(data)) + data


def midi_files() -> dict[str, bytes]:
    whole = header() + track(NOTE + END)
    ten_hours = variable(10 * 3600 * 2 * 480)
    many = b"".join(track(meta(3, b"part %d" % i) + NOTE + END) for i in range(200))
    return {
        "empty.mid": b"",
        "text.mid": b"This is a letter, not a MIDI file. " * 20,
        "short.mid": b"MThd",
        "truncated-header.mid": whole[:12],
        "truncated-track.mid": whole[:-6],
        "missing-track.mid": header(3) + track(NOTE + END),
        "no-notes.mid": header() + track(meta(0x51, b"\x07\xa1\x20") + END),
        "never-ending-notes.mid": header() + track(b"\x00\x90\x3c\x40\x00\x90\x40\x40" + END),
        "tempo-zero.mid": header() + track(meta(0x51, b"\0\0\0") + NOTE + END),
        "meter-zero.mid": header() + track(meta(0x58, b"\x00\x02\x18\x08") + NOTE + END),
        "meter-absurd.mid": header() + track(meta(0x58, b"\xff\x0a\x18\x08") + NOTE + END),
        "meter-long.mid": header() + track(meta(0x58, b"\x63\x02\x18\x08") + NOTE + END),
        "division-zero.mid": header(division=0) + track(NOTE + END),
        "smpte.mid": header(division=0xE250) + track(NOTE + END),
        "ten-hours.mid": header() + track(NOTE + ten_hours + NOTE[1:] + END),
        "200-tracks.mid": header(200) + many,
        "garbage-events.mid": header() + track(bytes(range(256)) * 4),
        "running-status.mid": header() + track(b"\x00\x40\x40\x40" + END),
    }


def xml_files() -> dict[str, bytes]:
    score = (
        '<score-partwise version="4.0"><part-list><score-part id="P1"><part-name>x</part-name></score-part></part-list>'
    )
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    external = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
    part = '<part id="P1"><measure number="1">{}</measure></part></score-partwise>'
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration></note>"
    attributes = (
        "<attributes><divisions>{}</divisions><time><beats>{}</beats><beat-type>{}</beat-type></time></attributes>"
    )
    files = {
        "empty.musicxml": "",
        "text.musicxml": "not xml at all",
        "malformed.musicxml": score + "<part>",
        "bomb.musicxml": f"{bomb}]><score-partwise>&i;</score-partwise>",
        "external-entity.musicxml": f"{external}<score-partwise>&e;</score-partwise>",
        "html.xml": "<html><body>hello</body></html>",
        "no-parts.musicxml": '<score-partwise version="4.0"><part-list/></score-partwise>',
        "no-notes.musicxml": score + part.format(""),
        "bad-duration.musicxml": score + part.format(note.replace("4</duration>", "x</duration>")),
        "bad-step.musicxml": score + part.format(note.replace("C</step>", "H</step>")),
        "zero-divisions.musicxml": score + part.format(attributes.format(0, 4, 4) + note),
        "meter-zero.musicxml": score + part.format(attributes.format(1, 0, 4) + note),
        "meter-absurd.musicxml": score + part.format(attributes.format(1, 4, 7) + note),
    }
    return {name: text.encode() for name, text in files.items()}


def zip_files() -> dict[str, bytes]:
    def packed(**members: bytes) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    whole = packed(**{"score.musicxml": b"<score-partwise/>"})
    return {
        "truncated.mxl": whole[:-30],
        "nothing-inside.mxl": packed(**{"readme.txt": b"hello"}),
        "container-lies.mxl": packed(**{"META-INF/container.xml": b'<c><rootfile full-path="gone.xml"/></c>'}),
        "zip-bomb.mxl": packed(**{"score.musicxml": b" " * (300 * 2**20)}),
    }


def text_files() -> dict[str, bytes]:
    bar = "scoretok 1\ntrack piano\nbar 1 meter 4/4 key C:maj\n"
    score = {"format": "scoretok-1", "bar_count": 1}
    return {
        "empty.lead": b"",
        "blank.lead": b"\n\n# nothing\n",
        "latin1.lead": 'scoretok 1\ntitle "Caf\xe9"\n'.encode("latin1"),
        "other.lead": b"hello\n",
        "no-bars.lead": b"scoretok 1\ntrack piano\n",
        "bad-pitch.lead": (bar + "  piano 1 H4 q\n").encode(),
        "overlap.lead": (bar + "  piano 1 C4 w 2 C4 q\n").encode(),
        "huge-number.lead": (bar + "  piano 1 C4 99999999w\n").encode(),
        "huge-bar.lead": f"scoretok 1\nbar {10**30} meter 4/4 key C:maj\n".encode(),
        "meter-zero.lead": b"scoretok 1\nbar 1 meter 0/4 key C:maj\n",
        "meter-text.lead": b"scoretok 1\nbar 1 meter four key C:maj\n",
        "tempo-zero.lead": (bar + "  tempo 1 0\n").encode(),
        "tempo-nan.lead": (bar + "  tempo 1 nan\n").encode(),
        "control.lead": b'scoretok 1\ntitle "a\x07b"\n',
        "open-quote.lead": b'scoretok 1\ntitle "never closed\n',
        "empty.json": b"",
        "list.json": b"[1, 2]",
        "malformed.json": b'{"format": "scoretok-1", ',
        "other.json": b'{"format": "midi"}',
        "deep.json": b"[" * 100000,
        "unknown-field.json": json.dumps({**score, "colour": "red"}).encode(),
        "wrong-type.json": json.dumps({**score, "title": 7}).encode(),
        "missing.json": b'{"format": "scoretok-1"}',
        "bad-note.json": json.dumps({**score, "tracks": [{"role": "piano", "notes": [{"pitch": "C4"}]}]}).encode(),
        "nan.json": b'{"format": "scoretok-1", "bar_count": 1, "tempos": [{"start_ticks": 0, "bpm": NaN}]}',
        "empty.abc": b"",
        "no-key.abc": b"X:1\nT:nothing\n",
        "no-notes.abc": b"X:1\nK:C\n",
        "bad-music.abc": b"X:1\nK:C\nC D 9 E|\n",
        "bad-meter.abc": b"X:1\nM:4/0\nK:C\nCDEF|\n",
        "bad-unit.abc": b"X:1\nL:1/0\nK:C\nCDEF|\n",
        "open-chord.abc": b"X:1\nK:C\n[CEG|\n",
        "latin1.abc": "X:1\nT:Caf\xe9\nK:C\nCDEF|\n".encode("latin1"),
        "divided-by-zero.abc": b"X:1\nK:C\nC/0 D|\n",
    }


def main() -> None:
    """Write all files anew."""
    BAD.mkdir(exist_ok=True)
    for name, data in {**midi_files(), **xml_files(), **zip_files(), **text_files()}.items():
        (BAD / name).write_bytes(data)


if __name__ == "__main__":
    main()
