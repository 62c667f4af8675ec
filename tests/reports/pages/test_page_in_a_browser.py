"""What a reader does with a run's page: sorts, filters, hides, chooses axes, reads, prints, and has no scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from opbench.vocabulary.case import Axes
from opbench.vocabulary.limit import Limit
from opbench.vocabulary.record import Failed, Measured, Record
from reports.figures import latency, roofline, speedup
from reports.pages.page import PAGE

from ..builders import measured, record
from .conftest import Opened

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHANNELS = (7, 16, 128)
TIMES = {"torch_eager": (9e-6, 8e-5, 7e-4), "cpp_ext": (8e-6, 1e-5, 2e-4), "triton_jit": (3e-6, 4e-5, 5e-4)}


def run() -> list[Record]:
    """Three backends at three channels; the last backend failed at 16."""
    limit = Limit("L2", 2e-6, 0.0, 0.0, 0.0, 2e-6, 2e-6)
    records = [
        replace(record(measured(time), backend, batch=1, channels=channels), limit=limit)
        for place, channels in enumerate(CHANNELS)
        for backend, time in ((name, times[place]) for name, times in TIMES.items())
    ]
    records[5] = replace(records[5], outcome=Failed("check", "it raised"))
    return records


def with_names() -> list[Record]:
    """An operator of the reader's own, with axes of each kind."""
    return [
        record(
            measured(1e-5 * (1 + rate) * rows), backend, "mine", dtype=dtype, rows=rows, rate=rate, act=act, bias=bias
        )
        for backend, dtype in (("eager", "float32"), ("eager", "bfloat16"), ("mine", "float32"))
        for rows in (3, 5)
        for rate in (0.25, 0.5, 1.5)
        for act in ("gelu", "relu")
        for bias in (False, True)
    ]


def page_of(records: Sequence[Record]) -> str:
    return PAGE(records, [made for report in (latency, speedup, roofline) for made in report.REPORT.render(records)])


@pytest.fixture(scope="module")
def text() -> str:
    return page_of(run())


@pytest.fixture
def page(opened: Opened, text: str) -> Page:
    return opened(text)


def rows(page: Page) -> list[str]:
    """Channels and backend of every row that is shown."""
    return [
        " ".join(row.locator("td").all_inner_texts()[:2])
        for row in page.locator("table.results tbody tr").all()
        if row.is_visible()
    ]


def heading(page: Page, name: str) -> Locator:
    return page.locator("table.results").get_by_role("button", name=name, exact=True)


def choose(page: Page, menu: str, value: str) -> None:
    """Switch a value of a menu of the bar."""
    page.locator("#filters summary", has_text=menu).click()
    page.locator("#filters details[open]").get_by_label(value, exact=True).click()
    page.keyboard.press("Escape")


def control(page: Page, name: str) -> Locator:
    return page.locator("#explorer").get_by_role("combobox", name=name, exact=True)


def legend(page: Page) -> list[str]:
    return page.locator("#explorer .legend button[aria-pressed=true]").all_inner_texts()


def test_a_column_of_numbers_is_sorted_as_numbers_up_down_and_as_it_was(page: Page) -> None:
    before = rows(page)
    assert before[0] == "7 torch_eager"
    heading(page, "Median").click()
    assert rows(page)[:3] == ["7 triton_jit", "7 cpp_ext", "7 torch_eager"]
    assert rows(page)[-3:] == ["128 triton_jit", "128 torch_eager", "16 triton_jit"]
    heading(page, "Median").click()
    assert rows(page)[:2] == ["128 torch_eager", "128 triton_jit"]
    assert rows(page)[-1] == "16 triton_jit"
    assert page.locator("table.results th[aria-sort]").get_attribute("aria-sort") == "descending"
    heading(page, "Median").click()
    assert rows(page) == before
    heading(page, "channels").focus()
    for _ in "up", "down":
        page.keyboard.press("Enter")
    assert [row.split()[0] for row in rows(page)] == ["128"] * 3 + ["16"] * 3 + ["7"] * 3


def test_intervals_are_sorted_by_their_middle(opened: Opened) -> None:
    narrow, wide = record(measured(2e-6, 0.0), "narrow"), record(measured(2e-6), "wide")
    outcome = wide.outcome
    assert isinstance(outcome, Measured)
    wide = replace(wide, outcome=replace(outcome, samples_s=(1e-6, 1.9e-6, 9e-6)))
    page = opened(PAGE([wide, narrow], []))
    assert [page.locator("table.results tbody tr").nth(0).inner_text().split()[0]] == ["wide"]
    heading(page, "Median").click()
    assert page.locator("table.results tbody tr").nth(0).inner_text().split()[0] == "wide"
    heading(page, "95 % interval").click()
    assert page.locator("table.results tbody tr").nth(0).inner_text().split()[0] == "narrow"


