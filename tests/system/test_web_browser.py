# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""The pages as people use them: with a browser, with and without scripts.

What the pages looked like is left in screenshots/ of the build's folder.
"""

import csv
import re

import pytest

import sdr
from browser import LOOKS, Browser, axe_source, findings
from patience import FOREVER
from web import LISTEN, Web

SAMPLE = sdr.TOP / "conf" / "sample_accounts.csv"
COMPANIES = 25          # of the sample, without the one that is there twice
REFUSED = "Maersk"      # by the simulator, the first time
NAMES = "tbody td.lead b"       # of the accounts on a page
PAGES = {"jobs": "/", "job": "/jobs/1", "accounts": "/accounts",
         "failed": "/accounts?state=failed", "account": "/accounts/1",
         "upload": "/upload", "system": "/system"}
pytestmark = pytest.mark.long
ASSETS = 80 * 1024      # bytes of all of them, as they are sent


@pytest.fixture(scope="module")
def window(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


@pytest.fixture
def browser(window):
    """The one window, in the state it began with."""
    window.size(1280, 900)
    window.prefer("light")
    window.scripts(True)
    window.driver.delete_all_cookies()
    return window


@pytest.fixture
def sim(make_sim):
    return make_sim("--latency", 100, "--fault",
                    f"422:company={REFUSED}:section=security:times=1")


@pytest.fixture
def served(sim, make_daemon):
    return make_daemon(sim, web=LISTEN,
                       processing={"concurrency": 5}).start()


@pytest.fixture
def web(served, browser):
    browser.web = Web(served)
    return browser.web


@pytest.fixture
def researched(served, web):
    """The sample is done, but for the one that was refused."""
    assert web.upload("/api/upload?name=sample", SAMPLE.read_bytes()
                      ).status == 201
    served.do("start", job=1)
    assert served.wait_job() == {"completed": COMPANIES - 1, "failed": 1}
    return served


def upload(browser):
    """Choose the sample and look at it."""
    browser.go("/upload")
    browser.one("input[type=file]").send_keys(str(SAMPLE))
    if browser.path() == "upload" and not browser.all("body.script"):
        browser.press("Look at it")
    browser.wait(lambda: re.fullmatch("upload/[0-9a-f]{32}",
                                      browser.path()), "the file")


def state_is(browser, word):
    browser.wait(lambda: word in browser.text("#state"), word)


def count(browser, name):
    """The figure that is called so, in the job's progress."""
    found = re.search(rf"{name}\n([\d,]+)", browser.text("#progress"))
    return int(found[1]) if found else None


# A job, from the file to the export


def test_job_in_a_browser(sim, served, web, browser):
    upload(browser)
    seen = browser.text()
    assert re.search(rf"New companies\n{COMPANIES}\n", seen)
    assert re.search(r"Duplicates\n1\n", seen)
    for words in ("Account Name Company name 100%", "Website Website 96%",
                  "Primary Industry Industry", "Region kept as it is"):
        assert words in seen
    browser.press(f"Make a job of {COMPANIES} companies")
    browser.wait(lambda: browser.path() == "jobs/1", "the job")
    state_is(browser, "ready")
    assert served.states() == {"pending": COMPANIES}

    sim.hold()
    browser.press("Start")
    state_is(browser, "running")
    # What follows is told to this page; it is not loaded again.
    browser.run("window.untouched = true")
    browser.wait(lambda: "5 of at most 5" in browser.text("#hands"),
                 "five in work")
    served.wait(lambda: sim.in_flight() > 0, "requests")
    served.wait(lambda: sim.pass_(200) or served.results() >= 3, "results")
    browser.wait(lambda: (count(browser, "Completed") or 0) >= 2,
                 "progress")
    assert browser.run("return window.untouched") is True

    browser.press("Pause")
    state_is(browser, "paused")
    served.wait(lambda: sim.pass_(FOREVER) or served.in_hand() == 0,
                "what was under way")
    assert served.job()[0] == "paused"
    browser.press("Resume")
    state_is(browser, "running")
    sim.let_go()
    served.wait_job()
    browser.run("window.untouched = true")
    state_is(browser, "completed")
    browser.wait(lambda: (count(browser, "Completed"),
                          count(browser, "Failed"),
                          count(browser, "Left")) == (COMPANIES - 1, 1, 0),
                 "the end of it")
    browser.wait(lambda: REFUSED in browser.text("#log"), "the log")
    assert browser.run("return window.untouched") is True

    browser.go("/accounts")
    browser.driver.find_element("css selector", "select[name=state]"
                                ).send_keys("failed")
    browser.press("Show")
    browser.wait(lambda: "state=failed" in browser.path(), "the filter")
    browser.wait(lambda: browser.texts(NAMES) == [REFUSED], "it alone")
    browser.press(REFUSED)
    browser.wait(lambda: browser.path().startswith("accounts/"), "it")
    browser.wait(lambda: "failed" in browser.text(), "its state")
    browser.press("Retry")
    served.wait(lambda: served.states() == {"completed": COMPANIES},
                "a second try")
    assert served.wait_job() == {"completed": COMPANIES}
    sdr.assert_bought_once(served, sim)
    assert browser.complaints() == []


