"""A JupyterLab and a Chromium for the session; a page of its own for every test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import FLAGS, find_chromium, install_chromium
from tests.browser.lab import REPOSITORY, Lab, OpenNotebook

Opener = Callable[..., OpenNotebook]

# A machine that is busy answers late; a test that fails waits this long, and no other.
expect.set_options(timeout=20_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, so that `-m "not browser"` leaves it out, and keep it in one process."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


# Playwright keeps an event loop in its process while it lives: it ends with each module, so that
# the tests that come after it have a loop of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start a Chromium; without one, fail where tests must be complete and skip aloud elsewhere."""
    path = find_chromium() or install_chromium()
    if path is None:
        why = "no Chromium here and none could be installed: NO BROWSER TEST HAS RUN"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(why)
        pytest.skip(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Start a JupyterLab in a folder of its own."""
    if not (REPOSITORY / "zen_nb" / "static" / "widget.js").is_file():
        pytest.fail("the front end is not built: run `make frontend`")
    started = Lab.start(tmp_path_factory.mktemp("lab"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def opened_lab(chromium: Browser, lab: Lab) -> Iterator[Page]:
    """Open JupyterLab once; notebooks come and go in it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{lab.url}/lab?reset")
    page.wait_for_function("window.jupyterapp?.shell?.currentWidget !== undefined")
    page.evaluate("window.jupyterapp.restored")
    yield page
    context.close()


@pytest.fixture
def page(opened_lab: Page) -> Iterator[Page]:
    """Give the page to a test, which fails on any error of the drawing."""
    errors: list[str] = []

    def note(error: Exception) -> None:
        errors.append(f"{error}\n{getattr(error, 'stack', '')}")

    opened_lab.on("pageerror", note)
    yield opened_lab
    opened_lab.remove_listener("pageerror", note)
    assert not [error for error in errors if "blob:" in error]


@pytest.fixture
def notebook(page: Page, lab: Lab, request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Return what opens a notebook with the given cells in the page."""
    open_now: list[OpenNotebook] = []

    def opened(*cells: str) -> OpenNotebook:
        name = re.sub(r"\W+", "_", request.node.name)
        name = f"{name}_{len(open_now)}.ipynb" if open_now else f"{name}.ipynb"
        open_now.append(OpenNotebook(page, lab, name, list(cells)))
        return open_now[-1]

    yield opened
    for each in reversed(open_now):
        each.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """Return the folder for pictures of what people see."""
    folder = REPOSITORY / ".screenshots"
    folder.mkdir(exist_ok=True)
    return folder
