"""ResNet18 with channel and spatial attention in every block (CBAM, Woo et al. 2018): seed 003's attention."""

from torch import nn

from models.timm_split import TimmSplit, create_timm


def build_resnet18_cbam(num_classes: int, *, pretrained: bool = False) -> TimmSplit:
    body = create_timm("resnet18", num_classes, block_args={"attn_layer": "cbam"})
    if pretrained:  # published for the plain ResNet18: the attention starts from random weights
        adopt_weights(body, create_timm("resnet18", num_classes, pretrained=True))
    return TimmSplit(body)


def adopt_weights(body: nn.Module, donor: nn.Module) -> None:
    """Take over every tensor of `donor`; only the attention may be missing there."""
    result = body.load_state_dict(donor.state_dict(), strict=False)
    misfits = [name for name in result.missing_keys if ".se." not in name] + result.unexpected_keys
    if misfits:
        raise ValueError(f"Expected the weights of a plain ResNet18; these do not fit: {', '.join(misfits)}.")
