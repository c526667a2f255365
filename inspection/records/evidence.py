"""The numbers behind a verdict, as they were: the heat map's grid and the features, in one safetensors blob."""

from dataclasses import dataclass

import numpy as np

from inspection.records.errors import PictureAltered
from inspection.types import F32


@dataclass(frozen=True, slots=True)
class Evidence:
    grid: F32 | None  # (h, w)
    features: F32 | None  # (channels,)


def pack_evidence(evidence: Evidence) -> bytes | None:
    """The same numbers always give the same bytes, so the same picture seen twice costs one blob."""
    from safetensors.numpy import save

    named = {"grid": evidence.grid, "features": evidence.features}
    arrays = {
        name: np.ascontiguousarray(array, dtype="<f4") for name, array in named.items() if array is not None
    }
    return save(arrays) if arrays else None


def unpack_evidence(data: bytes) -> Evidence:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(data)
    except SafetensorError as error:
        raise PictureAltered(
            f"Expected a heat map in safetensors, got {len(data)} other bytes ({error}). Run verify."
        ) from error
    return Evidence(grid=arrays.get("grid"), features=arrays.get("features"))
