"""The published tables as data: complete, and their slips true by arithmetic."""

import pytest

from inspection.lines import list_lines, load_line
from inspection.published import (
    CLASSES,
    COMPARABLE,
    DOCUMENTS,
    MATRICES,
    RATIOS_002,
    ROWS,
    SLIPS,
    TIMINGS_002,
    PublishedMatrix,
    PublishedRow,
    list_rows,
    list_slips,
)
from inspection.published_tables import AUGMENTED_002, CHAIN_000
from models.registry import REGISTRY, build_network


def row_of(document: str, where: str, model: str) -> PublishedRow:
    (found,) = (
        row
        for row in ROWS
        if (row.document, row.model) == (document, model) and row.where == where and not row.note
    )
    return found


def test_every_row_names_a_document_and_a_model_of_the_registry() -> None:
    for row in ROWS:
        assert row.document in DOCUMENTS and (row.model is None or row.model in REGISTRY)
        for value in (row.accuracy, row.precision, row.recall, row.f1):
            assert value is None or 0 <= value <= 100
    assert {slip.document for slip in SLIPS} <= set(DOCUMENTS)
    assert len({(row.document, row.where, row.title) for row in ROWS}) == len(ROWS)


def test_each_line_says_what_cannot_be_compared() -> None:
    assert set(COMPARABLE) <= set(list_lines())
    for line, documents in COMPARABLE.items():
        assert all("omparable" in words for _, words in documents)
        assert list_rows(line) and list_slips(line)
        assert {row.document for row in list_rows(line)} <= {code for code, _ in documents}
    assert list_rows("unheard-of") == () and list_slips("unheard-of") == ()


def test_the_published_classes_are_those_of_our_line() -> None:
    assert {each.class_name for each in CLASSES} == set(load_line("aluminium").classes)


@pytest.mark.parametrize("matrix", MATRICES, ids=lambda matrix: matrix.model)
def test_confusion_matrices_have_the_stated_test_set(matrix: PublishedMatrix) -> None:
    assert matrix.defective_found + matrix.defective_passed == 899
    assert matrix.good_rejected + matrix.good_passed == 624
    printed = row_of("001", "Table 1", matrix.model).accuracy
    agrees = abs(matrix.accuracy - printed) < 0.02
    assert agrees == (matrix.model != "plain_cnn")


def test_slip_the_plain_cnn_calls_every_part_defective() -> None:
    (matrix,) = (each for each in MATRICES if each.model == "plain_cnn")
    assert matrix.accuracy == pytest.approx(59.03, abs=0.005)
    # the precision printed is the share of defective parts squared: weighted over two classes, one never called
    assert (matrix.accuracy / 100) ** 2 * 100 == pytest.approx(34.84, abs=0.01)


def test_slip_the_augmentation_plan_does_not_add_up() -> None:
    assert 200 + 200 + 100 + 60 + 1120 + 200 == 1880 and 5 * 351 == 1755


def test_slip_one_model_has_two_accuracies() -> None:
    for model, table, text in (
        ("resnet50", 94.3, 93.95),
        ("efficientnet_b0", 93.1, 82.72),
        ("mobilenetv3_large", 89.7, 81.93),
    ):
        assert row_of("000", "Table 5", model).accuracy == table
        assert row_of("000", "section 3", model).accuracy == text


def test_slip_the_classes_do_not_average_to_the_accuracy() -> None:
    mean = sum(each.accuracy["resnet50"] for each in CLASSES) / len(CLASSES)
    assert round(mean, 1) == 90.8


@pytest.mark.parametrize(("row", "holds"), [(0, True), (1, False), (2, True)])
def test_slip_an_f1_that_its_precision_and_recall_do_not_give(row: int, holds: bool) -> None:
    told = CHAIN_000[row]
    f1 = 2 * told.precision * told.recall / (told.precision + told.recall)
    assert (abs(f1 - told.f1) < 0.06) == holds


def test_slip_recall_that_is_not_the_accuracy() -> None:
    rows = [row for row in ROWS if row.where == "Tables 2 and 4"]
    assert [row.model for row in rows if row.recall != row.accuracy] == ["nasnet_mobile"]


def test_slip_ratios_that_do_not_follow_from_the_times() -> None:
    own = TIMINGS_002["compact_cnn"]
    strays = {
        (model, count)
        for model, ratios in RATIOS_002.items()
        for count, ratio in ratios.items()
        if round(TIMINGS_002[model][count] / own[count], 2) != ratio
    }
    assert strays == {("mobilenetv2", 1), ("nasnet_mobile", 1), ("resnet50", 1)}


def test_one_row_is_told_alike_wherever_it_stands() -> None:
    """Document 002's Table 6 stands in two places, and its count of parameters is our registry's where it is the same network."""
    (row,) = (row for row in ROWS if row.where == "Table 6")
    assert (row.title, row.accuracy, row.recall, row.f1, row.precision) in AUGMENTED_002
    for model in ("mobilenetv2", "nasnet_mobile"):
        assert row_of("002", "Tables 2 and 4", model).parameters == sum(
            each.numel() for each in build_network(model, 2).parameters()
        )


def test_slip_more_pictures_in_less_time() -> None:
    assert TIMINGS_002["nasnet_mobile"][100] < TIMINGS_002["nasnet_mobile"][50]
    ratios = [TIMINGS_002["mobilenetv2"][n] / TIMINGS_002["compact_cnn"][n] for n in (1, 10, 50, 100, 700)]
    assert (round(min(ratios), 1), round(max(ratios), 1)) == (1.7, 3.3)
    for row in ROWS:
        if row.where == "Tables 2 and 4":
            assert row.latency_ms == pytest.approx(1000 * TIMINGS_002[row.model][1])
