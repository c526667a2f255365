"""How fast the belt runs, and how long a part may take then."""

from dataclasses import dataclass

from inspection.conveyor.world import VIEW_WIDTH

PITCH_M = 0.4  # from one part to the next; one field of the camera
SLOWEST_M_PER_S, FASTEST_M_PER_S = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class Pace:
    metres_per_s: float

    @classmethod
    def of_parts(cls, parts_per_min: float) -> "Pace":
        return cls(parts_per_min * PITCH_M / 60)

    @property
    def parts_per_min(self) -> float:
        return self.metres_per_s / PITCH_M * 60

    @property
    def budget_ms(self) -> float:
        """A part must be judged before the next one is there, or the line outruns the model."""
        return 60_000 / self.parts_per_min

    @property
    def px_per_s(self) -> float:
        """Pixels of the camera's picture."""
        return self.metres_per_s / PITCH_M * VIEW_WIDTH
