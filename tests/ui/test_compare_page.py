"""The Compare page over small evaluations whose every figure is known by counting."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from inspection.ui.costs_view import say_asked
from tests.ui.measured import make_evaluation, make_measured_card, write_measured

LABELS = [0] * 40 + [1] * 40 + [2] * 40 + [3] * 40 + [4] * 40
# ResNet50 rejects one good part; the light one also lets two cracked parts pass
HEAVY, LIGHT = {0: 3}, {0: 3, 80: 0, 81: 0}


@pytest.fixture
def compared(app: AppTest, tmp_path: Path) -> AppTest:
    weights = tmp_path / "weights"
    heavy = [
        make_evaluation(LABELS, HEAVY, unsure=(1,), precision=precision, split=split, ms=ms)
        for split in ("test", "validation")
        for precision, ms in (("int8", 4.0), ("f32", 40.0))
    ]
    light = [
        make_evaluation(LABELS, LIGHT, unsure=(80,), split=split, ms=1.0) for split in ("test", "validation")
    ]
    card = make_measured_card("resnet50", parameters=23_518_277, weights_bytes=47_100_000)
    write_measured(weights, card, heavy)
    write_measured(weights, make_measured_card("compact_cnn", parameters=5865, weights_bytes=20_000), light)
    return app


def open_compare(app: AppTest, tab: str = "Cost") -> AppTest:
    app.default_timeout = 120  # of a machine that is busy elsewhere
    app.run()
    app.switch_page("screens/compare.py")
    app.session_state["compare.tab"] = tab
    app.run()
    assert not app.exception
    return app


def words_of(app: AppTest) -> str:
    return " ".join(each.value for each in app.markdown).replace("\\", "")


def test_without_evaluations_the_page_says_what_to_do(app: AppTest) -> None:
    assert "python -m inspection train aluminium" in open_compare(app).info[0].value


def test_the_recommendation_gives_its_reason(compared: AppTest) -> None:
    said = words_of(open_compare(compared))
    assert "Take ResNet50 · INT8" in said
    assert "0 of 160 defective parts escaped (the true rate may be 1.9 %), no model fewer" in said
    assert "it keeps up with 120 parts a minute" in said


def test_it_is_said_by_which_pictures_the_recommended_is_chosen_and_what_others_would(
    compared: AppTest, tmp_path: Path
) -> None:
    def captions() -> str:
        return " ".join(each.value for each in compared.caption).replace("\\", "")

    open_compare(compared)
    assert "Chosen by the test pictures that its figures are of, which flatters it" in captions()
    assert "The validation pictures choose the same." in captions()
    for model, chosen, judged, ms in (("resnet50", {}, LIGHT, 4.0), ("compact_cnn", LIGHT, {}, 1.0)):
        rows = [
            make_evaluation(LABELS, mistakes, split=split, ms=ms)
            for split, mistakes in (("validation", chosen), ("test", judged))
        ]
        write_measured(tmp_path / "weights", make_measured_card(model), rows)
    compared.run()
    assert "Take Compact CNN, grey · INT8" in words_of(compared)
    assert (
        "The validation pictures would choose ResNet50 · INT8: 0 of 160 defective parts escaped" in captions()
    )
    compared.session_state["compare.split.aluminium"] = "validation"
    compared.run()
    assert "Take ResNet50" in words_of(compared) and "would choose" not in captions()


def test_it_is_said_who_runs_the_line_where_another_is_recommended(compared: AppTest) -> None:
    said = words_of(open_compare(compared))
    assert "champion" not in said  # the recommended one runs it
    compared.multiselect(key="compare.entrants.aluminium.test").set_value([("compact_cnn", "int8")]).run()
    assert "It is not the line's champion: ResNet50 runs the line now." in words_of(compared)


def test_who_looks_several_times_is_named(compared: AppTest, tmp_path: Path) -> None:
    def said(page: AppTest) -> str:
        return " ".join(each.value for each in page.caption).replace("\\", "")

    assert "turned by a quarter" not in said(open_compare(compared))
    card = make_measured_card("resnet50", turns=2, input_size=256)
    write_measured(tmp_path / "weights", card, [make_evaluation(LABELS, HEAVY, ms=4.0)])
    looks = "looks 2 times, turned by a quarter from look to look, at 256 px instead of 224: "
    work = "about 2.6 times the work of one look at 224 px, and its figures and its times are of that."
    assert said(compared.run()).count(f"ResNet50 {looks}{work}") == 1
    assert "One look each" not in said(compared) and "No second look, and a person" in said(compared)
    compared.switch_page("screens/metrics.py").run()
    assert not compared.exception and f"{looks}the figures are of that" in said(compared)
    assert "Without a second look, as evaluated." in said(compared)


def test_who_judges_at_its_architectures_own_size_and_once_is_not_spoken_of(
    compared: AppTest, tmp_path: Path
) -> None:
    for model, side in (("resnet50", 224), ("compact_cnn", 256)):
        card = make_measured_card(model, input_size=side)
        write_measured(tmp_path / "weights", card, [make_evaluation(LABELS, HEAVY)])
    said = " ".join(each.value for each in open_compare(compared).caption)
    assert "times the work" not in said


def test_rivals_without_weights_are_named_with_the_way_to_train_them(
    compared: AppTest, tmp_path: Path
) -> None:
    open_compare(compared)
    assert not compared.info
    (tmp_path / "weights" / "aluminium" / "compact_cnn.json").unlink()
    compared.run()
    assert "Compact CNN, grey" in compared.info[0].value
    assert (
        "`python -m inspection train aluminium --model compact_cnn --data FOLDER`" in compared.info[0].value
    )


def test_a_precision_that_is_withheld_is_not_recommended(compared: AppTest, tmp_path: Path) -> None:
    heavy = [
        make_evaluation(LABELS, HEAVY, precision=precision, ms=ms)
        for precision, ms in (("int8", 4.0), ("f32", 40.0))
    ]
    why = {"int8": {"withheld": "INT8 changes 14 of 630 validation pictures"}, "f32": {}}
    write_measured(tmp_path / "weights", make_measured_card("resnet50", precisions=why), heavy)
    open_compare(compared)
    entrants = compared.multiselect(key="compare.entrants.aluminium.test")
    assert entrants.value == [("resnet50", "f32"), ("compact_cnn", "int8")]
    assert "ResNet50 · INT8 (withheld)" in entrants.options
    assert "Take ResNet50 · F32" in words_of(compared)
    entrants.set_value([("resnet50", "int8"), ("compact_cnn", "int8")]).run()
    costs = compared.dataframe[1].value.set_index("Model")
    assert costs["Money per 1,000"].idxmin() == "ResNet50 · INT8 (withheld)"
    assert list(costs.index[costs["Cheapest"] == "★"]) == ["Compact CNN, grey · INT8"]
    assert "Cheapest: Compact CNN, grey · INT8" in words_of(compared), "the other never runs"
    entrants.set_value([("resnet50", "int8")]).run()
    assert words_of(compared).count("None of these may run the line") == 2
    assert "INT8 changes 14 of 630" in words_of(compared)


def test_the_table_holds_all_and_marks_the_winner(compared: AppTest) -> None:
    table = open_compare(compared).dataframe[0].value
    assert list(table["Model"]) == ["ResNet50 · INT8", "Compact CNN, grey · INT8", "ResNet50 · F32"]
    assert list(table["Take"]) == ["★", "", ""]
    assert list(table["Escapes"]) == [0, 2, 0]  # a true zero is a zero
    assert list(table["False rejects"]) == [1, 1, 1]
    assert table["Accuracy"][1] == pytest.approx(98.5)
    assert list(table["Parameters"]) == [23_518_277, 5865, 23_518_277]
    assert list(table["Device"]) == ["CPU"] * 3 and list(table["Precision"]) == ["int8", "int8", "f32"]


def test_pace_changes_who_is_taken(compared: AppTest) -> None:
    open_compare(compared).number_input(key="compare.pace").set_value(6000).run()
    table = compared.dataframe[0].value
    assert list(table["6,000 a minute"]) == ["yes", "yes", "no"]
    assert "Take ResNet50 · INT8" in words_of(compared)


def test_where_none_keeps_pace_it_is_said(compared: AppTest) -> None:
    open_compare(compared).multiselect(key="compare.entrants.aluminium.test").set_value([("resnet50", "f32")])
    compared.number_input(key="compare.pace").set_value(6000).run()
    said = words_of(compared)
    assert "None of these keeps up" in said and "at most 1,260 parts a minute" in said
    assert list(compared.dataframe[0].value["Take"]) == [""]


def test_no_model_at_all_asks_for_one(compared: AppTest) -> None:
    open_compare(compared).multiselect(key="compare.entrants.aluminium.test").set_value([]).run()
    assert "Choose at least one" in compared.info[0].value


def test_money_by_hand(compared: AppTest) -> None:
    table = open_compare(compared).dataframe[1].value.set_index("Model")
    # deciding on all: 980 good parts · 1/40 false rejects · 10, and no escape
    assert table["Money per 1,000"]["ResNet50 · INT8"] == pytest.approx(980 / 40 * 10)
    # 20 defective · 2/160 escapes · 100 more; one of the two is unsure, and a review costs 1
    light = table.loc["Compact CNN, grey · INT8"]
    assert light["Money per 1,000"] == pytest.approx(245 + 20 / 160 * (100 + 1))
    assert light["Escapes a million"] == pytest.approx(125)
    assert "Cheapest: ResNet50 · INT8" in words_of(compared)
    said = [caption.value for caption in compared.caption]
    assert (
        "A person who looks at every part would cost 1,000.00 per 1,000 parts: the model saves 755.00."
        in said
    )


def test_what_was_chosen_by_the_pictures_that_price_it_is_told(compared: AppTest) -> None:
    open_compare(compared)
    said = [caption.value for caption in compared.caption]
    (told,) = [words for words in said if "threshold is the cheapest on the validation pictures" in words]
    assert "Which model is cheapest is read off the same pictures" in told and "priced on, which" not in told
    compared.segmented_control(key="compare.split.aluminium").set_value("validation").run()
    said = [caption.value for caption in compared.caption]
    assert any(
        "(where that is validation, the pictures it is priced on, which flatters it)" in words
        for words in said
    )


def test_a_model_that_leaves_all_to_people_is_no_saving(compared: AppTest) -> None:
    open_compare(compared).number_input(key="compare.price.escape").set_value(1e6)
    compared.number_input(key="compare.price.false_reject").set_value(1e6).run()
    assert not compared.exception
    assert "a person looks at the others" in compared.warning[-1].value


@pytest.mark.parametrize(
    ("threshold", "words"),
    [
        (0.0, "deciding on every part"),
        (0.8, "asking for 80.0% confidence"),
        (0.99631, "asking for 99.6% confidence"),
        (0.99996, "asking for 99.996% confidence"),
        (1.0000000000000002, "giving every part to a person"),
    ],
)
def test_less_than_certainty_is_not_asked_as_a_hundred_percent(threshold: float, words: str) -> None:
    assert say_asked(threshold) == words


def test_prices_move_the_cost(compared: AppTest) -> None:
    open_compare(compared).number_input(key="compare.price.false_reject").set_value(0.0)
    compared.number_input(key="compare.price.escape").set_value(0.0).run()
    assert set(compared.dataframe[1].value["Money per 1,000"]) == {0.0}
    compared.number_input(key="compare.defective").set_value(0.0).run()
    assert not compared.exception


def test_classes_stand_side_by_side(compared: AppTest) -> None:
    table = open_compare(compared, "Classes").dataframe[1].value
    assert list(table["Class"][:2]) == ["cracked", "flawless"]
    assert table["Compact CNN, grey · INT8: recall"][0] == 95.0
    assert table["ResNet50 · INT8: recall"][0] == 100.0


def test_a_pair_is_tested_and_its_flips_are_listed(compared: AppTest) -> None:
    said = words_of(open_compare(compared, "Two at a time"))
    assert "only ResNet50 · INT8 is right on 2, only Compact CNN, grey · INT8 on 0; both err on 1" in said
    assert "(McNemar p = 0.5). That may be chance" in said
    flips = compared.dataframe[1].value
    assert list(flips["picture"]) == ["test/cracked/0080.png", "test/cracked/0081.png"]
    assert set(flips["who is right"]) == {"ResNet50 · INT8"}
    assert len(compared.dataframe[2].value) == 3  # every pair of the three


def test_one_model_alone_has_no_pair(compared: AppTest) -> None:
    open_compare(compared, "Two at a time")
    compared.multiselect(key="compare.entrants.aluminium.test").set_value([("resnet50", "int8")]).run()
    assert not compared.exception and "Choose a second model" in compared.info[0].value


def test_the_published_stand_beside_ours(compared: AppTest) -> None:
    table = open_compare(compared, "Beside the literature").dataframe[1].value
    resnet = table[(table["Their model"] == "ResNet50") & (table["Where"] == "000, Table 5")].iloc[0]
    assert resnet["Accuracy %"] == 94.3 and resnet["Ours, accuracy %"] == pytest.approx(99.5)
    said = words_of(compared)
    assert "Not comparable as numbers: our pictures are synthesised" in said and "1,880" in said


def test_a_line_without_a_good_class_prices_nothing(compared: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "lines" / "aluminium.toml"
    path.write_text(path.read_text().replace('good = "flawless"', ""))
    open_compare(compared)
    assert "no good class" in compared.info[0].value
    assert compared.dataframe[0].value["Escapes"].isna().all()