def test_words_and_values_narrow_the_tables_and_say_how_many_rows_are_left(page: Page) -> None:
    count = page.locator("#filters output")
    assert count.inner_text() == "9 rows"
    page.get_by_label("Show only rows with these words").fill("CPP 16")
    assert rows(page) == ["16 cpp_ext"]
    assert count.inner_text() == "1 of 9 rows"
    page.get_by_role("button", name="Show all").click()
    assert page.get_by_label("Show only rows with these words").input_value() == ""
    choose(page, "channels", "7")
    assert [row.split()[0] for row in rows(page)] == ["16"] * 3 + ["128"] * 3
    assert page.locator("#filters summary", has_text="channels").inner_text().split() == ["channels", "2/3", "▾"][:2]


def test_hiding_a_backend_hides_its_rows_its_parts_of_every_figure_and_its_entries_in_legends(page: Page) -> None:
    parts = page.locator('svg [data-backend="cpp_ext"]')
    figures = page.locator("figure svg", has=page.locator('[data-backend="cpp_ext"]'))
    drawn = parts.count()
    assert figures.count() == 3
    assert drawn >= 3 * 3  # a line or dots, and both parts of an entry
    assert all(part.is_visible() for part in parts.all())
    choose(page, "Backend", "cpp_ext")
    assert not any(part.is_visible() for part in parts.all())
    assert [row for row in rows(page) if "cpp_ext" in row] == []
    assert legend(page) == ["torch_eager", "triton_jit"]
    assert page.locator('svg [data-backend="triton_jit"]').first.is_visible()
    page.locator("#explorer .legend").get_by_role("button", name="cpp_ext").click()
    assert all(part.is_visible() for part in parts.all())
    assert len(rows(page)) == 9


def test_a_hidden_column_is_gone_and_a_reason_reaches_over_those_that_are_left(page: Page) -> None:
    choose(page, "Columns", "95 % interval")
    assert not heading(page, "95 % interval").is_visible()
    assert not page.locator("table.results tbody tr").first.locator("td").nth(3).is_visible()
    reason = page.locator("table.results tr.missing td:last-child")
    assert reason.get_attribute("colspan") == "8"
    assert "it raised" in reason.inner_text()


def test_the_explorer_draws_what_is_chosen(page: Page) -> None:
    figure, note = page.locator("#explorer svg[tabindex]"), page.locator("#explorer .note")
    assert note.inner_text().startswith("8 cases of rowsum")
    assert figure.locator("polyline").count() == 2  # the third is broken in its middle
    assert figure.locator(".frame .name").all_text_contents() == ["channels", "time of one call"]
    control(page, "Up").select_option("ratio")
    control(page, "Faster than").select_option("cpp_ext")
    assert figure.locator(".frame .name").all_text_contents()[1] == "times faster than cpp_ext"
    control(page, "Along x").select_option("bytes")
    assert figure.locator(".frame .name").all_text_contents()[0] == "bytes of one call"
    control(page, "Up").select_option("limit")
    control(page, "Along x").select_option("axis channels")
    control(page, "y scale").select_option("linear")
    assert any("%" in text for text in figure.locator(".frame text").all_text_contents())
    control(page, "Intervals").select_option("none")
    assert figure.locator("polygon[opacity]").count() == 0
    choose(page, "channels", "7")
    assert note.inner_text().startswith("5 cases")


def test_the_explorer_has_the_colours_of_the_static_figures(page: Page) -> None:
    for label, place in (("torch_eager", 0), ("cpp_ext", 1)):
        paths = page.locator(f'figure svg [data-backend="{label}"] path').all()
        static = {path.evaluate("path => getComputedStyle(path).stroke") for path in paths} - {
            "none",
            "rgb(255, 255, 255)",
        }  # round markers
        line = page.locator("#explorer svg[tabindex] polyline").nth(place)
        assert {line.evaluate("line => getComputedStyle(line).stroke")} == static


def test_axes_of_names_numbers_and_truths_hold_the_rest_constant(opened: Opened) -> None:
    page = opened(PAGE(with_names(), []))
    offered = control(page, "Along x").locator("option").all_inner_texts()
    assert offered == ["rows", "rate", "bytes of one call", "FLOPs of one call"]
    assert control(page, "Along x").input_value() == "axis rate"
    note = page.locator("#explorer .note")
    assert note.inner_text().startswith("6 cases of mine")
    for name, value in (("act", '"relu"'), ("bias", "true"), ("dtype", '"bfloat16"')):
        control(page, name).select_option(value)
    assert note.inner_text().startswith("3 cases of mine at dtype=bfloat16, rows=3, act=relu, bias=True, medians")
    assert "0.25" in page.locator("#explorer .frame text").all_text_contents()
    control(page, "act").select_option("")
    assert page.locator("#explorer svg[tabindex] polyline").count() == 2
    choose(page, "act", "gelu")
    assert page.locator("#explorer svg[tabindex] polyline").count() == 1
    assert set(page.locator("table.results tbody tr:not([hidden]) td:nth-child(3)").all_inner_texts()) == {"relu"}


