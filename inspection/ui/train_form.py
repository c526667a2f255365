"""What is to be trained: a new line, or a model for a line that there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from inspection.config import load_settings
from inspection.jobs.job import Job
from inspection.jobs.pictures import DataSet
from inspection.learning.new_line import EPOCHS, GOOD_NAMES, NewLine, count_least, count_taught
from inspection.learning.pace import Estimate, estimate_training, list_runs
from inspection.learning.recipes import RECIPES, plan_recipe
from inspection.learning.starts import AUTOMATIC, list_starts, pick_model
from inspection.lines import Line
from inspection.ui import resources
from inspection.ui.line_choice import choose_line
from inspection.ui.train_actions import propose_name, start_line, start_rival
from inspection.ui.train_data import count_classes
from inspection.ui.train_live import say_span
from inspection.ui.train_obstacles import (
    find_disagreement,
    find_epochs_obstacle,
    find_minutes_obstacle,
    find_name_obstacle,
    find_set_obstacle,
)
from inspection.ui.widgets import escape_markdown

NEW, EXISTING = "A new line", "A model for a line"
# Said again here because the registry brings torch along; tests/ui/test_train_page.py holds the two together.
DETECTORS = ("yolov5n", "ssdlite320", "nanodet_plus_m")
SIDES = {"compact_cnn": 256, "mobilevit_xxs": 256} | dict.fromkeys(DETECTORS, 320)
_RANDOM = "random"
_START_WORDS = {AUTOMATIC: "The best weights of ours, where there are any", _RANDOM: "Random weights"}
_MINUTES = 20


@dataclass(frozen=True, slots=True)
class Advanced:
    recipe: str | None
    warm_start: str | None
    seed: int


def show_form(chosen: DataSet, *, sound: bool | None) -> Job | None:
    """The job, where one was just started."""
    what = st.segmented_control("Train", (NEW, EXISTING), default=NEW, required=True, key="train.what")
    agreed = True
    if sound is False:
        agreed = st.checkbox("Train all the same: the figures will flatter the model", key="train.agreed")
    return show_new(chosen, agreed=agreed) if what == NEW else show_rival(chosen, agreed=agreed)


def show_new(chosen: DataSet, *, agreed: bool) -> Job | None:
    classes = list_classes(chosen)
    with st.container(horizontal=True, vertical_alignment="top"):
        name = st.text_input(
            "Name of the line",
            value=propose_name(chosen.name),
            max_chars=40,
            key=f"train.name.{chosen.name}",
            help="Small letters, digits and dashes. A line that exists is never overwritten.",
            width=260,
        )
        good = st.selectbox(
            "Good class",
            [None, *classes],
            index=guess_good(classes),
            format_func=lambda each: "None: the line names defects" if each is None else each,
            key=f"train.good.{chosen.name}",
            help="The class that passes. All others are defects.",
            width=260,
        )
        minutes = st.number_input(
            "Minutes of training",
            value=_MINUTES,  # no limits of the box's own: it would keep the former number without a word
            key="train.minutes",
            help="The job measures this machine first and trains as many epochs as fit, but no fewer than teach anything.",
            width=180,
        )
    with st.expander("Advanced", icon=":material/tune:"):
        model = choose_model(sorted_classifiers(first=pick_model(load_settings())), key="train.new.model")
        fixed = st.toggle("Set the epochs by hand", key="train.new.by_hand")
        epochs = choose_epochs("train.new.epochs", disabled=not fixed)
        advanced = choose_advanced(model, key="train.new")
    taught = count_taught(sum(count_classes(str(chosen.path)).values()))
    length = find_epochs_obstacle(epochs) if fixed else find_minutes_obstacle(minutes)
    if length is None:
        show_cost(model, taught, epochs if fixed else None, minutes, recipe=advanced.recipe)
    obstacle = (
        find_set_obstacle(chosen, len(classes))
        or find_name_obstacle(name.strip())
        or length
        or find_disagreement(agreed=agreed)
    )
    if not start_pressed("Start: check, train, calibrate, evaluate", "train.new.start", obstacle):
        return None
    return start_line(
        NewLine(
            name=name.strip(),
            data=Path(chosen.name),
            good=good,
            model=model,
            epochs=epochs if fixed else None,
            minutes=float(minutes),
            warm_start=advanced.warm_start,
            recipe=advanced.recipe,
            seed=advanced.seed,
        )
    )


def show_rival(chosen: DataSet, *, agreed: bool) -> Job | None:
    with st.container(horizontal=True, vertical_alignment="top"):
        line = choose_line("train.line")
        name = line.name
        model = choose_model(list_trainable(line), key=f"train.model.{name}")
        epochs = choose_epochs("train.epochs")
    with st.expander("Advanced", icon=":material/tune:"):
        advanced = choose_advanced(model, key="train.rival")
    if resources.get_sound_card(name, model) is not None:
        st.info(
            "The line has this model already. The new one is trained apart; afterwards you compare the two and replace "
            "the old one, or not.",
            icon=":material/compare_arrows:",
        )
    taught = count_taught(sum(count_classes(str(chosen.path)).values()))
    length = find_epochs_obstacle(epochs)
    if length is None:
        show_cost(model, taught, epochs, None, recipe=advanced.recipe)
    if not start_pressed("Start training", "train.start", length or find_disagreement(agreed=agreed)):
        return None
    return start_rival(
        chosen.name,
        name,
        model,
        epochs=epochs,
        recipe=advanced.recipe,
        warm_start=advanced.warm_start,
        seed=advanced.seed,
    )


def start_pressed(label: str, key: str, obstacle: str | None) -> bool:
    """Beside a button that cannot be pressed stands why."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            label, type="primary", icon=":material/model_training:", key=key, disabled=obstacle is not None
        )
        if obstacle is not None:
            st.markdown(f":orange[:material/block:] {escape_markdown(obstacle)}", width=480)
    return pressed


