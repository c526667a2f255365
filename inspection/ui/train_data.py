"""Which pictures: a folder below the data root, or a ZIP that becomes one."""

import html
import os
from pathlib import Path

import streamlit as st

from inspection.config import ROOT, load_settings
from inspection.errors import AssayError
from inspection.jobs.pictures import DataSet, count_pictures, data_root, list_sets, stamp_folder
from inspection.ui.train_actions import take_archive
from inspection.ui.train_archive import Unpacked, propose_set_name
from inspection.ui.widgets import escape_markdown, show_error
from inspection.wording import say_number

FOLDER, ARCHIVE = "Folder", "Upload a ZIP"
_ICONS = {FOLDER: ":material/folder_open:", ARCHIVE: ":material/folder_zip:"}
_LARGEST_MB = 512
_SOURCE, _SET, _TAKEN, _ROUND = "train.source", "train.set", "train.taken", "train.round"
_BAR = """<div style="display:grid;grid-template-columns:max-content 1fr max-content;gap:0.25rem 0.75rem;
align-items:center;font-size:0.92rem;max-width:44rem">{rows}</div>"""
_ROW = """<div style="overflow-wrap:anywhere">{name}</div><div style="height:0.6rem;border-radius:3px;
background:rgba(128,140,150,0.18)"><div style="height:100%;width:{share:.1f}%;border-radius:3px;
background:#2F7FBF"></div></div><div style="text-align:right;font-variant-numeric:tabular-nums">{count:,}</div>"""


def choose_set() -> DataSet | None:
    turn_to_taken()
    source = st.segmented_control(
        "Pictures",
        (FOLDER, ARCHIVE),
        format_func=lambda each: f"{_ICONS[each]} {each}",
        default=None if _SOURCE in st.session_state else FOLDER,
        required=True,
        key=_SOURCE,
        persist_state="session",
    )
    if source == ARCHIVE:
        give_archive()
        return None
    return choose_folder()


def turn_to_taken() -> None:
    """Before the widgets are drawn: what was just unpacked is what the next step is about."""
    taken = st.session_state.get(_TAKEN)
    if isinstance(taken, Unpacked) and not st.session_state.get("train.turned"):
        st.session_state["train.turned"] = True
        st.session_state[_SOURCE] = FOLDER
        st.session_state[_SET] = taken.path.name


def choose_folder() -> DataSet | None:
    found = {each.name: each for each in list_sets(load_settings())}
    if not found:
        st.info(
            f"Put a folder with one sub-folder a class below {escape_markdown(say_root())}, or upload a ZIP. The "
            "environment variable ASSAY_DATA names another root.",
            title="No pictures yet",
            icon=":material/folder_off:",
        )
        return None
    if st.session_state.get(_SET) not in found:
        st.session_state.pop(_SET, None)
    name = st.selectbox(
        "Data set",
        list(found),
        key=_SET,
        persist_state="session",
        width=420,
        help=f"Folders below {say_root()} that hold labelled pictures; none outside it is ever read.",
    )
    show_taken(found[name])
    show_set(found[name])
    return found[name]


def say_root() -> str:
    """As it is named in this project; a folder elsewhere by its last name: the machine's own paths are nobody's business."""
    root = data_root(load_settings())
    return str(root.relative_to(ROOT)) if root.is_relative_to(ROOT) else root.name


def show_set(chosen: DataSet) -> None:
    counts = count_classes(str(chosen.path))
    total, most = sum(counts.values()), max(counts.values(), default=1)
    rows = "".join(
        _ROW.format(name=html.escape(name), share=100 * count / most, count=count)
        for name, count in counts.items()
    )
    st.caption(
        f"{say_number(total, 'picture')} in {say_number(len(counts), 'folder')}; layout: {chosen.layout}."
    )
    st.html(_BAR.format(rows=rows))


@st.cache_data(max_entries=32, ttl=20, show_spinner=False)
def count_classes(path: str) -> dict[str, int]:
    return count_pictures(Path(path))


@st.cache_data(max_entries=32, ttl=10, show_spinner=False)
def get_stamp(path: str) -> str:
    return stamp_folder(Path(path))


def give_archive() -> None:
    turn = st.session_state.get(_ROUND, 0)
    file = st.file_uploader(
        "ZIP archive with one sub-folder a class",
        type=["zip"],
        key=f"train.archive.{turn}",
        max_upload_size=_LARGEST_MB,
        help=f"At most {_LARGEST_MB} MB. Only pictures are taken out of it; it is unpacked below the data root.",
    )
    if file is None:
        st.caption(
            "For example `good/001.jpg`, `scratch/001.jpg`. A hundred pictures a class is a start; the folders' names "
            "become the classes. Nothing leaves this machine."
        )
        return
    name = st.text_input(
        "Name of the data set",
        value=propose_set_name(file.name, data_root(load_settings())),
        key=f"train.archive.name.{file.file_id}",
        max_chars=40,
        width=420,
    )
    st.caption("Small letters, digits and dashes.")
    if st.button("Unpack", type="primary", icon=":material/unarchive:", disabled=not name):
        bar = st.progress(0.0, "Unpacking …")
        try:
            taken = take_archive(file, name.strip(), lambda share: bar.progress(share, "Unpacking …"))
        except AssayError as error:
            bar.empty()
            show_error(error)
            return
        st.session_state[_TAKEN], st.session_state[_ROUND] = taken, turn + 1  # the uploader forgets the bytes
        st.session_state["train.turned"] = False
        st.rerun()


def show_taken(chosen: DataSet) -> None:
    """What became of the upload, until another is made."""
    taken = st.session_state.get(_TAKEN)
    if not isinstance(taken, Unpacked) or taken.path.name != chosen.name:
        return
    words = f"{say_number(taken.pictures, 'picture was', 'pictures were')} unpacked into {say_number(len(taken.classes), 'class', 'classes')}."
    if not taken.refused:
        st.success(words, icon=":material/check_circle:")
        return
    st.warning(
        f"{words} {say_number(taken.refused, 'file was', 'files were')} left out.", icon=":material/rule:"
    )
    with st.expander("What was left out, and why"):
        st.dataframe(
            [{"File": each.name, "Why": each.message} for each in taken.refusals],
            hide_index=True,
            alt="Files of the archive that were left out",
        )
        if taken.refused > len(taken.refusals):
            st.caption(f"… and {taken.refused - len(taken.refusals):,} more.")


def name_below(path: str, folder: Path) -> str:
    """A path as people know it: from the data set on."""
    return os.path.relpath(path, folder) if Path(path).is_relative_to(folder) else Path(path).name
