"""Crops of the foreign objects that the aluminium line's detector calls a part: what `novelty --foreign` is told of.

    python -m tests.bench.foreign DATA OUT

DATA: the folder that make-data wrote. Those of its test side are left alone: they judge.
"""

import json
import sys
from pathlib import Path

import cv2

from inspection.config import load_settings
from inspection.images import decode
from inspection.loading import load_inspector


def main(data: Path, out: Path) -> None:
    inspector = load_inspector("aluminium", settings=load_settings())
    out.mkdir(parents=True, exist_ok=True)
    asked = kept = 0
    for side in ("train", "validation"):
        told = json.loads((data / side / "boxes.json").read_text())
        for image in told["images"]:
            if image["kind"] != "foreign":
                continue
            asked += 1
            path = data / side / image["file_name"]
            picture = decode(path.read_bytes(), name=path.name)
            for found in inspector.locate(picture)[:1]:
                kept += 1
                crop = inspector.cut(picture, found.box)
                cv2.imwrite(str(out / f"{side}-{path.stem}.png"), crop[..., ::-1])
    print(f"{kept} of {asked} foreign objects are called a part; their crops are in {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
