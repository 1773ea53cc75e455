"""The language model that ships: it is what its card says, it obeys, and it knows music from noise."""

from dataclasses import replace

import pytest
import torch

from planner.checkpoint import PLANNER_WEIGHTS, load_model
from planner.composition import compose
from planner.incremental import KVCache
from planner.request import BarRequest, Controls
from planner.song import Part, Song
from planner.tasks import infill, score
from planner.token_sampling import TokenSampling
from scoretok import Grammar, slice_bars
from scoretok.encode import encode
from scoretok.harmony import parse_chord

BAND = Song((Part("lead.1", 73), Part("piano.1", 0), Part("bass.1", 32), Part("drums.1", 0)), (), {}, (4, 4), "A:min")


@pytest.fixture(scope="module")
def model():
    return load_model()


def test_it_is_small_and_described(model):
    assert (PLANNER_WEIGHTS / "model.safetensors").stat().st_size < 40e6
    count = sum(parameter.numel() for parameter in model.parameters())
    card = (PLANNER_WEIGHTS / "README.md").read_text()
    assert f"{count / 1e6:.1f} million parameters" in card


def test_transformers_reads_it(model):
    transformers = pytest.importorskip("transformers")
    theirs = transformers.LlamaForCausalLM.from_pretrained(PLANNER_WEIGHTS, dtype=torch.float32).eval()
    ids = torch.randint(3, 900, (1, 40), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.allclose(theirs(ids).logits, model(ids), atol=1e-3)


def test_one_token_at_a_time_it_says_the_same_with_any_number_of_threads(model):
    before, said = torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        cache = KVCache(model.config, 512)
        said.append(torch.stack([model.next_logits([token], cache) for token in range(1, 400)]))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(before)
    assert torch.equal(said[0], said[1])
    assert torch.equal(said[0], said[2])


def test_what_it_composes_is_legal_and_as_asked_and_the_same_again(model):
    chords = [parse_chord(symbol) for symbol in ("Am", "F", "C", "G")]
    bars = [BarRequest((chord,), "verse" if bar == 0 else None) for bar, chord in enumerate(chords)]
    controls = Controls(scale=frozenset({9, 11, 0, 2, 4, 5, 7}), polyphony={"bass.1": 1})
    made = [compose(model, BAND, bars, controls, TokenSampling(seed=2)).sheet for _ in range(2)]
    assert made[0] == made[1]
    sheet = made[0]
    Grammar().check(encode(sheet))
    assert [chord.root for chord in sheet.chords] == [9, 5, 0, 7]
    assert sheet.note_count > 20
    assert all(note.pitch % 12 in controls.scale for track in sheet.tracks[:3] for note in track.notes)


def test_an_infill_changes_nothing_else(model, saints):
    song = slice_bars(saints, 0, 8)
    made = infill(model, song, [("piano.1", 2), ("piano.1", 3)], sampling=TokenSampling(seed=1)).sheet
    number = song.track_ids.index("piano.1")
    for track, name in enumerate(song.track_ids):
        for bar in range(8):
            same = song.notes_in(track, bar) == made.notes_in(track, bar)
            assert same != (track == number and bar in (2, 3)), (name, bar)


def test_it_finds_music_likelier_than_the_same_tracks_in_keys_that_clash(model, saints):
    shifts = {"vocal.1": 1, "bass.1": 6, "guitar.1": -1}
    clashing = saints.with_tracks(
        replace(track, notes=tuple(note._replace(pitch=note.pitch + shifts.get(name, 0)) for note in track.notes))
        for name, track in saints.tracks_by_id.items()
    )
    real, noise = (sum(score(model, sheet).values()) for sheet in (saints, clashing))
    assert real > noise + 50
