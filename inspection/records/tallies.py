"""What the hourly and daily counts hold: whole numbers, so that adding up in any order gives the same."""

from inspection.records.record import HOUR_US, Columns

SPANS_HOURS = (1, 24)
# (hour, topic) → number, sum of scores in millionths, sum of latencies in microseconds
TallySums = dict[tuple[int, int], list[int]]


def count_one(sums: TallySums, columns: Columns, topic_id: int) -> None:
    one = sums.setdefault((columns.at_us // HOUR_US, topic_id), [0, 0, 0])
    one[0] += 1
    one[1] += round((columns.score_0_1 or 0.0) * 1e6)
    one[2] += round((columns.latency_ms or 0.0) * 1e3)


def list_tallies(sums: TallySums) -> list[dict[str, int]]:
    """Rows for the table, one for each span that each hour lies in."""
    rows: dict[tuple[int, int, int], list[int]] = {}
    for (hour, topic_id), values in sums.items():
        for span in SPANS_HOURS:
            row = rows.setdefault((span, hour // span, topic_id), [0, 0, 0])
            for place, value in enumerate(values):
                row[place] += value
    names = ("span_hours", "start", "topic_id", "n", "score_ppm", "latency_us")
    return [dict(zip(names, (*key, *values), strict=True)) for key, values in rows.items()]
