"""What can go wrong while a record is kept, found or checked. The inspection itself stands in every case."""

from inspection.errors import AssayError


class StoreError(AssayError):
    """The store could not do it: the caller shows the inspection and marks it as not kept."""


class StoreFull(StoreError): ...


class StoreBusy(StoreError): ...


class StoreLost(StoreError):
    """The database or the picture store cannot be reached, or is not the one that was opened."""


class StoreReadOnly(StoreError): ...


class StoreDamaged(StoreError): ...


class StoreTooNew(StoreError):
    """A newer release has written the store; this one would misread it."""


class RecordRefused(StoreError):
    """What was handed over may not become a record."""


class CorrectionContradicts(RecordRefused):
    """Verdict and class of the correction cannot both be true."""


class CorrectedMeanwhile(RecordRefused):
    """By somebody else, after the person looked: the change was not chosen against what holds now."""


class RecordUnknown(StoreError): ...


class PictureMissing(StoreError): ...


class PictureAltered(StoreError): ...


class SearchRefused(StoreError): ...


class KeyRefused(StoreError):
    """The signing key is missing, unreadable, or open to others."""


class CheckpointRefused(StoreError):
    """The file is not a checkpoint, or its signature does not hold."""