def list_classes(chosen: DataSet) -> list[str]:
    """The top folders; deeper ones belong to them."""
    names = dict.fromkeys(folder.split("/")[0] for folder in count_classes(str(chosen.path)))
    return [name for name in names if name != "."]


def guess_good(classes: Sequence[str]) -> int:
    """A place in [None, *classes]."""
    return next((place for place, name in enumerate(classes, start=1) if name.lower() in GOOD_NAMES), 0)


def choose_model(models: Sequence[str], *, key: str) -> str:
    titles = resources.model_titles()
    return str(
        st.selectbox("Model", models, format_func=lambda each: titles.get(each, each), key=key, width=260)
    )


def choose_epochs(key: str, *, disabled: bool = False) -> int:
    return int(
        st.number_input(
            "Epochs",
            value=EPOCHS,
            key=key,
            disabled=disabled,
            help="Rounds over the training pictures; the first ones on smaller pictures, which is quicker.",
            width=140,
        )
    )


def choose_advanced(model: str, *, key: str) -> Advanced:
    starts = [f"{path.parent.name}/{model}" for path in list_starts(model, load_settings())]
    with st.container(horizontal=True, vertical_alignment="top"):
        start = st.selectbox(
            "Start from",
            [AUTOMATIC, _RANDOM, *starts],
            format_func=lambda each: _START_WORDS.get(each, each),
            key=f"{key}.start.{model}",
            width=320,
        )
        recipe = st.selectbox(
            "Recipe",
            [None, *sorted(RECIPES)],
            format_func=lambda each: "What suits the line" if each is None else each,
            key=f"{key}.recipe",
            help="Augmentation and schedule by name; seed000 and so on are the recipes of the documents.",
            width=220,
        )
        seed = st.number_input("Seed", min_value=0, max_value=10**6, value=0, key=f"{key}.seed", width=120)
    return Advanced(recipe, None if start == _RANDOM else start, int(seed))


def list_trainable(line: Line) -> list[str]:
    """The line's own models first; then what it may try. Detectors only where the line uses them."""
    own = [*line.models, *(each for each in (line.locate.model, line.defect_detector) if each)]
    return list(dict.fromkeys([*own, *sorted_classifiers(first=None)]))


def sorted_classifiers(*, first: str | None) -> list[str]:
    names = [name for name in resources.model_titles() if name not in DETECTORS]
    return [first, *(name for name in names if name != first)] if first else names


def show_cost(
    model: str, pictures: int, epochs: int | None, minutes: float | None, *, recipe: str | None
) -> None:
    if epochs is None:
        assert minutes is not None  # one of the two is given
        least = count_least(pictures)
        words = say_limit(minutes, least, get_estimate(model, pictures, least, recipe))
    else:
        told = get_estimate(model, pictures, epochs, recipe)
        words = "No estimate for this model yet" if told is None else say_estimate(told)
    st.caption(
        f":material/schedule: {words}; checking, calibration and evaluation come on top, a few minutes."
    )


@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def get_estimate(model: str, pictures: int, epochs: int, recipe: str | None) -> Estimate | None:
    settings = load_settings()
    sizes = plan_recipe(recipe, model, epochs, SIDES.get(model, 224))
    runs = list_runs(model, [settings.var_dir / "runs", settings.var_dir / "jobs"])
    return estimate_training(model, pictures, sizes, runs)


def say_limit(minutes: float, least: int, told: Estimate | None) -> str:
    """told: of the fewest epochs; they are trained even where the minutes do not suffice, so that is said beforehand."""
    if told is not None and told.low_s > minutes * 60:
        return (
            f"{minutes:.0f} min are too short to learn anything from these pictures. At least {least} epochs are trained: "
            f"{say_range(told)}, {told.source}"
        )
    words = f"As many epochs as fit into {minutes:.0f} min, measured at the start, but at least {least}"
    if told is not None and told.high_s <= minutes * 60:
        return words
    slow = "" if told is None else f", which may take {say_span(told.high_s)}"
    return f"{words}, because fewer teach nothing{slow}"


def say_estimate(told: Estimate) -> str:
    return f"About {say_range(told)} of training, {told.source}"


def say_range(told: Estimate) -> str:
    return f"{say_span(told.low_s)} to {say_span(told.high_s)}"
