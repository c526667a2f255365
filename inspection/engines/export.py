"""torch network → OpenVINO model that takes pictures as they are: uint8, height × width × channels."""

import warnings
from typing import TYPE_CHECKING, Any

from models.spec import Classifier, ModelSpec

if TYPE_CHECKING:
    import openvino as ov
    from torch import Tensor, nn


def build_emitter(network: "nn.Module") -> "nn.Module":
    """A classifier emits (logits, last feature map) in one run; a detector its candidates."""
    from torch import nn

    class Emitter(nn.Module):
        def __init__(self, classifier: Classifier) -> None:
            super().__init__()
            self.classifier = classifier

        def forward(self, x: "Tensor") -> "tuple[Tensor, Tensor]":
            features = self.classifier.features(x)
            return self.classifier.head(features), features

    return Emitter(network).eval() if isinstance(network, Classifier) else network.eval()


def export_network(network: "nn.Module", spec: ModelSpec, *, batch: int = 1) -> "ov.Model":
    """Static shapes throughout: INT8 with a dynamic dimension has crashed OpenVINO on AMX (openvino#37577)."""
    import openvino as ov
    import torch
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    side, channels = spec.input_size, spec.channels
    shape = [batch, channels, side, side]
    with torch.inference_mode(), warnings.catch_warnings():
        # The tracer warns that a check of a shape becomes a constant; every shape here is one.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        # Left alone, it traces a second time to compare: half the time, and every architecture is tested against torch.
        traced = TorchScriptPythonDecoder(
            build_emitter(network), example_input=torch.zeros(shape), trace_kwargs={"check_trace": False}
        )
        model = ov.convert_model(traced, input=[shape])
    return name_by_order(fold_preprocessing(model, spec))


def name_by_order(model: "ov.Model") -> "ov.Model":
    """Operations get counters of the process in their names, and NNCF orders by name: with names by place in the graph,
    two processes quantise the same network into the same graph."""
    for index, node in enumerate(model.get_ordered_ops()):
        node.set_friendly_name(f"op{index:05d}")
    return model


def fold_preprocessing(model: "ov.Model", spec: ModelSpec) -> "ov.Model":
    """The engine converts, normalises and transposes; resizing stays with cv2, in training as in serving."""
    import openvino as ov
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(model)
    picture = steps.input(0)
    picture.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    picture.preprocess().convert_element_type(ov.Type.f32)
    picture.preprocess().mean([255.0 * value for value in spec.mean])
    picture.preprocess().scale([255.0 * value for value in spec.std])
    picture.model().set_layout(ov.Layout("NCHW"))
    built: Any = steps.build()
    return built
