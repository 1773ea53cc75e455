"""An inpainting job: time map, spans to regenerate, stems and engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from editing.inpainting.align import Alignment, align
from editing.inpainting.fill_spans import InpaintResult, fill_spans
from editing.inpainting.recorded_stems import FileStems
from editing.inpainting.regions import Region, audible_regions, check_related, is_audible
from editing.inpainting.score_informed import SeparatedStems
from editing.inpainting.spans import InpaintSpan, join_spans, plan_spans, spans_at_joints
from editing.inpainting.stems import RenderedStems, Stems
from editing.inpainting.sung_plan import plan_singing
from editing.inpainting.sung_tracks import WHOLE, SungJob
from editing.inpainting.time_map import IDENTITY_MAP, TimeMap
from editing.inpainting.timeline import RearrangedStems, Timeline, plan_timeline, rearranged
from renderer.codec.mel import SAMPLE_RATE
from renderer.dit_engine import RENDERER_WEIGHTS, DitEngine
from renderer.inpaint_track import fill
from renderer.provenance import Provenance, digest, read_comment
from renderer.singing.sung_engine import SungTracks
from scoretok.audio import AudioFile, check_memory
from scoretok.difference import diff
from scoretok.errors import ScoretokError
from scoretok.files import weights_digest
from scoretok.sheet import LeadSheet


@dataclass(frozen=True)
class InpaintJob:
    """A recording with room for what is new, the spans that sound anew, and what is known of the rest."""

    recording: AudioFile
    after: LeadSheet
    spans: Sequence[InpaintSpan]
    stems: Stems
    engine: DitEngine
    time_map: TimeMap
    timeline: Timeline | None
    alignment: Alignment | None
    sung: SungJob | None = None

    def __post_init__(self) -> None:
        for span in self.spans:
            if span.start_s >= self.recording.duration_s:
                raise ScoretokError(
                    f"bar {span.bars[0] + 1} of {span.track_id} lies past the end of {self.recording.path.name}, which"
                    f" lasts {self.recording.duration_s:.1f} s"
                )
        seconds = sum(span.stop_s - span.start_s for span in self.spans)
        needed_bytes = round(seconds * SAMPLE_RATE * self.recording.channels * 3 * 8)
        check_memory(needed_bytes, "what changes", "change fewer bars at a time, or render the whole score")

    @property
    def sings_in_recorded_voice(self) -> bool:
        """Whether the voice of a recorded singer is made to sing what they did not."""
        return self.sung is not None and self.sung.sings_in_recorded_voice

    def run(
        self, seed: int = 0, advance: Callable[[], None] = lambda: None, make: Callable[..., np.ndarray] = fill
    ) -> InpaintResult:
        """Make every span anew, by the model or by a `make` with the arguments of `renderer.inpaint_track.fill`."""
        arguments = self.recording, self.after, self.spans, self.stems, self.engine, self.time_map
        return fill_spans(*arguments, seed, advance, make, self.sung)


def own_render(recording: AudioFile, before: LeadSheet) -> Provenance | None:
    """How a file was rendered, where it is a whole render of `before` by weights that are still the same."""
    ours = read_comment(recording.comment)
    if ours is None or ours.engine != "dit" or ours.score != digest(before):
        return None
    is_whole = recording.sample_rate == SAMPLE_RATE and recording.channels == 2
    is_whole = is_whole and recording.n_samples >= int(before.duration_s * SAMPLE_RATE)
    same_weights = ours.weights == weights_digest(str(ours.options.get("model") or RENDERER_WEIGHTS))
    return ours if is_whole and same_weights else None


def prepare_job(
    recording: AudioFile,
    before: LeadSheet,
    after: LeadSheet,
    chosen: Sequence[Region] | None = None,
    tracks: Sequence[str] | None = None,
    stems_folder: str | Path | None = None,
    singers: SungTracks | None = None,
    **options: object,
) -> InpaintJob:
    """Find out what an edit changes in a recording; or take the `chosen` regions, for another take.

    `tracks` restricts it to these tracks, `singers` sing vocal tracks. `options` are those of the dit engine. Raises
    ScoretokError.
    """
    ours = own_render(recording, before)
    alignment = None if ours else align(recording, before)
    time_map = alignment.time_map if alignment else IDENTITY_MAP
    stems: Stems
    engine = DitEngine(**{**(ours.options if ours else {}), **options})  # type: ignore[arg-type]
    if stems_folder:
        stems = FileStems(stems_folder, recording, [i for i in before.track_ids if is_audible(before, i)], engine)
    elif ours:
        # The old stems have to be made as they were, whatever makes the new ones.
        as_before = engine if options.keys() <= {"device"} else DitEngine(**ours.options)  # type: ignore[arg-type]
        stems = RenderedStems(before, as_before, ours)
    else:
        stems = SeparatedStems(recording, before, time_map, engine)
    is_sung = singers is not None and (not ours or bool(ours.singing))
    vocals = {name for name in (*before.track_ids, *after.track_ids) if is_sung and name.startswith("vocal.")}
    if chosen is not None:
        pairs = {bar: bar for bar in range(after.bar_count)}
        spans = plan_spans(before, after, [one for one in chosen if one.track_id not in vocals], pairs, time_map)
        sung_ids = {one.track_id for one in chosen} & vocals
        takes = {name: [after.bar_span_s(one.bars) for one in chosen if one.track_id == name] for name in sung_ids}
        sung = plan_singing(ours, recording, before, after, singers, (time_map, time_map), takes) if takes else None
        return InpaintJob(recording, after, spans, stems, engine, time_map, None, alignment, sung)
    difference = diff(before, after)
    pairs = difference.old_bars
    check_related(before, after, pairs)
    timeline = plan_timeline(before, after, difference, time_map, recording.n_samples, recording.sample_rate)
    regions = audible_regions(difference, before, after, timeline.new_bars)
    if tracks is not None:
        regions = [region for region in regions if region.track_id in tracks]
    regions = [region for region in regions if region.track_id not in vocals]
    spans = plan_spans(before, after, regions, pairs, timeline.time_map)
    room: AudioFile = recording
    moved: Stems = stems
    if timeline.moves:
        names = [
            n
            for n in dict.fromkeys((*before.track_ids, *after.track_ids))
            if n not in vocals and (is_audible(before, n) or is_audible(after, n))
        ]
        spans = join_spans(spans + spans_at_joints(before, after, timeline, time_map, names))
        room = rearranged(recording, timeline.pieces)
        moved = RearrangedStems(stems, before, time_map, room)
    sung = None
    if vocals and (tracks is None or vocals & set(tracks)):
        pieces, new_time = (timeline.pieces, timeline.time_map) if timeline.moves else (WHOLE, time_map)
        sung = plan_singing(ours, recording, before, after, singers, (time_map, new_time), None, pieces, tracks)
    if not spans and not timeline.moves and not (sung and sung.changes_anything):
        raise ScoretokError(
            "no note differs between the two scores, so nothing would change; for another take name --bars, or --tracks"
        )
    return InpaintJob(room, after, spans, moved, engine, timeline.time_map, timeline, alignment, sung)
