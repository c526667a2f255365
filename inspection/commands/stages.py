"""Stages of a training as they are written on the command line: 5x160,4x224."""

from inspection.errors import DataInvalid


def parse_sizes(text: str) -> tuple[tuple[int, int], ...]:
    try:
        stages = tuple(
            (int(epochs), int(side)) for epochs, side in (each.split("x") for each in text.split(","))
        )
    except ValueError:
        stages = ()
    if not stages or any(epochs < 1 or side < 32 for epochs, side in stages):
        raise DataInvalid(f"Expected --sizes as EPOCHSxPIXELS,… like 5x160,4x224, got {text!r}.")
    return stages


def parse_layers(text: str) -> tuple[tuple[int, int], ...]:
    """-1 for all, as the configuration says it."""
    try:
        stages = tuple(
            (int(epochs), -1 if layers == "all" else int(layers))
            for epochs, layers in (each.split("x") for each in text.split(","))
        )
    except ValueError:
        stages = ()
    if not stages or any(epochs < 1 or layers < -1 for epochs, layers in stages):
        raise DataInvalid(f"Expected --layers as EPOCHSxLAYERS,… like 5xall,10x50, got {text!r}.")
    return stages


def check_epochs(epochs: int | None, sizes: tuple[tuple[int, int], ...] | None) -> None:
    staged = sum(count for count, _ in sizes or ())
    if epochs is not None and sizes is not None and epochs != staged:
        raise DataInvalid(
            f"Expected the epochs of --sizes to make the {epochs} of --epochs, got {staged}. Change one of them, or leave "
            f"--epochs out: --sizes says how many."
        )
