# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The sdr authors
"""A browser without a window, and what it thinks of our pages."""

import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tarfile

import pytest

from patience import PATIENCE, wait_for
from sdr import BUILD

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
SHOTS = BUILD / "screenshots"
LOOKS = ("light", "dark")

# Pages see nothing of this: it is there before their own script.
WATCH = """
addEventListener("securitypolicyviolation", (event) => {
	const seen = JSON.parse(sessionStorage.getItem("violations") || "[]");
	seen.push(`${event.violatedDirective} ${event.blockedURI}`);
	sessionStorage.setItem("violations", JSON.stringify(seen));
});
"""


class Browser:
    """One window of Chromium; pages are named by their path."""

    def __init__(self, folder):
        webdriver = pytest.importorskip("selenium.webdriver")
        if not CHROMIUM or not DRIVER:
            pytest.skip("chromium and chromedriver are needed")
        service = pytest.importorskip("selenium.webdriver.chrome.service")
        errors = pytest.importorskip("selenium.common.exceptions")
        options = webdriver.ChromeOptions()
        options.binary_location = CHROMIUM
        for argument in (
                "--headless=new", "--disable-gpu", "--no-first-run",
                "--disable-dev-shm-usage", "--disable-component-update",
                "--disable-background-networking", "--disable-sync",
                # It asks nobody for anything but us.
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                f"--user-data-dir={folder / 'profile'}", "--lang=en",
                *(["--no-sandbox"] if os.getuid() == 0 else [])):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # With the path of the driver given, nothing looks for another.
        try:
            self.driver = webdriver.Chrome(
                service=service.Service(DRIVER,
                                        log_path=str(folder / "driver")),
                options=options)
        except (errors.WebDriverException, OSError) as error:
            cause = " ".join(str(error).partition("Stacktrace")[0].split())
            pytest.skip("no browser can be started here: " + cause[:300])
        self.driver.set_page_load_timeout(PATIENCE)
        self.driver.set_script_timeout(PATIENCE)
        self.downloads = folder / "downloads"
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        self.cdp("Browser.setDownloadBehavior", behavior="allow",
                 downloadPath=str(self.downloads))
        self.size(1280, 900)
        self.web = None

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def close(self):
        with contextlib.suppress(Exception):
            self.driver.quit()

    # How it looks

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width,
                 height=height, deviceScaleFactor=1, mobile=width < 600)

    def prefer(self, look):
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": look},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def scripts(self, allowed):
        self.cdp("Emulation.setScriptExecutionDisabled", value=not allowed)

    def shoot(self, name):
        """
        The whole page as a picture.  Chromium sometimes finds no active page
        while it makes room for one that is higher than the window.
        """
        errors = pytest.importorskip("selenium.common.exceptions")

        def take():
            with contextlib.suppress(errors.WebDriverException):
                return self.cdp("Page.captureScreenshot",
                                captureBeyondViewport=True)["data"]
        SHOTS.mkdir(exist_ok=True)
        picture = wait_for(take, f"a picture of {name}")
        (SHOTS / f"{name}.png").write_bytes(base64.b64decode(picture))

    # What is on the page

    def go(self, path):
        host, port = self.web.peer()
        self.driver.get(f"http://{host}:{port}{path}")

    def path(self):
        return self.driver.current_url.split("/", 3)[3].partition("#")[0]

    def all(self, query):
        return self.driver.find_elements("css selector", query)

    def one(self, query):
        found = self.all(query)
        assert len(found) == 1, (query, len(found), self.path())
        return found[0]

    def text(self, query="main"):
        """Read until it stands still: live parts are replaced at any time."""
        stale = pytest.importorskip("selenium.common.exceptions")

        def read():
            with contextlib.suppress(stale.StaleElementReferenceException):
                found = self.all(query)
                return [found[0].text] if len(found) == 1 else None
        return wait_for(read, query)[0]

    def texts(self, query):
        """Of all that there are; None while they are being replaced."""
        stale = pytest.importorskip("selenium.common.exceptions")
        with contextlib.suppress(stale.StaleElementReferenceException):
            return [each.text for each in self.all(query)]

    def button(self, label):
        """The visible button or link that is called so."""
        stale = pytest.importorskip("selenium.common.exceptions")

        def find():
            with contextlib.suppress(stale.StaleElementReferenceException):
                for each in self.all("button, a"):
                    if each.is_displayed() and each.text.strip() == label:
                        return each
        return wait_for(find, f"{label!r} on {self.path()}")

    def press(self, label):
        """Click it, wherever it went meanwhile."""
        stale = pytest.importorskip("selenium.common.exceptions")

        def click():
            with contextlib.suppress(
                    stale.StaleElementReferenceException,
                    stale.ElementClickInterceptedException):
                self.button(label).click()
                return True
        wait_for(click, f"a click on {label!r}")

    def keys(self, *keys):
        actions = pytest.importorskip(
            "selenium.webdriver.common.action_chains")
        for key in keys:
            actions.ActionChains(self.driver).send_keys(key).perform()

    def wait(self, condition, what):
        """For what is so on a page that is there as a whole."""
        def holds():
            value = condition()
            return value if self.run("return document.readyState"
                                     ) == "complete" else None
        return wait_for(holds, f"{what} on /{self.path()}")

    # What it complains about

    def complaints(self):
        """Of this page and those before it, as far as they are not told."""
        said = [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]
        seen = self.run(
            "const seen = sessionStorage.getItem('violations');"
            "sessionStorage.removeItem('violations'); return seen;")
        return said + json.loads(seen or "[]")


# Axe, which knows what people need who use no mouse or see no colours

AXE = "axe-core@4.10.2"
AXE_SHA512 = ("RE3mdQ7P3FRSe7eqCWoeQ/Z9QXrtniSjp1wUjt5nRC3WIpz5rSCve6o3fsZ2aCpJ"
              "trZjSZgjwXAoTO5k4tEI0w==")


def axe_source():
    """Its script, fetched once; skips the test where it cannot be had."""
    folder = BUILD / "axe"
    folder.mkdir(exist_ok=True)
    script = folder / "axe.min.js"
    if not script.exists():
        if not shutil.which("npm"):
            pytest.skip("npm is needed to get axe-core")
        try:
            done = subprocess.run(
                ["npm", "pack", "--silent", AXE], cwd=folder, timeout=60,
                capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            pytest.skip("npm gets no axe-core: it takes too long")
        if done.returncode != 0:
            pytest.skip("npm gets no axe-core: " + done.stderr.strip()[-200:])
        archive = folder / done.stdout.split()[-1]
        digest = hashlib.sha512(archive.read_bytes()).digest()
        assert base64.b64encode(digest).decode() == AXE_SHA512
        with tarfile.open(archive) as files:
            text = files.extractfile("package/axe.min.js").read()
        new = folder / f"new-{os.getpid()}"
        new.write_bytes(text)
        new.rename(script)
    return script.read_text()


def findings(browser, source):
    """[(rule, element)] of what axe finds serious on the page."""
    browser.run(source)
    found = browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        axe.run(document, {resultTypes: ["violations"]}).then(
            (result) => done(result.violations), (e) => done(String(e)));""")
    assert isinstance(found, list), found
    return [(each["id"], node["html"][:120], node["failureSummary"][:300])
            for each in found if each["impact"] in ("serious", "critical")
            for node in each["nodes"]]
