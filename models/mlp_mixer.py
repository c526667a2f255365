"""A small MLP-Mixer (Tolstikhin et al. 2021) for seed 001: timm's class, with dimensions for a few thousand pictures.

Mixer-B/16 has 59 million parameters; trained from random weights on one line's pictures it only learns them by heart.
"""

from models.timm_split import TimmSplit
from models.vision_ops import prepare


def build_mlp_mixer(num_classes: int, *, pretrained: bool = False) -> TimmSplit:
    if pretrained:
        raise LookupError(
            "There are no published weights for a Mixer this small. Build it with pretrained=False."
        )
    prepare()
    from timm.models.mlp_mixer import MlpMixer

    body = MlpMixer(num_classes=num_classes, img_size=224, patch_size=16, num_blocks=8, embed_dim=256)
    return TimmSplit(body, grid=body.stem.grid_size)
