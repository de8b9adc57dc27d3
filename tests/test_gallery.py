"""The gallery: a page that stands alone, with what the catalogue knows of each loss."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from jaxloss import catalogue
from jaxloss.domains import DOMAINS
from jaxloss.lab import gallery, lines
from jaxloss.lab.cli import main
from jaxloss.lab.shapes import shapes

FAMILY = "lovasz"


class Page(HTMLParser):
    """Collects ids, links and pictures, and checks that elements close."""

    EMPTY = ("meta", "img", "source", "input", "wbr")

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.pictures = [], [], [], []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        self.ids += [known["id"]] if "id" in known else []
        self.links += [known["href"]] if "href" in known else []
        self.pictures += [known[key] for key in ("src", "srcset") if key in known]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "gallery"
    assert main(["gallery", "--family", FAMILY, "--output", str(folder)]) == 0
    return folder


def test_the_page_needs_nothing_else(finished):
    text = (finished / "gallery.html").read_text()
    page = Page()
    page.feed(text)
    rows = catalogue.FAMILIES[FAMILY]
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert len(page.pictures) == 2 * len(rows)  # on light and on dark ground
    assert all(picture.startswith("data:image/png;base64,") for picture in page.pictures)
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner == {FAMILY, *(row.name for row in rows)} <= set(page.ids)
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text


def test_the_page_says_what_the_catalogue_knows(finished):
    text = (finished / "gallery.html").read_text()
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text))
    for row in catalogue.FAMILIES[FAMILY]:
        for known in (row.summary, row.formula, row.reference):
            assert gallery.html.escape(known).replace("`", "") in plain
        for claim in row.claims:
            assert claim.replace("_", " ") in plain


def test_a_picture_of_each_loss_and_all_that_is_known_lie_beside_it(finished):
    names = {row.name for row in catalogue.FAMILIES[FAMILY]}
    found = json.loads((finished / "results.json").read_text())
    assert found["made_by"] == "jaxloss gallery"
    assert {loss["name"] for loss in found["losses"]} == names
    expected = {"gallery.html", "results.json", *(f"{name}.png" for name in names)}
    assert {path.name for path in finished.iterdir()} == expected <= set(gallery.FILES)


def test_an_earlier_gallery_is_replaced_and_other_files_are_not(finished, tmp_path, capsys):
    (finished / "gallery.html").write_text("old")
    assert main(["gallery", "--family", FAMILY, "--output", str(finished)]) == 0
    assert (finished / "gallery.html").read_text() != "old"
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["gallery", "--family", FAMILY, "--output", str(tmp_path)]) == 2
    assert "holds files that are not ours (mine.txt)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_family_is_one_line(capsys):
    assert main(["gallery", "--family", "likelyhood"]) == 2
    assert "no family is called 'likelyhood'; did you mean 'likelihood'?" in capsys.readouterr().err


def test_a_loss_that_cannot_be_drawn_has_a_card_that_says_why():
    def needy(pred, target, *, threshold):
        """Reward nothing but `<b>`."""
        return pred - target - threshold

    row = replace(catalogue.find("huber"), loss=needy)
    (entry,) = gallery.entries([row])
    assert entry.pictures == ()
    text = gallery.page([entry], command="", versions="")
    assert "No picture: " in text
    assert "threshold" in text
    assert "<code>&lt;b&gt;</code>" in text


def test_lines_belong_to_domains():
    assert set(lines.LINES) <= set(DOMAINS)


def test_a_loss_of_an_unknown_domain_is_drawn_over_its_steepest_entry(monkeypatch):
    """Only the third entry of the first argument matters, and only above 0."""

    def loss(x, y):
        return (x * np.array([0.0, 0.0, 1.0, 0.0, 0.0], np.float32)).sum(-1) ** 2

    monkeypatch.setitem(DOMAINS, "new", replace(DOMAINS["pairs_signs"], arguments=("x", "y", "t")))
    row = replace(catalogue.find("huber"), loss=lambda x, y, t: loss(x, y), reads=("new",))
    drawn, axis = shapes(row, {})
    assert axis == "x[2] (all else as in an ordinary example)"
    np.testing.assert_allclose(drawn[0].value, drawn[0].x ** 2, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(drawn[0].gradient, 2 * drawn[0].x, rtol=1e-5, atol=1e-6)


def test_the_hyperparameter_that_matters_is_shown():
    def loss(pred, target, *, idle: float = 1.0, power: float = 2.0):
        return abs(pred - target) ** power + 0 * idle

    row = replace(catalogue.find("huber"), loss=loss)
    drawn, _ = shapes(row, {})
    assert [shape.label for shape in drawn] == ["power = 1", "power = 2", "power = 4"]
    drawn, _ = shapes(row, {"idle": 3.0})
    assert [shape.label for shape in drawn] == ["idle = 3", "default"]


def test_links_lead_to_papers():
    text = gallery._linked("Li 2018, arXiv:1712.09913; Huber 1964, doi:10.1214/aoms/1177703732.")
    assert '<a href="https://arxiv.org/abs/1712.09913">arXiv:1712.09913</a>' in text
    assert '<a href="https://doi.org/10.1214/aoms/1177703732">' in text
    assert text.endswith("</a>.")
