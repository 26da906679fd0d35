"""Opens reports in a headless Chromium and tells what a reader would meet.

Reads a list of pages as JSON from standard input, each with `file` and `search`, and writes what it saw of each. The
browser is driven through a pipe, so nothing listens anywhere.
"""

import json
import os
import subprocess
import sys
import tempfile

FACTS = r"""(() => {
  const all = [...document.querySelectorAll("*")];
  // The smallest contrast of text with what it stands on, as WCAG 2 counts it.
  const rows = [...document.querySelectorAll("tr[data-kind]")];
  const bright = (colour) => {
    const parts = colour.match(/[\d.]+/g).slice(0, 3).map((it) => {
      const share = it / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const paper = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  let contrast = 21;
  const told = "h1 *, h2 *, dt, dd *, th, td *, li *, label, summary, footer";
  for (const element of [...document.querySelectorAll(told)].slice(0, 2000)) {
    const [a, b] = [bright(getComputedStyle(element).color), bright(paper(element))].sort((x, y) => y - x);
    contrast = Math.min(contrast, (a + 0.05) / (b + 0.05));
  }
  return {
    tags: [...new Set(all.map((it) => it.tagName.toLowerCase()))].sort(),
    attributes: [...new Set(all.flatMap((it) => it.getAttributeNames()))].sort(),
    links: [...new Set(all.map((it) => it.getAttribute("href")).filter(Boolean))],
    paper: getComputedStyle(document.body).backgroundColor,
    text: document.body.textContent,
    rows: rows.length,
    visible: rows.filter((it) => it.checkVisibility()).length,
    kinds: [...new Set(rows.filter((it) => it.checkVisibility()).map((it) => it.dataset.kind))].sort(),
    told: document.getElementById("told")?.textContent ?? null,
    focus: document.activeElement?.getAttribute("name") ?? null,
    scrolls: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    contrast,
  };
})()"""

TYPED = r"""(async (word) => {
  const search = document.querySelector("#filter input[type=search]");
  search.value = word;
  search.dispatchEvent(new Event("input", { bubbles: true }));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
})"""

UNCHECKED = r"""(async (kind) => {
  const box = document.querySelector(`#filter input[value=${kind}]`);
  box?.click();
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
})"""

RESET = r"""(async () => {
  document.querySelector("#filter button[type=reset]").click();
  await new Promise((done) => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(done)), 20));
})()"""


class Browser:
    """A browser and its only tab."""

    def __init__(self, program, profile):
        to_read, to_write = os.pipe(), os.pipe()
        # The browser reads commands at 3 and answers at 4.
        def ends():
            reads, writes = os.dup(to_read[0]), os.dup(to_write[1])
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}",
             "--remote-debugging-pipe", "about:blank"],
            preexec_fn=ends, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read[0])
        os.close(to_write[1])
        self.input, self.output = os.fdopen(to_read[1], "wb"), os.fdopen(to_write[0], "rb")
        self.number, self.events, self.session, self.unread = 0, [], None, b""
        targets = self.ask("Target.getTargets")["targetInfos"]
        tab = next(it["targetId"] for it in targets if it["type"] == "page")
        self.session = self.ask("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Accessibility", "DOMSnapshot"]:
            self.ask(f"{domain}.enable")

    def message(self):
        while b"\0" not in self.unread:
            part = self.output.read1(1 << 20)
            if not part:
                raise SystemExit("the browser went away")
            self.unread += part
        text, self.unread = self.unread.split(b"\0", 1)
        return json.loads(text)

    def ask(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.input.write(json.dumps(message).encode() + b"\0")
        self.input.flush()
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, url):
        self.ask("Page.navigate", url=url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        self.events = [event for event in self.events if event.get("method") != "Page.loadEventFired"]

    def run(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise SystemExit(f"{expression[:80]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def drawn(self):
        """The text that is laid out, that is, that somebody can see."""
        snapshot = self.ask("DOMSnapshot.captureSnapshot", computedStyles=[])
        strings = snapshot["strings"]
        texts = (strings[at] for page in snapshot["documents"] for at in page["layout"]["text"] if at >= 0)
        return " ".join(texts)

    def trouble(self):
        """Errors on the console, exceptions, and requests other than for the page itself."""
        found = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif method == "Log.entryAdded":
                found.append(f"{params['entry']['level']}: {params['entry']['text']}")
            elif method == "Runtime.consoleAPICalled":
                found.append(f"console: {params['args']}")
            elif method == "Network.requestWillBeSent" and params.get("type") != "Document":
                found.append(f"request: {params['request']['url'][:200]}")
        return found

    def unnamed(self):
        """What an assistive program meets without a name."""
        found = []
        named = {"heading", "searchbox", "textbox", "checkbox", "button", "img", "image", "link", "columnheader", "rowheader",
                 "search", "DisclosureTriangle"}
        roles = set()
        for node in self.ask("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            roles.add(role)
            if not node.get("ignored") and role in named and not node.get("name", {}).get("value", "").strip():
                found.append(role)
        return found, sorted(role for role in roles if role in {"main", "table", "search", "banner", "contentinfo"})

    def close(self):
        try:
            self.ask("Browser.close")
        finally:
            self.process.wait(timeout=20)


def visit(browser, page):
    url = "file://" + page["file"]
    seen = {}
    browser.events = []
    browser.ask("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "light"}])
    browser.open(url)
    seen["light"] = browser.run(FACTS)
    # The tree for assistive programs takes minutes where there are thousands of rows, and is alike for each.
    if seen["light"]["rows"] <= 1000:
        seen["unnamed"], seen["roles"] = browser.unnamed()
    if seen["light"]["rows"]:
        browser.ask("Input.dispatchKeyEvent", type="keyDown", key="/", text="/")
        browser.ask("Input.dispatchKeyEvent", type="keyUp", key="/")
        browser.ask("Input.insertText", text=page["search"])
        browser.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seen["typed"] = browser.run(FACTS)
        browser.run(RESET)
        browser.run(f"{UNCHECKED}('opens')")
        seen["unchecked"] = browser.run(FACTS)
        browser.run(RESET)
        browser.run(f"{TYPED}('no row has these words')")
        seen["nothing"] = browser.run(FACTS)
        browser.run(RESET)
        seen["reset"] = browser.run(FACTS)
    browser.ask("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    seen["narrow"] = browser.run(FACTS)
    browser.ask("Emulation.clearDeviceMetricsOverride")
    browser.ask("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    seen["dark"] = browser.run(FACTS)
    browser.ask("Emulation.setEmulatedMedia", media="print", features=[])
    seen["print"] = browser.drawn()
    browser.ask("Emulation.setEmulatedMedia", media="", features=[])
    browser.ask("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(url)
    seen["without script"] = browser.drawn()
    browser.ask("Emulation.setScriptExecutionDisabled", value=False)
    # A policy that keeps the page's own script out would say so here, and so would one that lets others in.
    seen["trouble"] = [line for line in browser.trouble() if "scripting is disabled" not in line.lower()]
    for facts in seen.values():
        if isinstance(facts, dict) and facts is not seen["light"]:
            for key in ["text", "tags", "attributes", "links"]:
                facts.pop(key, None)
    return seen


def main():
    pages = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(sys.argv[1], profile)
        try:
            seen = [visit(browser, page) for page in pages]
        finally:
            browser.close()
    json.dump(seen, sys.stdout)


main()
