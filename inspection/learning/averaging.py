"""The moving average of the weights, and batch-norm statistics that belong to it."""

from collections.abc import Collection, Iterable
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from inspection.learning.config import TrainConfig


def build_average(network: nn.Module, config: TrainConfig) -> Any:
    """timm's average of weights and buffers, short at first so that the random start is soon forgotten."""
    if not config.ema_decay:
        return None
    from models.vision_ops import prepare

    prepare()
    from timm.utils.model_ema import ModelEmaV3

    return ModelEmaV3(network, decay=config.ema_decay, use_warmup=True, warmup_power=0.75)


def recalibrate_norms(network: nn.Module, inputs: Iterable[Tensor], *, kept: Collection[str] = ()) -> None:
    """Measure the statistics anew on plain pictures at full size; those of the modules named in `kept` stay.

    Averaged statistics lag behind, and those of small augmented pictures are not those of what serving shows
    (Izmailov et al. 2018 do the same for averaged weights, Touvron et al. 2019 for a change of resolution).
    """
    norms = [
        module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm) and name not in kept
    ]
    momenta = [norm.momentum for norm in norms]
    if not norms:
        return
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch then keeps the plain mean over the batches
        norm.train()
    for x in inputs:
        network(x)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def name_frozen(network: nn.Module) -> set[str]:
    """What does not learn at the moment: its statistics are what the layers after it have learnt with."""
    return {name for name, module in network.named_modules() if not module.training}
