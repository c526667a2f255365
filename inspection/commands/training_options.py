"""What the commands that train ask alike."""

from typing import Annotated

import typer


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
