"""Stand-ins for the models of the studio, with their signatures: fast, without weights, and easy to hear through."""

import io
from unittest.mock import create_autospec

import numpy as np
import soundfile

from editing import edit
from editing.inpainting.splice import Change
from editing.studio.engines import Engines
from editing.studio.takes import bar_samples
from editing.studio.writers import Transcribed, Writers
from scoretok import Note, diff, read

BLOCK = 100_000


def sound(sheet, number, start, stop, seed=0):
    """Samples (n,) of a track: the sum of the pitches that sound, over 1024, and a little that tells takes apart."""
    out = np.zeros(stop - start, np.float32)
    for note in sheet.tracks[number].notes:
        first, last = (round(sheet.seconds_at(tick) * 44100) - start for tick in (note.start_ticks, note.end_ticks))
        out[max(0, first) : max(0, last)] += (note.pitch + seed / 16) / 1024
    return out


def wave(seconds, level=0.5):
    """The bytes of a WAV file with a sine."""
    file = io.BytesIO()
    samples = level * np.sin(np.arange(round(44100 * seconds)) / 20)
    soundfile.write(file, samples, 44100, format="WAV", subtype="FLOAT")
    return file.getvalue()


def stand_in_engines():
    """Engines whose sound is `sound`, and whose phrases are bars."""
    made = create_autospec(Engines, instance=True)
    made.block_samples = BLOCK

    def render_blocks(sheet, number, seed, first_block):
        for start in range(first_block * BLOCK, round(sheet.duration_s * 44100), BLOCK):
            yield sound(sheet, number, start, start + BLOCK, seed)

    def fill(sheet, span, stems, seed):
        start, stop = round(span.start_s * 44100), round(span.stop_s * 44100)
        number = sheet.track_ids.index(span.track_id)
        return Change(start, sound(sheet, number, start, stop, seed)[None] - stems.read(span.track_id, start, stop))

    def sing(heard, sheet, number, seed, bars):
        spans = [bar_samples(sheet, bar) for bar in bars]
        return [(span, lambda span=span: sound(sheet, number, span.start, span.stop, seed)) for span in spans]

    def inpaint(source, before, after, output, seed, consent, advance):
        samples, rate = soundfile.read(source)
        for cell in diff(before, after).cells:
            start_s, stop_s = after.bar_span_s(range(cell.after_bar, cell.after_bar + 1))
            samples[round(start_s * rate) : round(stop_s * rate)] *= -0.5
        soundfile.write(output, samples, rate, "FLOAT")
        advance(1.0, "inpainting")
        return tuple(after.seconds_at(tick) for tick in after.bar_starts)

    def convert(source, voice, output, advance):
        samples, rate = soundfile.read(source)
        soundfile.write(output, samples / 2, rate, "FLOAT")

    made.render_blocks.side_effect, made.fill.side_effect, made.sing.side_effect = render_blocks, fill, sing
    made.inpaint.side_effect, made.convert.side_effect = inpaint, convert
    made.enrol.side_effect = lambda source, name, consent, output: output.write_bytes(b"a voice")
    return made


def stand_in_writers():
    """Writers whose cells hold one whole note, of the pitch 60 and the seed."""
    made = create_autospec(Writers, instance=True)

    def infill(sheet, cells, seed, advance):
        tracks = list(sheet.tracks)
        for name, bar in cells:
            number, start = sheet.track_ids.index(name), sheet.bar_starts[bar]
            kept = [note for note in tracks[number].notes if sheet.bar_at(note.start_ticks) != bar]
            kept = [
                n._replace(duration_ticks=min(n.duration_ticks, max(1, start - n.start_ticks)))
                if n.start_ticks < start
                else n
                for n in kept
            ]
            notes = (*kept, Note(start, 60 + seed, sheet.bar_starts[bar + 1] - start))
            tracks[number] = type(tracks[number])(tracks[number].role, notes, tracks[number].program)
        advance(0.5, "writing")
        return sheet.with_tracks(tracks)

    def compose(prompt, plan, seed):
        whole = read("examples/when-the-saints.lead")
        for bar in range(2, whole.bar_count + 1):
            yield edit(whole, f"keep in bars 1-{bar}")

    made.infill.side_effect = infill
    made.vary.side_effect = lambda sheet, cells, keep, seed, advance: infill(sheet, cells, seed, advance)
    made.extend.side_effect = lambda sheet, bars, seed, advance: edit(sheet, f"insert {bars} bars at end")
    made.harmonise.side_effect = lambda sheet, seed, advance: edit(sheet, 'chords "C G"')
    made.compose.side_effect = compose
    made.plan.side_effect = lambda prompt, seed: f"genre pop\n\nverse {seed}\n"

    def transcribe(path, given, cache, advance):
        sheet = read("examples/ode-to-joy.lead")
        if "tempo_bpm" in given:
            sheet = edit(sheet, f"tempo {given['tempo_bpm']:g}")
        advance(0.5, "notes")
        chords = {str(chord.start_ticks): 0.25 for chord in sheet.chords}
        return Transcribed(sheet, {"beats": 0.9, "keys": [0.8] * sheet.bar_count, "chords": chords})

    made.transcribe.side_effect = transcribe
    return made
