"""What may well be meant, and costs a training where it is not: told before it begins."""

from inspection.learning.augment_presets import PRESETS
from inspection.learning.config import TrainConfig
from inspection.learning.looks import ONE_LOOK, Looks
from inspection.lines import Line
from inspection.wording import say_number

LEAST_TURN = 90  # degrees to either side: a part that teaches lies in any pose


def find_doubts(
    line: Line, config: TrainConfig, *, epochs: int | None = None, looks: Looks = ONE_LOOK
) -> list[str]:
    """epochs: as they were asked for. looks: how what is released will look at a part."""
    from models.registry import find_spec

    spec, doubts = find_spec(config.model), []
    side = looks.side or spec.input_size
    if config.final_size != side:
        doubts.append(
            f"the last stage shows {config.final_size} px, but {config.model} is judged at {side}: the epoch is chosen at another size "
            f"than it will serve at. End with a stage of {side} px."
        )
    if spec.task == "detect" and line.locate.mode == "frame" and line.defect_detector != config.model:
        doubts.append(
            f"{config.model} learns one class, the part. To have it learn the defects of {line.name}, name it as defect_detector in "
            f"the line's file first."
        )
    if spec.task == "detect" and config.class_balance != "none":
        doubts.append(
            f"{config.model} finds boxes, and boxes are not balanced: --balance changes nothing here."
        )
    if spec.task == "detect" and config.guide:
        doubts.append(
            f"{config.model} finds boxes: the masks and the windows of this recipe change nothing here. Name one that begins with detect."
        )
    if spec.task == "detect" and config.trainable:
        doubts.append(
            f"{config.model} finds boxes, and all of a finder of boxes learns: --layers changes nothing here."
        )
    staged = sum(count for count, _ in config.trainable)
    if config.trainable and staged != config.epochs:
        doubts.append(
            f"which layers learn is named for {say_number(staged, 'epoch')} (--layers) and the training has {config.epochs}: "
            + (
                "the last that is named holds for the others."
                if staged < config.epochs
                else "what lies beyond changes nothing."
            )
        )
    if config.restart and (len(config.sizes) == 1 or config.schedule == "constant"):
        doubts.append(
            "there is one stage, or a rate that does not change: --restart changes nothing here. Name stages by --sizes."
        )
    learnt = PRESETS[config.augment].rotate_degrees
    if looks.turns > 1 and learnt < LEAST_TURN:
        doubts.append(
            f"this recipe turns pictures by at most {learnt:g}°: a quarter further, as {looks.turns} looks go, it judges what it does not "
            f"learn here. Have it look once (--turns 1), or name a recipe whose parts lie in any pose."
        )
    if epochs is not None and config.epochs != epochs:
        doubts.append(
            f"the recipe keeps its own {config.epochs} epochs: --epochs {epochs} changes nothing here. To have {epochs}, "
            f"say --sizes {epochs}x{config.final_size} instead."
        )
    return doubts


def find_share_doubts(pictures: int, config: TrainConfig) -> list[str]:
    """Known only once the pictures are counted."""
    shared, shown = int(pictures * config.share), min(pictures, config.batch_size)
    if config.share == 1 or shared >= config.batch_size:
        return []
    return [
        f"a share of {config.share:g} is {say_number(shared, 'picture')} of {pictures}, less than one batch: an epoch shows "
        f"{say_number(shown, 'picture')} in one step. Raise --share or lower --batch."
    ]
