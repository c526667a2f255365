"""What is judged: a sample, uploads or the camera."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from inspection.lines import Line
from inspection.types import Precision
from inspection.ui import resources
from inspection.ui.resources import Sample
from inspection.ui.uploads import Refusal, Upload, unpack
from inspection.ui.widgets import escape_markdown

SAMPLES, UPLOAD, CAMERA = "Samples", "Upload", "Camera"
_SOURCE_ICONS = {
    SAMPLES: ":material/photo_library:",
    UPLOAD: ":material/upload_file:",
    CAMERA: ":material/photo_camera:",
}
ALL_SAMPLES = "all"
KEPT = "Each is judged and kept as a record with its picture, which auditors and managers can open."
PRECISION_WORDS: dict[Precision, str] = {"int8": "INT8", "bf16": "BF16", "f32": "F32"}
_SUFFIXES = ["jpg", "jpeg", "png", "bmp", "tif", "tiff", "webp", "zip"]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What was given: ids that change when it changes, and how to get it once they did."""

    source: tuple[str, ...]
    load: Callable[[], Sequence[Upload | Refusal]]


def turn_to_sample(line_name: str, sample: str) -> None:
    """What a link asks for."""
    st.session_state["inspect.source"] = SAMPLES
    st.session_state[f"inspect.sample.{line_name}"] = sample


def choose_source() -> str:
    st.session_state.setdefault("inspect.source", SAMPLES)
    chosen = st.segmented_control(
        "Pictures",
        (SAMPLES, UPLOAD, CAMERA),
        format_func=lambda source: f"{_SOURCE_ICONS[source]} {source}",
        required=True,
        key="inspect.source",
        persist_state="session",
    )
    return str(chosen)


def give_samples(line: Line, *, beside: DeltaGenerator) -> tuple[Inputs | None, str | None]:
    """The film strip; also the chosen sample's name, for the link."""
    tell_broken_samples(line)
    samples = resources.get_samples(line.name)
    if not samples:
        st.info(
            f"This line ships no pictures ({line.licence or 'no licence is stated'}). Upload your own, or use the camera.",
            title="No samples",
            icon=":material/photo_library:",
        )
        return None, None
    key = f"inspect.sample.{line.name}"
    names = name_samples(samples)
    chosen = st.session_state.get(key, names[0])
    if chosen != ALL_SAMPLES and chosen not in names:
        st.warning(
            "The link names a sample that this line does not have; the first one is shown.",
            icon=":material/link_off:",
        )
        chosen = names[0]
    _show_strip(dict(zip(names, samples, strict=True)), chosen, key, beside)
    taken = samples if chosen == ALL_SAMPLES else [samples[names.index(chosen)]]
    source = ("sample", line.name, *(sample.name for sample in taken))
    return Inputs(source, lambda: [Upload(sample.name, sample.data) for sample in taken]), chosen


def name_samples(samples: Sequence[Sample]) -> list[str]:
    """As links name them: by the stem, and where two share it by the whole name."""
    stems = Counter(sample.stem for sample in samples)
    return [sample.stem if stems[sample.stem] == 1 else sample.name for sample in samples]


def tell_broken_samples(line: Line) -> None:
    broken = resources.find_samples(line.name).broken
    if broken:
        st.warning(
            "  \n".join(escape_markdown(words) for words in broken),
            title="Samples are left out" if len(broken) > 1 else "A sample is left out",
            icon=":material/hide_image:",
        )


def _show_strip(samples: Mapping[str, Sample], chosen: str, key: str, beside: DeltaGenerator) -> None:
    def take(name: str) -> None:
        st.session_state[key] = name

    with beside:
        st.button(
            f"Inspect all {len(samples)}",
            key="sample.all",
            on_click=take,
            args=(ALL_SAMPLES,),
            icon=":material/grid_view:",
            type="primary" if chosen == ALL_SAMPLES else "secondary",
        )
    with st.container(horizontal=True, wrap=False, gap="small", key="samples"):
        for name, sample in samples.items():
            with st.container(width=132, gap="xsmall"):
                st.image(sample.thumbnail, alt=f"Sample {sample.label}", width="stretch")
                st.button(
                    sample.label,
                    key=f"sample.{name}",
                    on_click=take,
                    args=(name,),
                    type="primary" if name == chosen else "secondary",
                    width="stretch",
                    wrap=False,
                )


def give_upload() -> Inputs | None:
    files = st.file_uploader(
        "Pictures, or ZIP archives of pictures",
        type=_SUFFIXES,
        accept_multiple_files=True,
        key="inspect.upload",
        help=f"JPEG, PNG, BMP, TIFF or WebP; at most 200 pictures at a time. {KEPT}",
    )
    if not files:
        st.caption("Drop one picture for a full report, or many for a gallery with a table to take away.")
        return None
    source = ("upload", *(file.file_id for file in files))
    return Inputs(source, lambda: unpack((file.name, file.getvalue()) for file in files))


def give_camera() -> Inputs | None:
    shot = st.camera_input(
        "Take a picture of the part",
        key="inspect.camera",
        help=f"The browser asks for leave to use the camera. {KEPT}",
    )
    if shot is None:
        return None
    return Inputs(("camera", shot.file_id), lambda: [Upload("camera.jpg", shot.getvalue())])
