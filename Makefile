# Two commands set everything up on a machine with Python 3.11, make and a compiler:
#   make song   installs, runs the main job on an example and leaves its outputs in out/
#   make test   installs and runs the tests
# For developers:
#   make check  lint, types and the tests that need no model, in under two minutes
#   make docs   builds the documentation site in out/site, its links checked
#   make page   builds the page of the studio (needs Node and npm); what it builds is committed
# And `make studio` opens the studio on an example.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
SONG := examples/freedom-for-your-shooting-skills.mid
BALLAD := slow folk ballad in G major for vocal, piano and bass, 16 bars
PROMPT := laid-back bossa nova in A minor for flute, guitar, bass and drums, 16 bars

# tinysoundfont asks for pyaudio, which must be compiled and which it needs only to play live.
.PHONY: song studio test check lint docs page benchmarks clean

song: .venv/song
	mkdir -p out
	$(BIN)/scoretok convert $(SONG) out/song.lead
	$(BIN)/scoretok show out/song.lead --bars 9-12
	$(BIN)/scoretok edit out/song.lead -o out/edited.lead --script examples/edits.txt
	$(BIN)/scoretok diff out/song.lead out/edited.lead
	$(BIN)/scoretok render out/edited.lead -o out/edited.wav --stems out/stems
	$(BIN)/scoretok plot out/edited.wav -o out/edited-sound.png
	$(BIN)/scoretok plot out/stems/bass.1.wav -o out/bass-sound.png
	$(BIN)/scoretok convert out/edited.lead out/edited.mid
	$(BIN)/scoretok convert out/edited.lead out/edited.musicxml
	$(BIN)/scoretok plot out/edited.lead -o out/roll.png
	$(BIN)/scoretok plot examples/when-the-saints.lead -o out/saints.pdf
	$(BIN)/scoretok plot examples/when-the-saints.lead -o out/saints.svg
	$(BIN)/scoretok render examples/when-the-saints.lead -o out/saints.flac
	$(BIN)/scoretok plot out/saints.flac -o out/saints-sound.png
	$(BIN)/scoretok edit examples/when-the-saints.lead -o out/changed.lead "transpose +4 in bars 9-10 of piano"
	$(BIN)/scoretok inpaint out/saints.flac --before examples/when-the-saints.lead --after out/changed.lead \
	  -o out/changed.flac --plot out/changed-sound.png
	$(BIN)/scoretok plan --prompt "$(PROMPT)" --seed 3 -o out/plan.txt
	cat out/plan.txt
	$(BIN)/scoretok compose --plan out/plan.txt --seed 3 -o out/composed.lead
	$(BIN)/scoretok infill out/composed.lead --bars 5-8 --tracks guitar --seed 1 -o out/infilled.lead
	$(BIN)/scoretok diff out/composed.lead out/infilled.lead
	$(BIN)/scoretok plot out/composed.lead -o out/composed.png
	$(BIN)/scoretok render out/composed.lead --engine draft -o out/composed.wav
	$(BIN)/scoretok render out/infilled.lead --engine draft -o out/infilled.wav
	$(BIN)/scoretok extract out/composed.wav -o out/heard.lead
	$(BIN)/scoretok compare out/composed.lead out/heard.lead
	$(BIN)/scoretok plot out/composed.wav --score out/heard.lead -o out/heard.png
	$(BIN)/scoretok describe out/heard.lead
	$(BIN)/scoretok song --prompt "$(BALLAD)" --lyrics examples/words.txt --seed 3 -o out/ballad.wav
	$(BIN)/scoretok plot out/ballad.wav -o out/ballad-sound.png
	$(BIN)/scoretok sing examples/amazing-grace.lead -o out/vocal.wav
	$(BIN)/scoretok sing examples/amazing-grace.lead --plot out/sung.png --bars 1-8
	$(BIN)/scoretok render examples/amazing-grace.lead -o out/grace.wav
	$(BIN)/scoretok edit examples/amazing-grace.lead -o out/other.lead 'lyrics "how bright the lights" in bars 3-5'
	$(BIN)/scoretok inpaint out/grace.wav --before examples/amazing-grace.lead --after out/other.lead -o out/other.wav
	$(BIN)/python examples/sing.py examples/amazing-grace.lead out/take.wav --size 1.15 --bars 1-4
	$(BIN)/python examples/sing.py examples/amazing-grace.lead out/singer.wav --size 0.85 --octave -1 --bars 5-8
	$(BIN)/scoretok voice convert out/take.wav --to out/singer.wav -o out/converted.wav
	$(BIN)/scoretok plot out/converted.wav -o out/converted.png
	@ls -l out

studio: .venv/song
	mkdir -p out
	cp -n examples/when-the-saints.lead out/
	$(BIN)/scoretok studio out/when-the-saints.lead

check: SOME = -m "not slow and not models"
test check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 $(SOME)

lint: .venv/test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy

docs: .venv/docs
	$(BIN)/mkdocs build

page:
	npm --prefix editing/studio/web install --no-audit --no-fund
	npm --prefix editing/studio/web run build

benchmarks: .venv/test
	$(BIN)/python -m benchmarks.all

.venv/bin/python:
	$(PYTHON) -m venv .venv

# torch first and alone, so that its pin decides which build is taken.
.venv/song: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --editable '.[all]'
	$(PIP) --no-deps tinysoundfont
	touch $@

.venv/test: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) torch
	$(PIP) --editable '.[dev]'
	$(PIP) --no-deps tinysoundfont
	touch $@

.venv/docs: .venv/test
	$(PIP) --editable '.[docs]'
	touch $@

clean:
	rm -rf .venv out
