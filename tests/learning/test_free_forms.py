"""Parts of no design: they may teach, so none may be of a design that judges."""

import cv2
import numpy as np
import pytest

from inspection.learning.synthesis import HELD_OUT_DESIGNS, TRAINED_DESIGNS
from inspection.learning.synthesis.apart import measure_likeness
from inspection.learning.synthesis.defects import CONDITIONS
from inspection.learning.synthesis.drawing import FRAME
from inspection.learning.synthesis.free_forms import FREE_FORMS, MOST_ALIKE
from inspection.learning.synthesis.making import plan_side
from inspection.learning.synthesis.parts import BLUEPRINTS
from inspection.learning.synthesis.scene import render_scene
from inspection.learning.synthesis.supply import plan_supply


def turn(outline: np.ndarray, degrees: float) -> np.ndarray:
    way = cv2.getRotationMatrix2D((FRAME / 2, FRAME / 2), degrees, 0.8)
    way[:, 2] += 11
    return np.asarray(cv2.warpAffine(outline, way, (FRAME, FRAME)), np.uint8)


@pytest.mark.parametrize("design", HELD_OUT_DESIGNS)
def test_a_design_that_judges_is_known_again_turned_moved_and_shrunk(design: str) -> None:
    for number in range(100, 104):
        outline = BLUEPRINTS[design](np.random.default_rng(number)).outline
        assert measure_likeness(turn(outline, 37.0 * number)) > MOST_ALIKE + 0.03


@pytest.mark.parametrize("design", TRAINED_DESIGNS)
def test_a_design_that_teaches_is_told_from_those_that_judge(design: str) -> None:
    assert max(measure_likeness(BLUEPRINTS[design](np.random.default_rng(n)).outline) for n in range(6)) < 0.8


@pytest.mark.parametrize("form", FREE_FORMS)
def test_no_free_form_is_like_a_design_that_judges_nor_like_another(form: str) -> None:
    outlines = [FREE_FORMS[form](np.random.default_rng(number)).outline for number in range(40)]
    assert max(measure_likeness(outline) for outline in outlines) <= MOST_ALIKE
    assert len({outline.tobytes() for outline in outlines}) == len(outlines)


@pytest.mark.parametrize("form", FREE_FORMS)
def test_a_free_form_is_one_piece_within_its_frame_with_metal_left(form: str) -> None:
    for number in range(40):
        part = FREE_FORMS[form](np.random.default_rng(number))
        pieces, _ = cv2.connectedComponents((part.outline > 127).astype(np.uint8))
        rim = np.concatenate([part.outline[[0, -1]].ravel(), part.outline[:, [0, -1]].ravel()])
        assert pieces == 2 and not rim.any()
        assert (part.solid > 127).mean() > 0.08


@pytest.mark.parametrize("form", FREE_FORMS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_condition_can_be_rendered_on_a_free_form(form: str, condition: str) -> None:
    scene = render_scene(7, design=form, condition=condition)
    assert scene.box is not None and scene.design == form
    assert bool(scene.mask.any()) == (condition != "flawless")
    again = render_scene(7, design=form, condition=condition)
    assert np.array_equal(scene.pixels, again.pixels)


def test_where_asked_half_of_the_parts_that_are_made_to_teach_have_free_forms_and_none_judges() -> None:
    planned = plan_side(plan_supply(4800, 9, free_forms=True))
    free = [each for each in planned if each.design in FREE_FORMS]
    assert len(free) == 2400
    assert {each.design for each in planned} == {*TRAINED_DESIGNS, *FREE_FORMS}
    assert {each.condition for each in free} == set(CONDITIONS)
    assert {each.design for each in plan_side(plan_supply(400, 9))} == set(TRAINED_DESIGNS)
