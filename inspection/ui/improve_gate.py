"""The lower part of the Improve page: the gate, the signed yes, and the history with the way back."""

import streamlit as st

from inspection.errors import AssayError
from inspection.learning.challenge import CORRECTED, TEST, Challenge
from inspection.learning.comparison import Pairing
from inspection.learning.gate import Gate, Outcome
from inspection.lines import Line
from inspection.records.promotion import MAY_PROMOTE, MAY_RETURN, find_undone, list_history
from inspection.ui import resources
from inspection.ui.exhibits import offer_csv, show_chart
from inspection.ui.improve_actions import go_back, may, sign_promotion
from inspection.ui.improve_data import get_flips, get_gate
from inspection.ui.improve_tables import (
    ICONS,
    build_recall_differences,
    count_flips,
    list_flips,
    tabulate_history,
    tabulate_rules,
)
from inspection.ui.keeping import get_store
from inspection.ui.pairs_view import sign
from inspection.ui.widgets import escape_markdown, show_error
from inspection.wording import say_number

_SAID = {
    Outcome.PASSED: "The gate is passed",
    Outcome.UNPROVEN: "The gate is not passed: too little is shown",
    Outcome.FAILED: "The gate is failed",
}


def show_challengers(line: Line, challenges: list[Challenge]) -> None:
    st.header("3 · The gate", divider="gray")
    if not challenges:
        st.info(
            "A challenger that was taught appears here beside the champion, judged on the same frozen pictures.",
            title="No challenger yet",
            icon=":material/balance:",
        )
        return
    names = {each.folder.name: each for each in challenges}
    chosen = st.selectbox(
        "Challenger",
        list(names),
        format_func=lambda name: label_challenge(names[name]),
        key=f"improve.challenger.{line.name}",
    )
    challenge = names[chosen]
    gate = get_gate(challenge, line)
    show_gate(line, challenge, gate)
    st.header("4 · A signed yes", divider="gray")
    show_signing(line, challenge, gate)


def label_challenge(challenge: Challenge) -> str:
    when = challenge.created[:16].replace("T", " ")
    return f"{challenge.folder.name} · {when} UTC · taught by {say_number(challenge.taught, 'part')}"


def show_gate(line: Line, challenge: Challenge, gate: Gate) -> None:
    with st.container(border=True):
        st.markdown(f"### {ICONS[gate.outcome]} {_SAID[gate.outcome]}")
        stops = [rule for rule in gate.rules if rule.outcome is not Outcome.PASSED]
        for rule in stops:
            st.markdown(
                f"{ICONS[rule.outcome]} **{escape_markdown(rule.name)}**: {escape_markdown(rule.sentence)}"
            )
        st.markdown(escape_markdown(say_overall(gate)))
    for note in challenge.notes:
        st.caption(f":material/info: {escape_markdown(note)}")
    card = resources.get_sound_card(line.name, challenge.champion_model)
    if challenge.novelty is None and card is not None and "novelty" in card.data:
        st.warning(
            "The champion sends parts that are unlike its training parts to a person. This challenger has no such check: "
            "once it is promoted, an unknown defect is judged with whatever confidence it gets.",
            title="Novelty would be lost",
            icon=":material/gpp_maybe:",
        )
    st.dataframe(
        tabulate_rules(gate),
        hide_index=True,
        height="content",
        column_config={
            "Rule": st.column_config.TextColumn(pinned=True),
            "Won": st.column_config.NumberColumn(help="Pictures that only the challenger judges rightly."),
            "Lost": st.column_config.NumberColumn(help="Pictures that only the champion judges rightly."),
            "Difference (interval)": st.column_config.TextColumn(
                help="Challenger − champion in points. Of a class: its low end is the one-sided 95 % bound (Tango)."
            ),
            "Why": st.column_config.TextColumn(width="large"),
        },
        alt="Each rule of the gate with its outcome, both models' figures and the interval of the difference",
    )
    stem = f"{line.name}-{challenge.folder.name}"
    show_chart(
        build_recall_differences(gate),
        name=f"{stem}-recall",
        key="improve.recall",
        alt="Recall of each class, challenger minus champion, with its interval, against the margin",
        rows=lambda: tabulate_rules(gate),
    )
    st.caption(
        f"{gate.n} frozen pictures, {challenge.test_kind} (SHA-256 {challenge.test_sha256[:12]}), both at "
        f"{gate.precision.upper()}. A class may lose less than {gate.margin_0_1 * 100:g} points, and that must be shown: "
        "the whole interval must lie right of the dashed line."
    )
    show_flips(line, challenge, stem)