def test_export_in_a_browser(researched, web, browser):
    browser.go("/accounts?tier=A")
    names = browser.wait(lambda: browser.texts(NAMES), "the names")
    assert len(names) == researched.value(
        "SELECT count(*) FROM account WHERE tier = 'A'")
    browser.press("CSV")
    # Its place is taken by an empty file until it is whole.
    files = browser.wait(
        lambda: [path for path in browser.downloads.glob("*.csv")
                 if path.stat().st_size > 0], "the file")
    with open(files[0], newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["company_name"] for row in rows) == sorted(names)
    assert {row["tier"] for row in rows} == {"A"}
    assert browser.complaints() == []


# Without scripts


def test_job_without_scripts(sim, served, web, browser):
    """Everything is a page, a link or a form."""
    browser.scripts(False)
    upload(browser)
    browser.press(f"Make a job of {COMPANIES} companies")
    browser.wait(lambda: browser.path() == "jobs/1", "the job")
    sim.hold()
    browser.press("Start")
    served.wait(lambda: served.job()[0] == "running", "the start")
    browser.go("/jobs/1")
    browser.press("Pause")
    served.wait(lambda: served.job()[0] == "paused", "the pause")
    browser.go("/jobs/1")
    assert "paused" in browser.text("#state")
    browser.press("Resume")
    served.wait(lambda: served.job()[0] == "running", "its end")
    sim.let_go()
    assert served.wait_job() == {"completed": COMPANIES - 1, "failed": 1}
    browser.go("/jobs/1")
    assert count(browser, "Completed") == COMPANIES - 1
    browser.press("Retry these")
    served.wait(lambda: served.states() == {"completed": COMPANIES},
                "a second try")
    served.wait_job()
    browser.go("/?")
    browser.one("input[type=search]").send_keys("nestl\n")
    browser.wait(lambda: browser.path().startswith("accounts?"), "a search")
    browser.wait(lambda: browser.texts(NAMES) == ["Nestlé"], "the one found")
    browser.go("/jobs/1")
    browser.press("Delete…")
    browser.wait(lambda: browser.path() == "jobs/1/delete", "a question")
    assert served.value("SELECT count(*) FROM job") == 1
    browser.press("Yes, delete it")
    served.wait(lambda: served.value("SELECT count(*) FROM job") == 0,
                "the end of the job")
    # Nothing is there any more, and what to do is said.
    browser.go("/")
    assert "No jobs yet" in browser.text()
    browser.shoot("nothing-yet")


# How they look


def visit(browser, look):
    """Each page in one look; what is wrong with them."""
    wrong = {}
    for name, path in PAGES.items():
        browser.go(path)
        browser.shoot(f"{name}-{look}")
        found = browser.complaints()
        if found:
            wrong[name] = found
    return wrong


def test_H3_pages_without_complaints(researched, web, browser):
    """No error in the console, nothing against the content policy."""
    for look in LOOKS:
        browser.prefer(look)
        assert visit(browser, look) == {}
    # That violations would be seen at all:
    browser.run("document.body.insertAdjacentHTML('beforeend', "
                "'<p style=\"color: red\" onclick=\"x()\">x</p>')")
    browser.wait(lambda: any("style" in each for each in
                             browser.complaints()), "a complaint")


