"""The optimiser, the learning rate of a step, and which layers learn."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from inspection.learning.config import TrainConfig
from models.spec import Classifier


def build_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Weight decay on matrices and kernels only: pulling norms and biases to zero does harm (He et al. 2019)."""
    decayed = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    plain = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9, nesterov=True)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.learning_rate, fused=True)


def learning_rate(config: TrainConfig, step: int, *, steps_per_epoch: int) -> float:
    """A function of the step alone, so a resumed run needs no scheduler state."""
    total = config.epochs * steps_per_epoch
    if config.restart:
        begun, epochs = config.stage_of(step // steps_per_epoch)
        step, total = step - begun * steps_per_epoch, epochs * steps_per_epoch
    rising = config.warmup * total if config.schedule in ("one-cycle", "cosine") else 0
    if step < rising:
        return config.learning_rate * (0.04 + 0.96 * step / rising)
    if config.schedule == "exponential":
        return float(config.learning_rate * config.epoch_decay ** (step // steps_per_epoch))
    if config.schedule == "constant":
        return config.learning_rate
    done = (step - rising) / max(1.0, total - rising)
    return config.learning_rate * max(1e-4, 0.5 * (1 + math.cos(math.pi * done)))


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def order_layers(network: Classifier, example: Tensor) -> tuple[list[nn.Module], list[nn.Module]]:
    """The leaf modules of (body in the order they run, head), found by watching `features` run once."""
    leaves = [module for module in network.modules() if not any(True for _ in module.children())]
    body: list[nn.Module] = []

    def note(module: nn.Module, *_: object) -> None:
        if module not in body:
            body.append(module)

    hooks = [module.register_forward_hook(note) for module in leaves]
    was_training = network.training
    network.eval()  # batch statistics must not see the example
    with torch.no_grad():
        network.features(example)
    for hook in hooks:
        hook.remove()
    network.train(was_training)
    return body, [module for module in leaves if module not in body]


def set_trainable(
    network: nn.Module, layers: int, *, order: tuple[Sequence[nn.Module], Sequence[nn.Module]] | None
) -> list[nn.Module]:
    """-1: everything learns; else the head and the last `layers` of the body. Returns the frozen leaves."""
    if layers < 0 or order is None:
        network.requires_grad_(True)
        return []
    body, head = order
    frozen = list(body[: len(body) - layers]) if layers < len(body) else []
    network.requires_grad_(True)
    for module in frozen:
        module.requires_grad_(False)
    if layers == 0:  # parameters that belong to no leaf (tokens, scales) lie in the body too
        held = {id(parameter) for module in head for parameter in module.parameters()}
        for parameter in network.parameters():
            parameter.requires_grad_(id(parameter) in held)
    return frozen
