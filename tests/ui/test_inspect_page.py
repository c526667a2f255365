"""The Inspect page, clicked through with a fake inspector."""

import io
import re
import zipfile

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from inspection.config import load_settings
from inspection.ui.gallery import say_median
from inspection.ui.state import Batch
from tests.ui.fakes import NOTHING, UNSURE, FakeInspector, code_of, make_png


def words(app: AppTest) -> str:
    """Everything the page says."""
    parts = [*app.html, *app.markdown, *app.caption, *app.info, *app.warning, *app.error]
    return re.sub(r"\\(.)", r"\1", " ".join(str(element.value) for element in parts))


def open_page(app: AppTest) -> AppTest:
    app.run()
    assert not app.exception
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.segmented_control(key="inspect.source").set_value("Upload").run()
    for name, data in files:
        app.file_uploader(key="inspect.upload").upload(name, data)
    app.run()
    assert not app.exception
    return app


def test_the_first_screen_shows_a_verdict_of_a_sample(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_page(app)
    assert "REJECT: cracked, 97 %" in words(app)
    assert loaded[0].seen == ["cracked-01.png"]
    assert loaded[0].precision == "int8" and loaded[0].model == "resnet50"


def test_a_rerun_inspects_nothing_again(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_page(app).run()
    app.run()
    assert loaded[0].seen == ["cracked-01.png"]


def test_another_sample(app: AppTest) -> None:
    open_page(app).button(key="sample.flawless-01").click().run()
    assert "PASS: flawless, 97 %" in words(app)
    assert app.query_params["sample"] == "flawless-01"


def test_two_samples_may_share_all_but_their_ending(app: AppTest, loaded: list[FakeInspector]) -> None:
    """A line that was made again from other files has both; the page had ended in an error."""
    pixels = cv2.imdecode(np.frombuffer(make_png(code_of("flawless")), np.uint8), cv2.IMREAD_COLOR)
    cv2.imwrite(str(load_settings().lines_dir / "aluminium" / "cracked-01.bmp"), pixels)
    open_page(app).button(key="sample.cracked-01.png").click().run()
    assert not app.exception and app.query_params["sample"] in ("cracked-01.png", ["cracked-01.png"])
    app.button(key="sample.cracked-01.bmp").click().run()
    assert not app.exception and loaded[0].seen[-1] == "cracked-01.bmp"
    assert "PASS: flawless, 97 %" in words(app)


def test_the_path_that_was_walked_is_told(app: AppTest) -> None:
    open_page(app).button(key="sample.unsure-01").click().run()
    said = words(app)
    assert "REVIEW: flawless, 55 %" in said
    assert "Is the classifier sure?" in said and "no: 55.0% is below 80%" in said


def test_all_samples_make_a_gallery_that_opens(app: AppTest) -> None:
    open_page(app).button(key="sample.all").click().run()
    assert "3 pictures: 1 REJECT, 1 REVIEW, 1 PASS" in words(app)
    app.button(key="open.1").click().run()
    assert "PASS: flawless, 97 %" in words(app)
    app.button[[button.label for button in app.button].index("All pictures")].click().run()
    assert "3 pictures" in words(app)


def test_the_gallery_filters_by_verdict(app: AppTest) -> None:
    open_page(app).button(key="sample.all").click().run()
    app.pills(key="gallery.kinds").set_value(["PASS"]).run()
    assert [button.label for button in app.button if button.key.startswith("open.")] == [r"flawless\-01\.png"]


def test_a_picture_that_is_added_leaves_the_others_as_they_were(
    app: AppTest, loaded: list[FakeInspector]
) -> None:
    open_page(app)
    first, second = ("a.png", make_png(code_of("cracked"))), ("b.png", make_png(code_of("dented")))
    upload(app, first)
    upload(app, first, second, second)
    assert "3 pictures: 3 REJECT" in words(app)
    assert loaded[0].seen == ["cracked-01.png", "a.png", "b.png", "b.png"], "the same file twice is two parts"


def test_another_model_judges_the_same_pictures_again(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_page(app).button(key="sample.all").click().run()
    app.selectbox(key="inspect.model.aluminium").select("compact_cnn").run()
    assert [(inspector.model, len(inspector.seen)) for inspector in loaded] == [
        ("resnet50", 3),
        ("compact_cnn", 3),
    ]


def test_a_line_without_samples_says_what_to_do(app: AppTest) -> None:
    open_page(app).selectbox(key="inspect.line").select("bare").run()
    assert "Upload your own" in words(app)


def test_one_upload_gets_the_full_report(app: AppTest) -> None:
    upload(open_page(app), ("belt.png", make_png(NOTHING)))
    assert "NO PART" in words(app) and "No part was found in the picture." in words(app)


def test_refused_pictures_stand_beside_the_others(app: AppTest) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("a.png", make_png(code_of("dented")))
        writer.writestr("notes.txt", "not a picture")
    upload(open_page(app), ("shift.zip", archive.getvalue()), ("broken.png", b"\x89PNG\r\n\x1a\n"))
    said = words(app)
    assert "3 pictures: 1 REJECT, 2 REFUSED" in said
    assert "notes.txt" in said and "broken.png" in said
    assert app.button(key="open.0").label == r"a\.png"


def test_only_refused_pictures_offer_no_verdict(app: AppTest) -> None:
    upload(open_page(app), ("broken.png", b"nothing"))
    assert len(app.error) == 1 and "broken.png" in words(app)
    assert not any('role="status"' in element.value for element in app.html)


def test_the_camera_gives_a_picture(app: AppTest, loaded: list[FakeInspector]) -> None:
    open_page(app).segmented_control(key="inspect.source").set_value("Camera").run()
    app.camera_input(key="inspect.camera").upload("shot.jpg", make_png(code_of("stained"))).run()
    assert "REJECT: stained, 97 %" in words(app)
    assert loaded[0].seen[-1] == "camera.jpg"


def test_a_link_leads_to_line_model_precision_and_sample(app: AppTest, loaded: list[FakeInspector]) -> None:
    app.query_params.update(
        {"line": "aluminium", "model": "compact_cnn", "precision": "f32", "sample": "flawless-01"}
    )
    open_page(app)
    assert "PASS: flawless, 97 %" in words(app)
    assert (loaded[0].model, loaded[0].precision) == ("compact_cnn", "f32")


@pytest.mark.parametrize(
    "link",
    [
        {"line": "../../etc/passwd"},
        {"line": "bare", "sample": "cracked-01"},
        {"model": "nothing", "precision": "int1"},
        {"sample": "<script>alert(1)</script>"},
    ],
)
def test_a_link_that_leads_nowhere_does_no_harm(app: AppTest, link: dict[str, str]) -> None:
    app.query_params.update(link)
    open_page(app)
    assert "<script>" not in words(app)


def test_a_hostile_name_stays_a_text(app: AppTest) -> None:
    html, link = "<img src=x onerror=alert(1)>.png", "![evil](javascript:1).png"
    upload(open_page(app), (html, make_png(0)), (link, make_png(UNSURE)), (f"$$:material/{html}", b"bad"))
    assert app.button(key="open.1").label == r"\!\[evil\]\(javascript\:1\)\.png"
    raw = " ".join(str(element.value) for element in [*app.html, *app.markdown, *app.caption])
    assert r"\<img src=x onerror=alert\(1\)\>" in raw and not re.search(r"(?<!\\)<img", raw)


def test_two_sessions_do_not_share_pictures(app: AppTest, loaded: list[FakeInspector]) -> None:
    from inspection.config import ROOT

    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=20)
    upload(open_page(app), ("mine.png", make_png(code_of("dented"))))
    open_page(other)
    assert "mine.png" not in words(other)
    mine, theirs = app.session_state["inspect.batch"], other.session_state["inspect.batch"]
    assert mine.entries[0].name == "mine.png" and theirs.entries[0].name == "cracked-01.png"


def test_a_new_batch_drops_the_one_before(app: AppTest) -> None:
    upload(open_page(app), ("mine.png", make_png(code_of("dented"))))
    app.segmented_control(key="inspect.source").set_value("Samples").run()
    batch = app.session_state["inspect.batch"]
    assert isinstance(batch, Batch) and [entry.name for entry in batch.entries] == ["cracked-01.png"]


def test_a_line_whose_weights_are_missing_says_so(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspection.errors import WeightsMissing

    def refuse(*_: str, **__: str) -> FakeInspector:
        raise WeightsMissing("Expected a card, found none. Train the model.")

    monkeypatch.setattr("inspection.loading.load_inspector", refuse)
    open_page(app)
    assert app.error[0].value == r"Expected a card, found none\. Train the model\."


def test_of_two_pictures_the_slower_is_not_the_median() -> None:
    assert say_median([10.0, 500.0]) == "Median time for one picture: 255 ms."
    assert say_median([10.0, 20.0, 500.0]) == "Median time for one picture: 20.0 ms."
