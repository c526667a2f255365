"""The whole of RESULTS.md, in the order in which it is read. The same evaluations give the same bytes."""

from inspection.config import Settings
from inspection.learning.results.casting_groups import describe_groups
from inspection.learning.results.documents import describe_documents
from inspection.learning.results.gather import ORDER, gather_lines
from inspection.learning.results.line_sections import describe_line
from inspection.learning.results.targets import Results, tabulate_targets
from inspection.published import SLIPS

HEAD = """# Results

Made by `python -m inspection results` (`make results`) from the evaluations that ship under `models/weights/`; edit nothing
here by hand. A test holds this page against them.

How to read it:

- Accuracies, escapes and false rejects have their 95 % interval and the count n behind them: Wilson's for accuracies, Clopper
  and Pearson's for escapes (a defective part called good) and false rejects, whole parts drawn again where variants of a part
  are counted; mAP's draws whole pictures again, and lies a little high where pictures are few. Recall of boxes has Wilson's,
  as if each box were a picture of its own: where pictures hold several it may be too narrow. F1, precision of boxes,
  calibration errors, worse pictures and mAP beside the documents' own are printed without, as theirs are.
- *f32* is the reference, *INT8* what runs unless it is withheld. Both are measured on the weights as they are stored.
- Models are chosen on validation pictures. Test pictures only judge; where they were looked at more than once, LOG.md says so.
- Calibration error is that of 15 bins, after the temperature that was fitted on validation pictures, or on parts made for it (`calibrate`).
- *More parts* are made ones of the test side's designs, under a seed of their own. They judge; nothing is chosen by them. Of a
  champion that has them, its target of calibration is held against theirs.
- The pictures of the aluminium line are synthesised, those of casting and steel are photographs. Figures of the one
  say nothing about the other.
- *not trained* means just that: the architecture is in the registry, its weights are not there.
- *reached* holds the measured figure against the target. Where the target lies inside the interval, so few pictures do
  not prove it: one picture of 240 is 0.4 points.
- No weights of ImageNet were used: every network began from random weights, or from ours of another line.
"""


def render_results(settings: Settings) -> str:
    results = gather_lines(settings)
    told = [HEAD, "## What it set out to reach\n", tabulate_targets(results), describe_missing(results)]
    for name in ORDER:
        told.append(describe_line(results[name]))
        if results[name].line.data.groups is not None:
            told.append(describe_groups(results[name].line))
    told += ["## Beside the documents\n", describe_documents(results), describe_slips()]
    return "\n".join(part.rstrip("\n") + "\n" for part in told)


def describe_missing(results: Results) -> str:
    told = []
    for name in ORDER:
        missing = [each.title for each in results[name].models if each.card is None]
        if missing:
            told.append(f"- {name}: {', '.join(missing)}")
    if not told:
        return "Every model that a line names is trained.\n"
    return "Not trained yet:\n\n" + "\n".join(told) + "\n"


def describe_slips() -> str:
    told = [f"- **{slip.document}, {slip.where}.** {slip.words}" for slip in SLIPS]
    return (
        "## Slips in the documents\n\nNumbers that contradict themselves; theirs stand above as printed.\n\n"
        + "\n".join(told)
        + "\n"
    )
