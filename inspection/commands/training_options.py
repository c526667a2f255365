"""What the commands that train ask alike."""

from typing import Annotated

import typer

from models.card import MOST_TURNS


def check_device(name: str) -> str:
    """Before a picture is read. torch, which is slow to load, is asked only where another device is named."""
    if name == "cpu":
        return name
    if name != "cuda":
        raise typer.BadParameter(f"expected cpu or cuda, got {name}")
    import torch

    if not torch.cuda.is_available():
        raise typer.BadParameter(
            "this machine, or its build of torch, has no CUDA: leave it out to train on the CPU"
        )
    return name


Epochs = Annotated[int | None, typer.Option(min=1, help="Rounds over the training pictures.")]
Recipe = Annotated[str | None, typer.Option(help="A named recipe; the line's own by default.")]
Sizes = Annotated[
    str | None, typer.Option(help="Stages as EPOCHSxPIXELS,…; fine defects vanish in small pictures.")
]
Share = Annotated[
    float | None, typer.Option(help="Of the pictures an epoch, drawn anew each time; 1 where not named.")
]
Batch = Annotated[
    int | None, typer.Option(min=2, help="Pictures a step; of few pictures, few a step teach more.")
]
Rate = Annotated[
    float | None, typer.Option(help="Largest learning rate; lower from weights that know much already.")
]
Device = Annotated[str, typer.Option(help="cpu or cuda.", callback=check_device)]
Threads = Annotated[int, typer.Option(min=0, help="0: all cores.")]
Seed = Annotated[int, typer.Option(min=0, help="Of every random choice.")]
Turns = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=MOST_TURNS,
        help="Look at each part so often, turned by a quarter from look to look: so many times the work. For parts in any "
        "pose. Left out: once, or as the line's own weights that it starts from.",
    ),
]
Side = Annotated[
    int | None,
    typer.Option(
        min=32,
        max=1024,
        help="Pixels of the picture that it judges: more show finer defects and take more time. Left out: the model's own, or "
        "as the line's own weights that it starts from.",
    ),
]
