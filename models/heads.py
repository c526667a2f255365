"""Each classifier's head in numpy: enough to recompute the logits from the last feature map, and to explain them.

Grad-CAM weighs channel k by α_k, the mean over places of ∂y_c/∂A_kij. Behind a global mean z = mean(A) that is
(1/hw) · ∂y_c/∂z_k, in closed form below; no backward pass, no torch. A: (C, h, w) float32.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelsError

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.spec import Classifier
    from models.timm_split import TimmSplit

F32 = NDArray[np.float32]
Activation = Literal["relu", "hard_swish"]


class HeadUnknown(ModelsError, TypeError):
    """The network's head has no description here, so its map would not be exact."""


class Head(Protocol):
    def logits(self, features: F32) -> F32:
        """(C, h, w) → (k,)"""
        ...

    def gradient(self, features: F32, class_index: int) -> F32:
        """α: (C,), the mean over places of ∂y_c/∂A; the heat map is ReLU(Σ_k α_k A_k)."""
        ...


@dataclass(frozen=True, slots=True)
class LinearHead:
    """y = W z + b"""

    weight: F32  # (k, C)
    bias: F32  # (k,)

    def logits(self, features: F32) -> F32:
        return self.weight @ pool(features) + self.bias

    def gradient(self, features: F32, class_index: int) -> F32:
        return self.weight[class_index] / count_places(features)


@dataclass(frozen=True, slots=True)
class NormLinearHead:
    """y = W (γ x̂ + β) + b with x̂ = (z − mean z) / σ, σ² = var z + ε"""

    gamma: F32  # (C,)
    beta: F32  # (C,)
    epsilon: float
    weight: F32  # (k, C)
    bias: F32  # (k,)

    def logits(self, features: F32) -> F32:
        standard, _ = self._standardise(features)
        return self.weight @ (self.gamma * standard + self.beta) + self.bias

    def gradient(self, features: F32, class_index: int) -> F32:
        standard, deviation = self._standardise(features)
        pull = self.gamma * self.weight[class_index]
        slope = (pull - pull.mean() - standard * (pull * standard).mean()) / deviation
        return slope / count_places(features)

    def _standardise(self, features: F32) -> tuple[F32, np.float32]:
        pooled = pool(features)
        deviation = np.sqrt(pooled.var() + np.float32(self.epsilon))
        return (pooled - pooled.mean()) / deviation, deviation


@dataclass(frozen=True, slots=True)
class MlpHead:
    """y = W₂ φ(W₁ z + b₁) + b₂"""

    weight1: F32  # (hidden, C)
    bias1: F32  # (hidden,)
    activation: Activation
    weight2: F32  # (k, hidden)
    bias2: F32  # (k,)

    def logits(self, features: F32) -> F32:
        hidden = self.weight1 @ pool(features) + self.bias1
        return self.weight2 @ activate(hidden, self.activation) + self.bias2

    def gradient(self, features: F32, class_index: int) -> F32:
        hidden = self.weight1 @ pool(features) + self.bias1
        slope = self.weight1.T @ (slope_of(hidden, self.activation) * self.weight2[class_index])
        return slope / count_places(features)


@dataclass(frozen=True, slots=True)
class FlattenMlpHead:
    """y = W₃ relu(W₂ relu(W₁ vec(A) + b₁) + b₂) + b₃: no pooling, so each place has its own slope."""

    weight1: F32  # (hidden1, C·h·w)
    bias1: F32
    weight2: F32  # (hidden2, hidden1)
    bias2: F32
    weight3: F32  # (k, hidden2)
    bias3: F32

    def logits(self, features: F32) -> F32:
        _, hidden2 = self._hidden(features)
        return self.weight3 @ activate(hidden2, "relu") + self.bias3

    def gradient(self, features: F32, class_index: int) -> F32:
        hidden1, hidden2 = self._hidden(features)
        slope2 = slope_of(hidden2, "relu") * self.weight3[class_index]
        slope1 = slope_of(hidden1, "relu") * (self.weight2.T @ slope2)
        return (self.weight1.T @ slope1).reshape(features.shape).mean(axis=(1, 2))

    def _hidden(self, features: F32) -> tuple[F32, F32]:
        hidden1 = self.weight1 @ features.ravel() + self.bias1
        return hidden1, self.weight2 @ activate(hidden1, "relu") + self.bias2