def test_pointer_and_arrow_keys_read_the_exact_case(page: Page) -> None:
    figure, reading = page.locator("#explorer svg[tabindex]"), page.locator(".reading")
    assert not reading.is_visible()
    figure.locator("circle[fill], polygon:not([opacity])").first.hover()
    words = reading.inner_text().split("\n")
    assert words[:2] == ["torch_eager", "channels=7"]
    assert words[2].startswith("9.00 µs, 95 % 8.9")
    page.mouse.move(1, 1)
    assert not reading.is_visible()
    figure.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert reading.inner_text().split("\n")[:2] == ["cpp_ext", "channels=128"]
    assert "200 µs" in reading.inner_text()


def test_without_scripts_everything_is_there_but_the_controls(opened: Opened, text: str) -> None:
    page = opened(text, java_script_enabled=False)
    shown = page.locator("body").inner_text()
    assert shown.count("cpp_ext") >= 3
    assert "it raised" in shown
    assert page.locator("figure svg").count() == 3
    for gone in ("#filters", "#explorer"):
        assert not page.locator(gone).is_visible()


HOSTILE = "</script><img src=x onerror=hit=1>\u2028'\"&<b>"


def _hostile(place: int) -> Record:
    made = record(measured(1e-5 * place), f"{HOSTILE}{place}", f"op{HOSTILE}", dtype=HOSTILE)
    axes = Axes({"rows": place, HOSTILE: place, "name": f"{HOSTILE}{place}"})
    return replace(made, case=replace(made.case, point=replace(made.case.point, axes=axes)))


def test_a_hostile_record_is_text(opened: Opened) -> None:
    records = [_hostile(place) for place in (1, 2, 3)]
    page = opened(PAGE(records, latency.REPORT.render(records[:1])))
    page.locator("#filters summary", has_text="Backend").click()
    page.locator("#explorer svg[tabindex]").focus()
    assert HOSTILE.partition("\u2028")[0] in page.locator(".reading").inner_text()
    assert page.locator("#filters output").inner_text() == "3 rows"
    assert page.evaluate("window.hit") is None
    assert page.locator("img, b").count() == 0
    parts = page.locator("figure svg [data-backend]")
    assert parts.first.get_attribute("data-backend") == f"{HOSTILE}1"
    page.locator("#explorer .legend button").first.click()
    assert not parts.first.is_visible()


INJECTED = """new Promise((refused) => {
    document.addEventListener("securitypolicyviolation", (event) => refused(event.blockedURI));
    const script = document.createElement("script");
    script.textContent = "window.hit = 1";
    document.body.append(script);
    if (window.hit) refused("it ran");
})"""


def test_no_script_but_the_page_s_own_is_run(opened: Opened, errors: list[str], text: str) -> None:
    page = opened(text)
    assert page.evaluate(INJECTED) == "inline"
    assert page.evaluate("window.hit") is None
    (said,) = errors
    assert "Content Security Policy" in said
    errors.clear()


def test_it_is_dark_where_the_system_is_and_where_a_reader_wants_it(opened: Opened, text: str) -> None:
    def brightness(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.removeprefix("rgb(").split(",")[0])

    assert brightness(opened(text, color_scheme="dark")) < 50
    page = opened(text, color_scheme="light")
    assert brightness(page) > 200
    for expected in (True, False, True):  # light, dark, as the system
        page.get_by_label("Colours:").click()
        assert (brightness(page) > 200) == expected


def test_controls_are_not_printed_and_a_narrow_page_does_not_scroll_sideways(opened: Opened, text: str) -> None:
    page = opened(text, viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.emulate_media(media="print", color_scheme="dark")
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#explorer .controls").is_visible()
    assert page.locator("#explorer svg[tabindex]").is_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(31, 35, 40)"


def test_of_a_long_table_more_rows_follow_as_it_is_scrolled_and_all_where_it_is_printed(opened: Opened) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    page = opened(PAGE([record(measured(1e-6 * place), channels=place) for place in range(1, 504)], []))
    page.locator("summary", has_text="503 of 503").click()
    rows_laid_out = page.locator("table.results tbody tr")
    assert rows_laid_out.count() == 200
    for _ in "up", "down":
        heading(page, "Median").click()
    assert rows_laid_out.first.inner_text().split()[0] == "503"
    for expected in (400, 503):
        rows_laid_out.last.scroll_into_view_if_needed()
        playwright.expect(rows_laid_out).to_have_count(expected)
    assert rows_laid_out.last.inner_text().split()[0] == "1"
    heading(page, "Median").click()
    assert rows_laid_out.count() == 200
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert rows_laid_out.count() == 503


def test_a_page_without_records_and_one_without_a_measured_case_are_whole(opened: Opened) -> None:
    assert opened(PAGE([], [])).get_by_label("Colours:").is_visible()
    page = opened(PAGE([record(Failed("prepare", "x"))], []))
    assert page.locator("#filters output").inner_text() == "1 row"
    assert not page.locator("#explorer").is_visible()
