"""splits: the keys of the pictures that taught, chose and judged, stored beside the cards that state their hash."""

from pathlib import Path
from typing import Annotated

import typer

from inspection.commands.output import Exit, notes, results
from inspection.config import load_settings
from inspection.lines import load_line


def store_splits(
    line: Annotated[str, typer.Argument(help="The production line.")],
    data: Annotated[Path, typer.Option(help="The line's pictures.")],
) -> None:
    """Split the pictures as the cards were split, check the hash, store the keys. Exit status 1 where a card differs."""
    from inspection.learning.known_split import list_known_splits
    from inspection.learning.split_store import split_path, store_split
    from inspection.learning.splits import hash_split
    from models.card import read_card

    settings, definition = load_settings(), load_line(line)
    home = settings.weights_dir / line
    splits = [found.split for _, found in list_known_splits(definition, data)]
    known = {hash_split(split): split for split in splits}
    unknown = 0
    for path in sorted(home.glob("*.json")):
        card = read_card(path)
        digest = str(card.data["split"]["sha256"])
        if digest in known:
            stored = store_split(known[digest], home)
            results.print(f"{card.model}: {stored.name}, {stored.stat().st_size / 1e3:.0f} kB")
        elif split_path(home, digest).is_file():
            results.print(f"{card.model}: {digest}, stored before")
        else:
            unknown += 1
            notes.print(f"{card.model}: was split otherwise than {data} is now ({digest[:12]}…)")
    raise typer.Exit(Exit.FOUND_PROBLEMS if unknown else Exit.OK)
