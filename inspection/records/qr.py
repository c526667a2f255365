"""A QR code as a square of dark and light, and as a picture. The encoder is reportlab's; a phone reads it back."""

import numpy as np

from inspection.types import U8

_MOST_BYTES = 300  # beyond it the squares are too small for a printed page


def build_qr(text: str) -> list[list[bool]]:
    """Rows of modules, True is dark; error correction M: it survives 15 % of it being smudged."""
    from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel

    if not text.isascii() or len(text) > _MOST_BYTES:
        raise ValueError(f"Expected at most {_MOST_BYTES} ASCII characters for a QR code, got {text[:40]!r}.")
    code = QRCode(None, QRErrorCorrectLevel.M)
    code.addData(text)
    code.make()
    size = code.getModuleCount()
    return [[bool(code.isDark(row, column)) for column in range(size)] for row in range(size)]


def draw_qr(text: str, *, module_px: int = 6) -> U8:
    """(side, side, 3), with the four light modules around it that the standard asks for."""
    modules = np.array(build_qr(text))
    light = np.where(np.pad(modules, 4), 0, 255).astype(np.uint8)
    return np.repeat(np.kron(light, np.ones((module_px, module_px), np.uint8))[..., None], 3, axis=2)
