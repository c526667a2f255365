"""Where the defect is, as a second thing to learn: each cell of the maps is asked what it shows.

One word for a whole picture says little where a defect is a thousandth of it: a network with random weights stayed at
chance on whole parts. The mask says it for each place, and not to the last map alone: the finer ones before it see a hair
crack larger, and learn without waiting for what lies between (Lee et al. 2015, deeply-supervised nets). The extra heads
are thrown away after training; what serves is the network alone.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.spec import Classifier, ModelSpec

IGNORED = -1
LEAST_PIXELS = 4  # of a cell that a defect must cover to be asked for
EARLIER = (8, 16)  # pixels a cell of the maps that are asked beside the last one


class Passing:
    """The map that a layer gave when it was last run."""

    def __init__(self) -> None:
        self.map: Tensor | None = None

    def __call__(self, _module: nn.Module, _inputs: object, output: Tensor) -> None:
        self.map = output

    def __deepcopy__(self, _memo: object) -> "Passing":
        """An average of the network has maps of its own, and a map that is learnt from cannot be copied."""
        return Passing()


class GuidedClassifier(Classifier):
    """A classifier and 1×1 convolutions that name what each cell of a map shows: a class, or (last) nothing."""

    def __init__(self, network: Classifier, classes: int, spec: ModelSpec) -> None:
        super().__init__()
        self.network, self.classes = network, classes
        layers, channels = find_maps(network, spec)
        self.passing = [Passing() for _ in layers]
        for layer, passing in zip(layers, self.passing, strict=True):
            layer.register_forward_hook(passing)
        self.guides = nn.ModuleList(nn.Conv2d(each, classes + 1, 1) for each in channels)

    def features(self, x: Tensor) -> Tensor:
        return self.network.features(x)

    def head(self, features: Tensor) -> Tensor:
        return self.network.head(features)

    def ask(self, features: Tensor, masks: Tensor, labels: Tensor) -> Tensor:
        """features: what was just made of the batch · masks: (n, s, s), 0 to 255 · labels: (n,) → how far the cells are off."""
        maps = [*(passing.map for passing in self.passing), features]
        losses = []
        for guide, shown in zip(self.guides, maps, strict=True):
            assert shown is not None
            cells = (int(shown.shape[2]), int(shown.shape[3]))
            asked = cell_targets(masks, labels, cells=cells, classes=self.classes)
            losses.append(guide_loss(guide(shown), asked))
        return torch.stack(losses).mean()


def find_maps(network: Classifier, spec: ModelSpec) -> tuple[list[nn.Module], list[int]]:
    """The last layers that give maps of `EARLIER`; the channels of their maps and, last, of the features."""
    last: dict[int, tuple[nn.Module, int]] = {}

    def note(module: nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] == output.shape[3]:
            last[spec.input_size // output.shape[2]] = (module, output.shape[1])

    hooks = [module.register_forward_hook(note) for module in network.modules() if module is not network]
    was_training = network.training
    network.eval()  # batch statistics must not see the example
    with torch.no_grad():
        example = torch.zeros(1, spec.channels, spec.input_size, spec.input_size)
        features = network.features(example)
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    earlier = [
        last[pixels] for pixels in EARLIER if pixels in last and pixels * features.shape[2] < spec.input_size
    ]
    return [layer for layer, _ in earlier], [*(count for _, count in earlier), int(features.shape[1])]


def cell_targets(masks: Tensor, labels: Tensor, *, cells: tuple[int, int], classes: int) -> Tensor:
    """masks: (n, s, s), 0 to 255; labels: (n,) → (n, h, w): the class where the defect is, `classes` where nothing is.

    A cell that a defect only touches may be called either: it is not asked.
    """
    covered = functional.adaptive_avg_pool2d(masks.float() / 255, cells)
    least = LEAST_PIXELS * cells[0] * cells[1] / (masks.shape[1] * masks.shape[2])
    found = torch.full(covered.shape, classes, dtype=torch.int64, device=labels.device)
    found[covered > 0] = IGNORED
    return torch.where(covered >= least, labels[:, None, None], found)


def guide_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cells with a defect and cells without count half each: there are forty times more of the latter."""
    losses = functional.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="none")
    nothing = targets == logits.shape[1] - 1
    chosen = torch.stack([(targets != IGNORED) & ~nothing, nothing]).flatten(1).float()
    counts = chosen.sum(dim=1)  # never asked whether they are zero: a GPU would be waited for at each step
    means = (chosen * losses.flatten()).sum(dim=1) / counts.clamp(min=1)
    return means.sum() / (counts > 0).sum().clamp(min=1)
