"""The root of what a person can act on below `models`; it loads nothing."""


class ModelsError(Exception):
    """A network, its weights or its card cannot be used as asked."""