def say_overall(gate: Gate) -> str:
    difference = gate.difference
    bounds = (
        ""
        if difference is None
        else f" (95 %: {sign(difference.low * 100)} to {sign(difference.high * 100)})"
    )
    points = (gate.challenger_only - gate.champion_only) / gate.n * 100
    return (
        f"On {say_number(gate.n, 'picture')} only the challenger is right on {gate.challenger_only}, only the champion on "
        f"{gate.champion_only}. Accuracy differs by {sign(points)} points{bounds}; McNemar p = {gate.p_value:.2g}."
    )


def show_flips(line: Line, challenge: Challenge, stem: str) -> None:
    pairing = get_flips(challenge, TEST)
    assert pairing is not None  # the gate rests on it
    with st.grid(3, min_column_width=170, gap="small"):
        for kind, count in count_flips(pairing).items():
            st.metric(kind, count, border=True)
    if pairing.flips:
        with st.expander(
            f"They call {say_number(len(pairing.flips), 'picture')} differently", key="improve.flips"
        ):
            rows = list_flips(pairing, line.classes)
            st.dataframe(rows, hide_index=True, alt="Pictures that champion and challenger call differently")
            offer_csv(lambda: rows, name=f"{stem}-flips", key="improve.flips")
    corrected = get_flips(challenge, CORRECTED)
    if corrected is not None:
        st.markdown(escape_markdown(say_corrected(corrected)))


def say_corrected(pairing: Pairing) -> str:
    """These did not teach either, but they come from the same corrections: they say what it is for, not whether it is safe."""
    now, before = pairing.both_right + pairing.first_only, pairing.both_right + pairing.second_only
    return f"On {pairing.n} corrected parts that were held out, the challenger is right on {now}, the champion on {before}."


def show_signing(line: Line, challenge: Challenge, gate: Gate) -> None:
    champion = resources.get_champion(line.name)
    card = resources.get_card(line.name, champion.model)
    current = None if card is None else card.weights_sha256
    if champion.release is not None and champion.release.weights_sha256 == challenge.weights_sha256:
        st.success("This challenger is the champion now.", icon=":material/military_tech:")
        return
    if current != challenge.champion_sha256:
        st.info(
            "It was compared with a champion that no longer runs the line. Teach another.",
            icon=":material/history:",
        )
        return
    if not may(MAY_PROMOTE):
        st.caption("A manager signs here. Who trains a model does not also let it onto the line.")
        return
    with st.form(f"improve.sign.{challenge.folder.name}"):
        name = st.text_input("Your name, as your signature", max_chars=120)
        reason = st.text_area("Reason", max_chars=1000, height=90)
        override = False
        if not gate.passed:
            override = st.checkbox("Promote although the gate is not passed; the record will say so")
        pressed = st.form_submit_button(
            "Sign and promote", type="primary", icon=":material/draw:", disabled=False
        )
    if pressed:
        try:
            record = sign_promotion(line, challenge, name=name, reason=reason, override=override)
        except AssayError as error:
            show_error(error)
            return
        st.toast(f"Promoted, in force at once: record {record.id}", icon=":material/military_tech:")
        st.rerun()


def show_history(line: Line) -> None:
    st.header("History", divider="gray")
    history = list_history(get_store(), line)
    if not history:
        st.caption("The line runs as it was shipped: nothing was ever promoted.")
        return
    undone = find_undone(get_store(), line)
    if undone is not None and may(MAY_RETURN):
        back = f"{undone.before.model} {undone.before.weights_sha256[:8]}"
        if st.button(
            f"Go back to {back}",
            icon=":material/undo:",
            key="improve.back",
            help="At once, for every new inspection. It becomes a record like the promotion.",
        ):
            record = go_back(line, undoes=undone.record.id)
            st.toast(f"Back, in force at once: record {record.id}", icon=":material/undo:")
            st.rerun()
    st.dataframe(
        tabulate_history(history),
        hide_index=True,
        height="content",
        alt="Promotions and returns of this line, the newest first",
    )
