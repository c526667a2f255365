"""Several trainings of one model, released as one: the mean of their weights.

Trainings that began with the same weights, or with each other's, end close enough together for their mean to be a network
that works, and that may err less than each (Wortsman et al. 2022). It costs nothing where it judges.
"""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from inspection.errors import DataInvalid, WeightsRefused
from inspection.hashing import hash_file
from inspection.learning.checkpoint import BEST, save_best
from inspection.learning.left_run import FILES, LeftRun
from inspection.learning.looks import override
from inspection.learning.origin import note_mean, read_origin, tell_recipe
from inspection.learning.shipping import read_curves
from models.loading import WeightsError, read_stored


def check_mixable(first: LeftRun, others: Sequence[LeftRun], *, turns: int | None, side: int | None) -> None:
    """What can be told before a picture is read. turns, side: as asked for, over what the trainings say."""
    looks = override(first.looks, first.config.model, turns=turns, side=side)
    known = {hash_file(first.folder / BEST): first.folder}
    for run in others:
        if run.config.model != first.config.model:
            raise DataInvalid(
                f"Expected trainings of one model, got {first.config.model} in {first.folder} and {run.config.model} in {run.folder}. "
                "Name others."
            )
        own = override(run.looks, run.config.model, turns=turns, side=side)
        if own != looks:
            raise DataInvalid(
                f"Expected trainings that are to look alike, got {looks} in {first.folder} and {own} in {run.folder}. Say --turns and "
                "--side."
            )
        # named twice it would count twice, and the card would call it two
        digest = hash_file(run.folder / BEST)
        if digest in known:
            raise DataInvalid(
                f"Expected trainings that left different weights, got the same in {known[digest]} and {run.folder}. Name each once."
            )
        known[digest] = run.folder


def average_runs(first: LeftRun, others: Sequence[LeftRun], folder: Path) -> LeftRun:
    """In `folder`, which is there and empty; but for its weights, and for what the card is told of the others, all is as the
    first of them left it."""
    average_weights([run.folder / BEST for run in (first, *others)], folder / BEST)
    for name in FILES:
        if name != BEST and (first.folder / name).is_file():
            shutil.copyfile(first.folder / name, folder / name)
    note_mean(first.config, first.folder, {_name_run(run): _tell_recipe(run) for run in others}, folder)
    return replace(first, folder=folder)


def average_weights(sources: Sequence[Path], out: Path) -> None:
    try:
        stored = [read_stored(source) for source in sources]
    except WeightsError as error:
        raise WeightsRefused(str(error)) from error
    shapes = [{name: tensor.shape for name, tensor in each.tensors.items()} for each in stored]
    for source, each, names in zip(sources, shapes, (one.class_names for one in stored), strict=True):
        if each != shapes[0] or names != stored[0].class_names:
            raise WeightsRefused(
                f"Expected in {source} the tensors of {sources[0]}, got others. Name trainings of one model and of the same classes."
            )
    mean = {
        name: torch.stack([each.tensors[name].double() for each in stored]).mean(0).to(tensor.dtype)
        for name, tensor in stored[0].tensors.items()
    }
    save_best(out, mean, stored[0].class_names)


def tell_mean(first: LeftRun, others: Sequence[LeftRun]) -> str:
    """For the card, whose curves are of the first."""
    told = [_tell_run(run) for run in (first, *others)]
    return (
        f"The weights are the mean of those of {len(told)} trainings: {'; '.join(told)}. Curves are of the first, and so is the "
        "recipe where it says nothing else of another."
    )


def _tell_run(run: LeftRun) -> str:
    best = _find_best(run)
    stages = ",".join(f"{epochs}x{side}" for epochs, side in run.config.sizes)
    parts = f" with {best['parts_made']:,.0f} parts made" if best.get("parts_made") else ""
    return (
        f"seed {run.config.seed}, epoch {best['epoch']} of {stages}{parts}, "
        f"SHA-256 {hash_file(run.folder / BEST)[:12]}…"
    )


def _name_run(run: LeftRun) -> str:
    return f"{run.config.seed} {hash_file(run.folder / BEST)[:12]}"  # two may have one seed


def _tell_recipe(run: LeftRun) -> dict[str, Any]:
    best, origin = _find_best(run), read_origin(run.config, run.folder)
    made = {"parts_made": int(best["parts_made"])} if best.get("parts_made") else {}
    return {
        **tell_recipe(run.config, run.folder),
        "weights_sha256": hash_file(run.folder / BEST),
        "commit": origin["commit"],
        "epoch": best["epoch"],
        **made,
    }


def _find_best(run: LeftRun) -> dict[str, Any]:
    return [row for row in read_curves(run.folder) if row["is_best"]][-1]
