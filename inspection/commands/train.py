"""train: one model of a line, from a folder of pictures to weights with their card."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.doubts import find_doubts
from inspection.commands.make_data import require_synthetic
from inspection.commands.naming import tell_released
from inspection.commands.output import Exit, notes, results, show_share
from inspection.commands.stages import check_epochs, parse_layers, parse_sizes
from inspection.commands.training_options import (
    Batch,
    Device,
    Epochs,
    Rate,
    Recipe,
    Seed,
    Share,
    Side,
    Sizes,
    Threads,
    Turns,
)
from inspection.commands.training_runs import (
    learn_classes,
    train_classification,
    train_detection,
    train_patches,
)
from inspection.config import Settings, load_settings
from inspection.errors import DataInvalid
from inspection.learning.config import MADE_SEED, MOST_MADE, MOST_SEED, ClassBalance, TrainConfig
from inspection.lines import Line, load_line

DETECTOR_EPOCHS, CLASSIFIER_EPOCHS = 30, 40


def train_model(
    line: Annotated[str, typer.Argument(help="The production line.")],
    model: Annotated[str, typer.Option(help="A model of the zoo.")],
    data: Annotated[Path, typer.Option(help="The line's pictures.")],
    epochs: Epochs = None,
    device: Device = "cpu",
    recipe: Recipe = None,
    warm_start: Annotated[Path | None, typer.Option(help="Weights to start from, of any line.")] = None,
    threads: Threads = 0,
    seed: Seed = 0,
    sizes: Sizes = None,
    batch: Batch = None,
    share: Share = None,
    rate: Rate = None,
    layers: Annotated[
        str | None,
        typer.Option(
            help="How many of the last layers learn, as EPOCHSxLAYERS,… or EPOCHSxall: the fewer, the faster a step."
        ),
    ] = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="The rate begins anew in each stage of --sizes.")
    ] = False,
    balance: Annotated[
        ClassBalance | None,
        typer.Option(
            help="Rare classes count more (weights, 1/√frequency) or are shown more often (sampling)."
        ),
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="A trained model of the line to learn from as well.")
    ] = None,
    patches: Annotated[
        bool,
        typer.Option(
            "--patches", help="Learn from pieces around the defects; start the real training from it."
        ),
    ] = False,
    small: Annotated[bool, typer.Option("--small", help="Store eight bits a channel.")] = False,
    turns: Turns = None,
    side: Side = None,
    made: Annotated[
        int,
        typer.Option(
            min=0,
            max=MOST_MADE,
            help="Parts of a synthetic line that are made while the network learns, instead of those of --data, which then only "
            "calibrate, choose and judge. For a GPU beside many cores.",
        ),
    ] = 0,
    made_seed: Annotated[
        int,
        typer.Option(
            min=MADE_SEED,
            max=MOST_SEED,
            help="Of the parts of --made: another makes others, for a training that goes on.",
        ),
    ] = MADE_SEED,
    free_forms: Annotated[
        bool,
        typer.Option(
            "--free-forms",
            help="Half of the parts of --made have an outline of their own instead of one of the line's designs.",
        ),
    ] = False,
    faint: Annotated[
        bool,
        typer.Option(
            "--faint",
            help="Of the parts of --made a third of the defects have less than a tenth of the strength they can have, instead of a tenth of them.",
        ),
    ] = False,
    later: Annotated[
        bool,
        typer.Option(
            "--later", help="Only learn here; `release` does the rest later, on another machine perhaps."
        ),
    ] = False,
    note: Annotated[
        list[str] | None, typer.Option(help="What the card is to say besides; may be given several times.")
    ] = None,
) -> None:
    """Train, calibrate, evaluate and write the weights with their card. Started again, it goes on where it stopped."""
    from inspection.learning.looks import ONE_LOOK, keep_looks, settle_looks
    from inspection.learning.pace import settle_precision
    from models.registry import find_spec

    settings, definition = load_settings(), load_line(line)
    run_dir = settings.var_dir / "runs" / line / model
    detects = find_spec(model).task == "detect"
    of_classifiers = {
        "--patches": patches,
        "--teacher": teacher is not None,
        "--turns": turns is not None,
        "--side": side is not None,
        "--made": made > 0,
        "--later": later,
    }
    for option, asked in of_classifiers.items():
        if detects and asked:
            raise DataInvalid(
                f"Expected a classifier with {option}, got {model}, which finds boxes. Name a classifier, or leave {option} out."
            )
    for option, asked in (("--made", made > 0), ("--later", later)):
        if patches and asked:
            raise DataInvalid(
                f"Expected --patches or {option}, got both: pieces are cut from stored pictures, and never released. Leave one out."
            )
    if not made and (made_seed != MADE_SEED or free_forms or faint):
        notes.print(
            "no parts are made, so --made-seed, --free-forms and --faint change nothing here: say how many by --made."
        )
    if later and (small or note):
        notes.print(
            "nothing is released yet, so --small and --note change nothing here: say them to `release`."
        )
    if patches and (small or note or turns is not None or side is not None):
        notes.print(
            "patches are not released, so --small, --note, --turns and --side change nothing here: say them with what starts from them."
        )
    stages = None if sizes is None else parse_sizes(sizes)
    if made and stages is None:  # what is made is made at one size
        stages = ((epochs or CLASSIFIER_EPOCHS, find_spec(model).input_size),)
    check_epochs(epochs, stages)
    if made:
        require_synthetic(line)
    start = None if warm_start is None else str(warm_start)
    config = plan_run(
        definition,
        model,
        recipe=recipe,
        epochs=epochs or (DETECTOR_EPOCHS if detects else CLASSIFIER_EPOCHS),
        changes={
            "device": device,
            "warm_start": start,
            "threads": threads,
            "seed": seed,
            **({} if stages is None else {"sizes": stages}),
            **({} if batch is None else {"batch_size": batch}),
            **({} if share is None else {"share": share}),
            **({} if rate is None else {"learning_rate": rate}),
            **({} if layers is None else {"trainable": parse_layers(layers)}),
            **({"restart": True} if restart else {}),
            **(
                {"made": made, "made_seed": made_seed, "free_forms": free_forms, "faint": faint}
                if made
                else {}
            ),
            **({} if balance is None else {"class_balance": balance}),
            **({} if teacher is None else name_teacher(settings, line, teacher)),
        },
    )
    if made:
        from inspection.learning.made_task import check_made

        check_made(config)
    looks = settle_looks(line, config, turns=turns, side=side)
    for doubt in find_doubts(definition, config, epochs=epochs, looks=ONE_LOOK if patches else looks):
        notes.print(doubt)
    take_in_added(definition, data, settings)
    if patches:
        weights = train_patches(definition, config, data, run_dir.with_name(f"{model}-patches"), settings)
        results.print(f"start from it with --warm-start {weights}")
        raise typer.Exit(Exit.OK)
    config = settle_precision(config, run_dir, tell=notes.print)
    said = tuple(note or ())
    if later:
        keep_looks(looks, run_dir)
        learn_classes(definition, config, data, run_dir, settings)
        results.print(f"release it with: python -m inspection release {line} --run {run_dir} --data {data}")
        raise typer.Exit(Exit.OK)
    if detects:
        card = train_detection(definition, config, data, run_dir, settings, small=small, said=said)
    else:
        card = train_classification(
            definition, config, data, run_dir, settings, small=small, said=said, looks=looks
        )
    tell_released(definition, card, settings)
    raise typer.Exit(Exit.OK)


def take_in_added(line: Line, data: Path, settings: Settings) -> None:
    """Before anything is split: pictures without a group would be refused."""
    from inspection.learning.added import take_in

    with show_share("finding the groups of added pictures") as tick:
        said = take_in(line, data, settings, progress=tick)
    if said is not None:
        notes.print(said)


def name_teacher(settings: Settings, line: str, teacher: str) -> dict[str, str]:
    weights = settings.weights_dir / line / f"{teacher}.safetensors"
    if not weights.is_file():
        raise DataInvalid(
            f"Expected trained weights of {teacher} for {line}, got none. Train the teacher first."
        )
    return {"teacher": teacher, "teacher_weights": str(weights)}


def plan_run(
    line: Line, model: str, *, recipe: str | None, epochs: int, changes: dict[str, object]
) -> TrainConfig:
    from inspection.learning.recipes import check_side, make_config
    from models.registry import find_spec

    spec = find_spec(model)
    if spec.task == "detect":
        names = line.classes if line.defect_detector == model else ("part",)
        recipe = recipe or ("detect-strip" if line.locate.mode == "frame" else "detect")
    else:
        names = line.classes
        recipe = recipe or ("strip" if line.locate.mode == "frame" else "line")
    config = make_config(line.name, model, names, recipe=recipe, epochs=epochs, **changes)
    for _, side in config.sizes:
        check_side(model, side, "stages")
    return config
