"""The errors a person can cause. Each says what was expected, what came and what to do next."""


class AssayError(Exception):
    """Base of everything a person can act on; anything else is a fault of ours and crashes visibly."""

    @property
    def kind(self) -> str:
        return type(self).__name__


class PictureRefused(AssayError):
    """The bytes are not a picture that can be inspected."""


class PictureEmpty(PictureRefused): ...


class PictureTooLarge(PictureRefused): ...


class PictureUnsupported(PictureRefused): ...


class PictureDamaged(PictureRefused): ...


class PictureAnimated(PictureRefused): ...


class LineUnknown(AssayError): ...


class LineInvalid(AssayError): ...


class ModelUnknown(AssayError): ...


class WeightsMissing(AssayError): ...


class WeightsRefused(AssayError): ...


class PrecisionUnavailable(AssayError): ...


class DataInvalid(AssayError): ...
