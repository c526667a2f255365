"""Published weights are taken over by these two steps; the fetching itself is timm's."""

import pytest
import torch
from torch import nn

from models.cbam import adopt_weights, build_resnet18_cbam
from models.timm_split import build_vit_small, create_timm, drop_class_token


def test_vit_takes_over_weights_that_have_a_class_token() -> None:
    donor = create_timm("vit_small_patch16_224", 3, depth=1)
    state = donor.state_dict()
    body = create_timm(
        "vit_small_patch16_224", 3, depth=1, class_token=False, global_pool="avg", fc_norm=False
    )
    body.load_state_dict(drop_class_token(state))
    torch.testing.assert_close(body.state_dict()["pos_embed"], state["pos_embed"][:, 1:])
    assert "cls_token" in state and "cls_token" not in body.state_dict()


def test_vit_and_its_donor_have_the_same_names() -> None:
    with torch.device("meta"):
        donor = create_timm("vit_small_patch16_224", 2)
        ours = build_vit_small(2).body
    assert drop_class_token(donor.state_dict()).keys() == ours.state_dict().keys()


def test_cbam_takes_over_a_plain_resnet18() -> None:
    donor, network = create_timm("resnet18", 2), build_resnet18_cbam(2)
    adopt_weights(network.body, donor)
    ours = network.body.state_dict()
    for name, tensor in donor.state_dict().items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=0)


def test_cbam_refuses_weights_that_lack_more_than_attention() -> None:
    with pytest.raises(ValueError, match="these do not fit: conv1.weight"):
        adopt_weights(build_resnet18_cbam(2).body, nn.Identity())
