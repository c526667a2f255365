"""bench: ours beside the plain chain, then every model at every precision."""

from pathlib import Path
from typing import Annotated, Any

import typer

from inspection.commands.output import notes, print_json, print_table, results, show_progress
from inspection.config import load_settings
from inspection.lines import Line, load_line

PICTURES = 8
DEFAULT_LINE = "aluminium"


def run_bench(
    line: Annotated[
        str | None,
        typer.Option(
            help="Measure this line's models only, and its chain where a detector finds its part; without it all classifiers."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object.")] = False,
    rounds: Annotated[int, typer.Option(min=5, help="Rounds of the chains.")] = 60,
) -> None:
    """Measure speed here and now: two chains side by side, then each classifier at each precision and batch size."""
    from inspection.engines.benchmark import list_classifiers, run_benchmark

    chosen = load_line(line or DEFAULT_LINE)
    models = list(chosen.models) if line else list_classifiers()
    # a line without a product detector lends its models, not its chain
    chain = chosen if chosen.locate.mode == "detector" else load_line(DEFAULT_LINE)
    if chain.name != chosen.name:
        notes.print(f"no detector finds the part of line {chosen.name}: the chains are those of {chain.name}")
    with show_progress("measuring") as tick:
        result = run_benchmark(
            chain, chosen, models, load_pictures(chain), load_settings(), rounds=rounds, tick=tick
        )
    if as_json:
        print_json(result)
    else:
        print_tables(result)


def load_pictures(line: Line) -> list[bytes]:
    """640×480 JPEGs: the line's samples where they have that size, else synthesised ones."""
    from inspection.images import decode, encode_jpeg
    from inspection.learning.synthesis import render_scene

    found = [path.read_bytes() for path in line.samples() if is_jpeg(path)]
    found = [data for data in found if decode(data, name="sample").pixels.shape[:2] == (480, 640)]
    made = (encode_jpeg(render_scene(seed).pixels, quality_1_100=90) for seed in range(PICTURES - len(found)))
    return (found + list(made))[:PICTURES]


def is_jpeg(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg")


def print_tables(result: dict[str, Any]) -> None:
    machine, chain = result["machine"], result["chain"]
    results.print(
        f"{machine['cpu']}, {machine['threads']} threads, {', '.join(machine['instructions'])}; "
        f"OpenVINO {result['engines']['openvino']}, torch {result['engines']['torch']}"
    )
    weights = "trained weights" if chain["trained_weights"] else "random weights (they cost the same)"
    networks = " and ".join(chain["networks"])
    rows: list[tuple[object, ...]] = [
        (stage, dash(times["plain_ms"]), dash(times["ours_ms"])) for stage, times in chain["stages"].items()
    ]
    rows.append(("total without overlay", chain["plain_ms"], chain["ours_ms"]))
    print_table(
        ("stage", "plain chain, ms", f"ours at {chain['precision']}, ms"),
        rows,
        title=f"\n{chain['line']}, {networks}: one 640×480 JPEG → verdict with heat map, median of {chain['rounds']} rounds, "
        f"{weights}",
    )
    results.print(f"ours is {chain['ratio']:.1f} times faster (p95 of ours {chain['ours_p95_ms']:.1f} ms)")
    results.print(f"with heat map / without: {result['explain_overhead']:.3f}")
    results.print(f"our classify stage / bare inference: {result['classify_overhead']:.3f}")
    results.print(f"8 threads at once answer as one: {'yes' if chain['threads_agree'] else 'NO'}")
    print_table(
        ("model", "precision", "batch", "p50 ms", "p95 ms", "images/s"),
        [tuple(timing.values()) for timing in result["models"]],
        title="\nClassifiers, interleaved over precisions",
    )
    results.print(f"peak memory {result['peak_memory_mib']:,.0f} MiB")


def dash(value: float | None) -> object:
    return "–" if value is None else value
