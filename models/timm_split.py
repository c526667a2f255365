"""timm networks, split where the heat map is taken: timm's forward_features / forward_head is that split."""

from typing import Any

from torch import Tensor, nn

from models.spec import Classifier
from models.vision_ops import prepare


class TimmSplit(Classifier):
    """features: (n, C, h, w), tokens laid back on their grid · head: timm's pooling and classifier."""

    def __init__(self, body: nn.Module, *, grid: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.body: Any = body
        self.grid = grid  # rows and columns of a network that works on tokens, else None

    def features(self, x: Tensor) -> Tensor:
        features: Tensor = self.body.forward_features(x)
        if self.grid is None:
            return features
        return features.transpose(1, 2).unflatten(2, self.grid)  # (n, tokens, C) → (n, C, h, w)

    def head(self, features: Tensor) -> Tensor:
        if self.grid is not None:
            features = features.flatten(2).transpose(1, 2)
        logits: Tensor = self.body.forward_head(features)
        return logits


def create_timm(
    architecture: str, num_classes: int, *, pretrained: bool = False, **options: object
) -> nn.Module:
    """timm's own network; `pretrained` fetches its ImageNet weights."""
    prepare()
    import timm

    body: nn.Module = timm.create_model(
        architecture, num_classes=num_classes, pretrained=pretrained, **options
    )
    return body


def build_timm(architecture: str, num_classes: int, *, pretrained: bool = False) -> TimmSplit:
    return TimmSplit(create_timm(architecture, num_classes, pretrained=pretrained))


def build_vit_small(num_classes: int, *, pretrained: bool = False) -> TimmSplit:
    """ViT-S/16 that pools its patch tokens, so that each of them has a say in the score (and a heat map).

    The published weights have a class token: it is left out, and its position with it.
    """
    name = "vit_small_patch16_224"
    body: Any = create_timm(name, num_classes, class_token=False, global_pool="avg", fc_norm=False)
    if pretrained:
        donor = create_timm(name, num_classes, pretrained=True)
        body.load_state_dict(drop_class_token(donor.state_dict()))
    return TimmSplit(body, grid=body.patch_embed.grid_size)


def drop_class_token(state: dict[str, Tensor]) -> dict[str, Tensor]:
    kept = {name: tensor for name, tensor in state.items() if name != "cls_token"}
    kept["pos_embed"] = state["pos_embed"][:, 1:]  # (1, 1 + tokens, C) → (1, tokens, C)
    return kept
