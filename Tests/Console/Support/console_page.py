"""The page in Debian's chromium, and what the browser says of it."""

import base64
import json
import time
from urllib.parse import urlencode, urljoin

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--no-first-run", "--force-device-scale-factor=1"]
VIEWS = ("ask", "beams", "tracks", "attention", "load")


class Page:
    def __init__(self, url, width=1280, height=900, scheme="light", downloads=None, insecure=False):
        self.url = urljoin(url + "/", ".") if not url.endswith("/") else url
        options = webdriver.ChromeOptions()
        for flag in [*FLAGS, f"--window-size={width},{height}"]:
            options.add_argument(flag)
        options.accept_insecure_certs = insecure
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_script_timeout(120)
        self.size(width, height)
        self.scheme(scheme)
        if downloads:
            self.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        self.log, self.requested = [], []

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def size(self, width, height=900):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)

    def scheme(self, name):
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    # What one does.

    def open(self, view, **values):
        """Goes to a view by its address, as somebody does who was sent a link."""
        self.driver.get("about:blank")
        query = f"?{urlencode(values)}" if values else ""
        self.driver.get(f"{self.url}#{view}{query}")
        self.until(lambda: self.all(".view"))
        return self

    def ready(self):
        self.until(lambda: self.text("#status-text") == "Ready" and self.text("#model") != "")
        return self

    def go(self, view):
        self.one(f'.stations a[href^="#{view}"]').click()
        self.until(lambda: self.js("return document.querySelector('[aria-current=page]').textContent").lower() == view)

    def write(self, text, name="prompt"):
        area = self.one(f"[name={name}]")
        area.send_keys(Keys.CONTROL, "a")
        area.send_keys(Keys.DELETE)
        if text.isascii() and text.isprintable() and len(text) < 300:
            area.send_keys(text)
        else:
            # What cannot be typed is pasted.
            self.js("arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new InputEvent('input', {bubbles: true}))", area, text)

    def set(self, name, value):
        """Changes a parameter as a person does: the box is opened, the value is there, the page hears of it."""
        self.js("document.querySelector('.parameters').open = true")
        self.js("""const [name, value] = arguments; const input = document.querySelector(`[name=${name}]`); input.value = value;
                   input.dispatchEvent(new InputEvent('input', {bubbles: true}))""", name, str(value))

    def run(self, wait=True):
        self.one("form.composer button[type=submit]").click()
        if wait:
            self.rest()

    def rest(self, within=60):
        self.until(lambda: not self.js("return document.querySelector('form.composer').dataset.running"), within)

    def hover(self, element, x=None, y=None):
        self.js("arguments[0].scrollIntoView({block: 'center', inline: 'center'})", element)
        chain = ActionChains(self.driver)
        if x is None:
            chain.move_to_element(element)
        else:
            box = self.js("const b = arguments[0].getBoundingClientRect(); return [b.width, b.height]", element)
            chain.move_to_element_with_offset(element, round(x - box[0] / 2), round(y - box[1] / 2))
        chain.perform()
        time.sleep(0.15)

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
            time.sleep(0.05)

    # What one sees.

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def texts(self, selector):
        return self.js("return [...document.querySelectorAll(arguments[0])].map((found) => found.textContent)", selector)

    @property
    def message(self):
        return self.text(".message")

    @property
    def inspector(self):
        return self.text(".inspector")

    def until(self, is_so, within=30):
        deadline = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < deadline, f"{self.message!r}, {self.text('#status-text')!r}, {self.errors()}"
            time.sleep(0.05)

    def screenshot(self, path, most=4000):
        width, height = self.js("return [innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, most), "scale": 1}
        taken = self.command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(taken["data"]))

    # What the browser says.

    def errors(self, allowed=()):
        """Everything in the console that is not news; violations of the policy are among it."""
        self.log += self.driver.get_log("browser")
        return [entry["message"] for entry in self.log
                if entry["level"] in ("SEVERE", "WARNING") and not any(part in entry["message"] for part in allowed)]

    def requests(self):
        """Addresses of all that was asked for over the network."""
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                self.requested.append(event["params"]["request"]["url"])
        return [url for url in self.requested if not url.startswith(("about:", "chrome:", "data:", "blob:"))]

    def check(self, allowed=()):
        """No error, no violation, no request to anybody else."""
        assert not self.errors(allowed)
        foreign = [url for url in self.requests() if not url.startswith(self.url)]
        assert not foreign, foreign
        assert self.requested
