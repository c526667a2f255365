"""The live line's answers as an ECharts option: drawn over and over without being remounted."""

from collections.abc import Sequence
from typing import Any

from inspection.conveyor.tally import Answer
from inspection.types import VerdictKind
from inspection.ui.palette import NEUTRAL, STAGE_COLOURS, VERDICT_STYLES

SHOWN_ANSWERS = 120


def build_answers(answers: Sequence[Answer], budget_ms: float) -> dict[str, Any]:
    """A point a part: shot to verdict, of it the inspection; the line is what the belt's speed allows."""
    shown = answers[-SHOWN_ANSWERS:]
    top = max([budget_ms, *(answer.answer_ms for answer in shown)]) * 1.08
    return {
        "animation": False,
        "grid": {"left": 8, "right": 16, "top": 34, "bottom": 26, "containLabel": True},
        "legend": {"top": 0, "left": 0, "data": ["shot to verdict", "inspection alone"]},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.1f ms"},
        "xAxis": {
            "type": "value",
            "name": "part",
            "nameLocation": "middle",
            "nameGap": 26,
            "minInterval": 1,
            "min": shown[0].number if shown else 0,
            "max": shown[-1].number if len(shown) > 1 else None,
        },
        "yAxis": {"type": "value", "min": 0, "max": round(top), "axisLabel": {"formatter": "{value} ms"}},
        "series": [
            {
                "name": "shot to verdict",
                "type": "line",
                "showSymbol": len(shown) < 40,
                "symbolSize": 5,
                "itemStyle": {"color": STAGE_COLOURS["classify"]},
                "data": [[answer.number, round(answer.answer_ms, 2)] for answer in shown],
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "label": {
                        "formatter": f"a part may take {budget_ms:,.0f} ms",
                        "position": "insideEndTop",
                    },
                    "lineStyle": {"color": VERDICT_STYLES[VerdictKind.REJECT].fill, "type": "dashed"},
                    "data": [{"yAxis": round(budget_ms, 1)}],
                },
            },
            {
                "name": "inspection alone",
                "type": "line",
                "showSymbol": False,
                "lineStyle": {"type": "dotted"},
                "itemStyle": {"color": NEUTRAL},
                "data": [[answer.number, round(answer.inspect_ms, 2)] for answer in shown],
            },
        ],
    }