def pool(features: F32) -> F32:
    return features.mean(axis=(1, 2), dtype=np.float32)


def count_places(features: F32) -> np.float32:
    return np.float32(features.shape[1] * features.shape[2])


def activate(values: F32, activation: Activation) -> F32:
    if activation == "relu":
        return np.maximum(values, 0)
    return values * np.clip(values + 3, 0, 6) / np.float32(6)


def slope_of(values: F32, activation: Activation) -> F32:
    if activation == "relu":
        return (values > 0).astype(np.float32)
    slope = (2 * values + 3) / np.float32(6)
    return np.where(values <= -3, 0, np.where(values >= 3, 1, slope)).astype(np.float32)


def describe_head(network: "Classifier") -> Head:
    """The head of a built network, as float32 arrays of its own."""
    from models.compact_cnn import CompactCnn
    from models.nasnet import NasNetMobile
    from models.plain_cnn import PlainCnn
    from models.timm_split import TimmSplit
    from models.turned import Turned

    match network:
        case Turned():
            return describe_head(network.network)
        case CompactCnn() if network.num_classes == 2:
            half = copy_array(network.classifier.weight) / 2, copy_array(network.classifier.bias) / 2
            return LinearHead(np.concatenate([-half[0], half[0]]), np.concatenate([-half[1], half[1]]))
        case CompactCnn() | NasNetMobile():
            return describe_linear(network.classifier)
        case PlainCnn():
            layers = (network.dense1, network.dense2, network.classifier)
            return FlattenMlpHead(
                *(copy_array(part) for layer in layers for part in (layer.weight, layer.bias))
            )
        case TimmSplit():
            return describe_timm_head(network)
    raise HeadUnknown(
        f"Expected a classifier of the registry, got {type(network).__name__}. Describe its head in models/heads.py."
    )


def describe_timm_head(network: "TimmSplit") -> Head:
    from timm.models.byobnet import ByobNet
    from timm.models.convnext import ConvNeXt
    from timm.models.densenet import DenseNet
    from timm.models.efficientnet import EfficientNet
    from timm.models.mlp_mixer import MlpMixer
    from timm.models.mobilenetv3 import MobileNetV3
    from timm.models.resnet import ResNet
    from timm.models.resnetv2 import ResNetV2
    from timm.models.vision_transformer import VisionTransformer

    body = network.body
    match body:
        case MobileNetV3():  # pool → conv_head (1×1) → hard-swish → classifier
            first, last = describe_linear(body.conv_head), describe_linear(body.classifier)
            return MlpHead(first.weight, first.bias, "hard_swish", last.weight, last.bias)
        case ConvNeXt():  # pool → LayerNorm → fc
            norm, last = body.head.norm, describe_linear(body.head.fc)
            gamma, beta = copy_array(norm.weight), copy_array(norm.bias)
            return NormLinearHead(gamma, beta, float(norm.eps), last.weight, last.bias)
        case (
            ResNet() | ResNetV2() | EfficientNet() | DenseNet() | ByobNet() | MlpMixer() | VisionTransformer()
        ):
            return describe_linear(body.get_classifier())
    raise HeadUnknown(
        f"Expected a timm network of the registry, got {type(body).__name__}. Describe its head in models/heads.py."
    )


def describe_linear(layer: "nn.Module") -> LinearHead:
    """A linear layer, or a 1×1 convolution that stands for one."""
    weight = copy_array(layer.weight)
    return LinearHead(weight.reshape(len(weight), -1), copy_array(layer.bias))


def copy_array(tensor: "Tensor") -> F32:
    array: F32 = tensor.detach().to("cpu", copy=True).float().numpy()
    return array
