"""The part on the desk: blind first, then with everything that the model found."""

import streamlit as st

from inspection.errors import AssayError
from inspection.lines import Line
from inspection.records.queue import Reason
from inspection.records.record import Record
from inspection.types import VerdictKind
from inspection.ui import charts, resources
from inspection.ui.line_choice import title_line
from inspection.ui.palette import VERDICT_STYLES
from inspection.ui.review_controls import show_choices, show_keys, show_moves, show_reasons
from inspection.ui.review_desk import Desk
from inspection.ui.review_pictures import Photo, get_photo
from inspection.ui.review_sheet import Sheet, Stage, find_reason, read_answer
from inspection.ui.review_state import act, stand_up
from inspection.ui.review_words import WHY, say_answer, say_seconds
from inspection.ui.viewer import View, show_evidence
from inspection.ui.widgets import escape_markdown, show_error, show_figure, show_path, show_verdict
from inspection.wording import say_number


def show_desk(desk: Desk) -> None:
    sheet = desk.sheet
    if sheet is None:
        _show_end(desk)
        return
    _show_head(desk, sheet)
    try:
        line = resources.get_line(sheet.record.line)
        photo = get_photo(desk.store, sheet.record)
        found = None if sheet.stage is Stage.BLIND else desk.store.read_inspection(sheet.record)
    except AssayError as error:  # a line that is gone, a lost picture or map: the next part is another
        show_error(error)
        show_moves(desk, sheet, lost=True)
        return
    if found is None:
        _show_blind(desk, sheet, line, photo)
    else:
        _show_open(desk, sheet, line, View(photo.whole, photo.size, found))


def _show_head(desk: Desk, sheet: Sheet) -> None:
    words = {
        Stage.BLIND: "Your answer first: the verdict is shown after it.",
        Stage.SHOWN: "Your answer is kept. Confirm it, also by going on, or change it with a reason.",
        Stage.DONE: "Done. Your answers are kept.",
        Stage.AGAIN: "Answer again: the old answer stays in the records, the new one names it.",
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Record {sheet.record.id}** · {escape_markdown(title_line(sheet.record.line))}",
            width="content",
        )
        if sheet.lease is not None and sheet.lease.place.second:
            st.badge("Second opinion", icon=":material/group:", color="violet")
        st.caption(words[sheet.stage])
        st.space("stretch")
        st.button(
            "Finish",
            icon=":material/logout:",
            type="tertiary",
            shortcut="Esc",
            on_click=stand_up,
            args=(desk,),
            key="review.finish",
        )


def _show_blind(desk: Desk, sheet: Sheet, line: Line, photo: Photo) -> None:
    left, right = st.columns([3, 2], gap="medium")
    with left:
        zoomed = desk.zoomed and photo.part is not None
        shown = photo.part if desk.zoomed and photo.part is not None else photo.whole
        st.image(shown, width="stretch", alt="The part alone" if zoomed else "The whole picture")
        if photo.part is not None:
            st.button(
                "Whole picture" if zoomed else "Zoom to the part",
                icon=":material/zoom_out:" if zoomed else ":material/zoom_in:",
                shortcut="Z",
                key="review.zoom",
                on_click=_turn_zoom,
                args=(desk,),
            )
    with right:
        show_choices(desk, sheet, line)
        show_moves(desk, sheet)
        show_keys()


def _turn_zoom(desk: Desk) -> None:
    desk.zoomed = not desk.zoomed


def _show_open(desk: Desk, sheet: Sheet, line: Line, view: View) -> None:
    inspection = view.inspection
    why = find_reason(desk.store, sheet)
    show_verdict(inspection, cost="" if why is Reason.REVIEW else f"Why it waited: {WHY[why].lower()}.")
    left, right = st.columns([3, 2], gap="medium")
    with left:
        show_evidence(view, key="review.evidence")
    with right:
        _show_said(sheet)
        if sheet.stage is not Stage.DONE:
            show_choices(desk, sheet, line)
            show_reasons(desk, sheet)
        show_moves(desk, sheet)
        show_keys()
        if inspection.probabilities:
            st.markdown("**Probabilities**")
            best = max(inspection.probabilities, key=lambda name: inspection.probabilities[name])
            show_figure(
                charts.build_probabilities(
                    inspection.probabilities,
                    chosen=best,
                    colour=VERDICT_STYLES[inspection.verdict.kind].fill,
                    needed_0_1=line.policy.confidence_0_1,
                ),
                alt=f"Probability of each class; highest: {best}",
                key="review.probabilities",
            )
        if sheet.record.novelty_p is not None:
            st.caption(
                f"Novelty: p = {sheet.record.novelty_p:.3g}, about the share of known parts that are at least as unlike."
            )
        with st.expander("How it was decided", icon=":material/account_tree:"):
            show_path(inspection.verdict.path)


def _show_said(sheet: Sheet) -> None:
    """The person's own answers, beside the model's."""
    rows = [("The model", say_answer(read_answer(sheet.record)), "")]
    if sheet.record.verdict == VerdictKind.REVIEW:
        rows = [("The model", f"asked a person; best guess {sheet.record.class_name}", "")]
    rows += [
        (title, say_answer(read_answer(record)), _say_circumstances(record))
        for title, record in (("You, before", sheet.blind), ("You, after", sheet.settled))
        if record is not None
    ]
    st.markdown(
        "  \n".join(
            f"{title}: **{escape_markdown(words)}**{f' · {escape_markdown(more)}' if more else ''}"
            for title, words, more in rows
        )
    )


def _say_circumstances(record: Record) -> str:
    reason = record.body["reason"]
    return say_seconds(record.body["took_ms"]) + (f", “{reason}”" if reason else "")


def _show_end(desk: Desk) -> None:
    passed = len(desk.skipped)
    st.success(
        f"You answered {say_number(len(desk.answered), 'part')}"
        + (f" and passed over {passed}." if passed else "."),
        title="Nothing more waits for you",
        icon=":material/task_alt:",
    )
    with st.container(horizontal=True):
        if passed:
            st.button(
                f"Bring back the {passed} passed over",
                icon=":material/undo:",
                on_click=act,
                args=(desk.bring_back,),
                shortcut="B",
            )
        st.button("Look again", icon=":material/refresh:", on_click=act, args=(desk.open_next,), shortcut="J")
        if desk.answered:
            st.button(
                "Undo the last answer",
                icon=":material/history:",
                on_click=act,
                args=(desk.undo,),
                shortcut="U",
            )
        st.button("Finish", icon=":material/logout:", on_click=stand_up, args=(desk,), shortcut="Esc")