def test_pages_for_everybody(researched, web, browser):
    """As axe has it, in both looks."""
    source = axe_source()
    for look in LOOKS:
        browser.prefer(look)
        for name, path in PAGES.items():
            browser.go(path)
            assert findings(browser, source) == [], (look, name)


def test_narrow_screens(researched, web, browser):
    """320 pixels are enough, and nothing is pushed out of them."""
    browser.size(320, 640)
    for name, path in PAGES.items():
        browser.go(path)
        browser.shoot(f"{name}-narrow")
        width = browser.run(
            "return document.documentElement.scrollWidth")
        assert width <= 320, name
    browser.size(1280, 900)


def test_look_is_remembered(researched, web, browser):
    browser.go("/")
    colour = "return getComputedStyle(document.body).backgroundColor"
    light = browser.run(colour)
    browser.keys("t")
    dark = browser.wait(lambda: browser.run(colour) != light and
                        browser.run(colour), "the dark")
    browser.go("/accounts")
    assert browser.run(colour) == dark
    # The page comes like this: nothing turns dark under one's eyes.
    browser.scripts(False)
    browser.go("/system")
    assert browser.one("html").get_attribute("data-theme") == "dark"


# Without a mouse


FOCUS = """
const at = document.activeElement, style = getComputedStyle(at);
const seen = style.outlineStyle !== "none" && style.outlineWidth !== "0px" ||
    style.boxShadow !== "none";
const box = at.getBoundingClientRect();
return [at.tagName, at.textContent.trim(), seen, box.width * box.height];
"""


def test_keys(researched, web, browser):
    browser.go("/")
    browser.keys("?")
    browser.wait(lambda: browser.one("#help").is_displayed(), "help")
    browser.keys("\ue00c")      # Escape
    browser.wait(lambda: not browser.one("#help").is_displayed(), "its end")
    browser.keys("g", "a")
    browser.wait(lambda: browser.path() == "accounts", "the accounts")
    browser.keys("/")
    browser.wait(lambda: browser.run(FOCUS)[0] == "INPUT", "the search")
    browser.keys("oxford", "\n")
    browser.wait(lambda: "q=oxford" in browser.path(), "a search")
    assert [row.text for row in browser.all("tbody td.lead b")] == [
        "University of Oxford"]
    # Letters are letters where one writes.
    browser.keys("/", "g", "s", "?", "t")
    assert "q=oxford" in browser.path()
    assert not browser.one("#help").is_displayed()


def test_tab_order(researched, web, browser):
    """By Tab alone one gets everywhere, and sees where one is."""
    for path in ("/jobs/1", "/accounts?state=failed", "/accounts/1"):
        browser.go(path)
        order = []
        for _ in range(60):
            browser.keys("\ue004")      # Tab
            tag, text, seen, size = browser.run(FOCUS)
            if tag == "BODY":
                break
            assert seen and size > 0, (path, tag, text)
            order.append(text)
        assert order[:6] == ["To the content", "sdr", "Jobs", "Accounts",
                             "Upload", "System"]
        wanted = [each.text.strip() for each in browser.all(
            "main button:enabled, main a[href], main summary")
            if each.is_displayed()]
        missing = [text for text in wanted if text not in order]
        assert missing == [] or len(order) == 60, path


# What they cost


def test_size_of_assets(researched, web, browser):
    browser.go("/jobs/1")
    loaded = browser.run("""
        return performance.getEntriesByType("resource").filter(
            (each) => each.name.includes("/assets/")).map(
            (each) => each.name);""")
    icon = browser.one("link[rel=icon]").get_attribute("href")
    assert len(loaded) >= 2
    total = 0
    for address in {*loaded, icon}:
        path = "/" + address.split("/", 3)[3]
        answer = web.get(path, Accept_Encoding="gzip")
        assert answer.status == 200 and answer.headers["ETag"]
        assert web.get(path, If_None_Match=answer.headers["ETag"],
                       Accept_Encoding="gzip").status == 304
        total += len(answer.body)
    assert total < ASSETS
