"""What stands in the way of a training, in words, before anybody presses Start."""

from inspection.config import load_settings
from inspection.errors import LineInvalid
from inspection.jobs.pictures import DataSet
from inspection.ui.train_actions import refuse_line

LEAST_MINUTES, MOST_MINUTES = 2, 600
LEAST_EPOCHS, MOST_EPOCHS = 1, 500


def find_disagreement(*, agreed: bool) -> str | None:
    return None if agreed else "Settle what the check found, or tick “Train all the same”."


def find_set_obstacle(chosen: DataSet, classes: int) -> str | None:
    """A new line splits its pictures itself, copies together."""
    if chosen.layout != "a folder a class":
        return (
            f"A new line needs one sub-folder a class; {chosen.name} holds {chosen.layout}. Put all pictures of a class "
            "into one folder, or choose another data set."
        )
    if classes < 2:
        return (
            f"A new line needs at least two classes; {chosen.name} has {classes}. Add a folder of pictures."
        )
    return None


def find_name_obstacle(name: str) -> str | None:
    if not name:
        return "Give the line a name."
    try:
        refuse_line(name, load_settings())
    except LineInvalid as error:
        return str(error)
    return None


def find_minutes_obstacle(minutes: int) -> str | None:
    return _find_outside(minutes, LEAST_MINUTES, MOST_MINUTES, "minutes of training")


def find_epochs_obstacle(epochs: int) -> str | None:
    return _find_outside(epochs, LEAST_EPOCHS, MOST_EPOCHS, "epochs")


def _find_outside(given: int, least: int, most: int, what: str) -> str | None:
    return None if least <= given <= most else f"Expected {least} to {most} {what}, got {given:,}."
