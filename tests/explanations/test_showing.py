"""Pictures, coloured words and the page: at full size, escaped, self-contained, readable."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from headstart.explanations._colours import scale, strength
from headstart.explanations._marked_text import as_ansi, as_html
from headstart.explanations._overlay import overlay, png_bytes
from headstart.explanations._subject import shown_names


def luminance(colours: np.ndarray) -> np.ndarray:
    """Relative luminance of sRGB (…, 3), by IEC 61966-2-1."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def test_the_scale_grows_lighter_all_along_in_even_steps() -> None:
    """CIE L* = 116 Y^(1/3) - 16 is what the eye calls lightness."""
    lightness = 116 * np.cbrt(luminance(scale(np.linspace(0, 1, 50)))) - 16
    steps = np.diff(lightness)
    assert (steps > 0).all()
    assert steps.max() < 3.5 * steps.mean()


def test_scores_become_shares_of_the_strongest() -> None:
    assert strength(np.array([1.0, -4.0, 2.0])).tolist() == [0.25, -1.0, 0.5]
    assert strength(np.zeros(3)).tolist() == [0, 0, 0]
    assert strength(np.array([])).size == 0


def test_the_overlay_has_the_size_of_the_original_and_a_legend_below() -> None:
    values = np.zeros((200, 400), np.float32)
    values[50, 100] = 1
    values[:, 300:] = np.nan
    made = overlay(Image.new("RGB", (400, 200), (128, 128, 128)), values, "grad cam: what speaks for 'rose'")
    assert made.width == 400
    assert made.height > 230
    pixels = np.asarray(made).astype(int)
    hot, cold, unseen = pixels[50, 100], pixels[150, 200], pixels[100, 350]
    assert hot[0] > cold[0] + 60
    assert len(set(unseen)) == 1
    assert unseen[0] < 70
    assert (pixels[-5] > 250).all()
    assert pixels[205:].min() < 60, "the legend has ink"
    assert Image.open(io.BytesIO(png_bytes(made))).size == made.size


def test_a_narrow_picture_gets_a_legend_that_can_be_read() -> None:
    made = overlay(Image.new("L", (32, 32), 200), np.zeros((32, 32), np.float32), "a caption of many words " * 3)
    assert made.width == 300


def test_a_label_beyond_ascii_is_no_empty_box() -> None:
    """A letter that is missing is drawn as that of U+FFFF, which no font has."""
    plain, values = Image.new("L", (300, 300), 200), np.zeros((300, 300), np.float32)
    shown, missing = (np.asarray(overlay(plain, values, f"for '{letter}'")) for letter in ("é", "\uffff"))
    assert not np.array_equal(shown, missing)


def test_marked_words_are_escaped_and_say_their_share() -> None:
    text = "<script>alert(1)</script> & good"
    made = as_html(text, [(0, 25), (28, 32)], [-2.0, 1.0], 'about "x"')
    assert "<script>" not in made
    assert "&lt;script&gt;" in made
    assert 'title="-1.00"' in made
    assert 'title="+0.50"' in made
    assert "&amp; " in made
    assert "about &quot;x&quot;" in made
    assert "dotted" in made


def test_faint_words_stay_plain() -> None:
    assert as_html("a b", [(0, 1), (2, 3)], [1.0, 0.01], "").count("<span") == 1


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """WCAG 2.1's contrast ratio."""
    low, high = sorted(float(luminance(each)) for each in (a, b))
    return (high + 0.05) / (low + 0.05)


def test_ink_stays_readable_on_the_strongest_colour_in_light_and_dark() -> None:
    """WCAG asks for 4.5; black ink on white paper, and white on the dark page of browsers (#121212)."""
    from headstart.explanations._colours import AGAINST, FOR
    from headstart.explanations._marked_text import _THICKEST

    for colour in (np.array(FOR), np.array(AGAINST)):
        for paper, ink in ((255, 0), (18, 255)):
            mixed = paper + (colour - paper) * _THICKEST
            assert contrast(mixed, np.full(3, ink)) >= 4.5


def test_the_terminal_gets_colours_and_nothing_that_steers_it() -> None:
    made = as_ansi("win \x1b[2J now", [(0, 3)], [1.0])
    assert made.startswith("\x1b[48;2;")
    assert "\x1b[2J" not in made
    assert made.endswith("now")


def test_file_names_are_safe_and_differ() -> None:
    names = ["a/b.jpg", "a/b.png", "../../etc/passwd", "Win <b>now</b> / ?", "x" * 300, "…"]
    made = shown_names(names)
    assert len({name.lower() for name in made}) == len(names)
    assert all("/" not in name and len(name) <= 43 and not name.startswith(".") for name in made)
    assert made[:2] == ["a-b", "a-b-2"]
