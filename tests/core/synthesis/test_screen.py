from __future__ import annotations

import numpy as np

from myoscope import View
from myoscope.synthesis.screen import Screen, draw_screen, margins_for, on_screen, stored

SIZE = (500, 400)


def screens() -> list[tuple[View, Screen]]:
    drawn = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        left, right, top, bottom = margins_for(rng, SIZE, bare=False)
        view = View(left, top, SIZE[0] - left - right, SIZE[1] - top - bottom)
        drawn.append((view, draw_screen(rng, SIZE, view, 0.1)))
    return drawn


def test_nothing_is_drawn_where_tissue_will_be() -> None:
    for view, screen in screens():
        panel = screen.picture[0, -1]
        assert (screen.picture[view.slices] == panel).all()


def test_a_ruler_has_a_tick_at_every_step_of_depth_and_nowhere_else() -> None:
    rulers = 0
    for view, screen in screens():
        if screen.tick_mm == 0:
            continue
        rulers += 1
        expected = {
            view.top + min(round(i * screen.tick_mm / 0.1), view.height - 1)
            for i in range(int(view.height * 0.1 / screen.tick_mm) + 1)
        }
        # Beside the tissue, the columns of ticks differ from the panel in those rows alone.
        rows = slice(view.top, view.top + view.height)
        panel = int(screen.picture[0, -1])
        found = [set((np.flatnonzero(column != panel) + view.top).tolist()) for column in screen.picture[rows].T]
        assert expected in found
    assert rulers > 10


def test_a_bare_or_small_screen_is_all_tissue() -> None:
    rng = np.random.default_rng(0)
    assert margins_for(rng, SIZE, bare=True) == (0, 0, 0, 0)
    assert margins_for(rng, (100, 400), bare=False) == (0, 0, 0, 0)
    screen = draw_screen(rng, SIZE, View(0, 0, *SIZE), 0.1)
    assert screen.tick_mm == 0
    tissue = np.arange(400 * 500, dtype=np.uint32).astype(np.uint8).reshape(400, 500)
    plain = Screen(screen.picture, screen.view, 0.0, 0)
    assert np.array_equal(on_screen(plain, tissue, None), tissue)


def test_hidden_corners_show_the_panel_and_the_rest_the_tissue() -> None:
    picture = np.full((40, 60), 30, dtype=np.uint8)
    screen = Screen(picture, View(10, 5, 40, 30), 0.0, 0)
    shown = np.zeros((30, 40), dtype=bool)
    shown[:, 10:30] = True
    result = on_screen(screen, np.full((30, 40), 200, dtype=np.uint8), shown)
    assert (result[5:35, 20:40] == 200).all()
    result[5:35, 20:40] = 30
    assert np.array_equal(result, picture)


def test_a_file_with_loss_changes_a_picture_a_little_and_one_without_does_not() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64)).astype(np.uint8)
    assert np.array_equal(stored(picture, 0), picture)
    fine, coarse = (np.abs(stored(picture, q).astype(int) - picture).mean() for q in (95, 40))
    assert 0 < fine < coarse < 60
