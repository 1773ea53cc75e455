"""The score language as MidiTok users expect it."""

import pytest
from miditok import TokenizerConfig
from symusic import Score

from scoretok import LeadSheetTokenizer, ScoretokError, read
from scoretok.encode import encode_score
from scoretok.vocabulary import VOCABULARY_SIZE


@pytest.fixture(scope="module")
def tokenizer():
    return LeadSheetTokenizer()


def test_vocabulary_and_exactness(tokenizer, saints):
    assert len(tokenizer) == VOCABULARY_SIZE
    assert tokenizer.detokenize(tokenizer.tokenize(saints)) == saints


def test_midi_goes_in_and_out(tokenizer, foreign_midi):
    tokens = tokenizer.encode(foreign_midi)
    assert tokens.ids == encode_score(read(foreign_midi))
    assert tokenizer.decode(tokens).note_num() == read(foreign_midi).note_count


def test_errors_are_those_of_the_grammar(tokenizer, foreign_midi):
    tokens = tokenizer.encode(foreign_midi)
    assert tokenizer.tokens_errors(tokens) == 0
    broken = [*tokens.ids[:40], tokens.ids[3], *tokens.ids[40:]]
    assert tokenizer.tokens_errors(broken) == pytest.approx(1 / len(broken))


def test_saving_and_loading(tokenizer, tmp_path):
    tokenizer.save(tmp_path / "tokenizer.json")
    assert LeadSheetTokenizer(params=tmp_path / "tokenizer.json") == tokenizer
    tokenizer.save_pretrained(tmp_path / "hub")
    assert LeadSheetTokenizer.from_pretrained(tmp_path / "hub") == tokenizer


def test_byte_pair_encoding_shortens_and_stays_exact(foreign_midi, tmp_path):
    trained = LeadSheetTokenizer()
    plain = trained.encode(foreign_midi).ids
    trained.train(vocab_size=VOCABULARY_SIZE + 300, model="BPE", files_paths=[foreign_midi])
    tokens = trained.encode(foreign_midi)
    assert len(tokens.ids) < 0.8 * len(plain)
    trained.save(tmp_path / "bpe.json")
    loaded = LeadSheetTokenizer(params=tmp_path / "bpe.json")
    again = loaded.encode(foreign_midi)
    assert again.ids == tokens.ids
    loaded.decode_token_ids(again)
    assert again.ids == plain


def test_a_pytorch_data_set_reads_midi(tokenizer, foreign_midi):
    pytest.importorskip("torch", reason="torch is not installed (an optional extra)")
    from miditok.pytorch_data import DataCollator, DatasetMIDI

    data = DatasetMIDI([foreign_midi], tokenizer, max_seq_len=256, bos_token_id=1, eos_token_id=2)
    batch = DataCollator(tokenizer.pad_token_id)([data[0]])
    assert batch["input_ids"].shape[0] == 1
    assert 200 < batch["input_ids"].shape[1] <= 256


def test_a_score_without_notes_is_left_out(tokenizer):
    assert tokenizer.preprocess_score(Score(480)).note_num() == 0


def test_other_special_tokens_are_refused():
    with pytest.raises(ScoretokError, match="PAD, BOS, EOS, MASK"):
        LeadSheetTokenizer(TokenizerConfig(special_tokens=["PAD", "FOO"]))
