"""Published pictures of a round part on plain ground → pictures of it on belts, with boxes, for a product detector."""

from inspection.learning.setting.cut import Cut, cut_part
from inspection.learning.setting.on_belt import Laid, lay_on_belt
from inspection.learning.setting.sources import Source, divide_sources
from inspection.learning.setting.write import Written, write_set_parts

__all__ = ["Cut", "Laid", "Source", "Written", "cut_part", "divide_sources", "lay_on_belt", "write_set_parts"]
