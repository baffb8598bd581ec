"""Pictures of the site in every state that states.py names, and contact sheets of them: `make screenshots`.

    make screenshots ONLY="home upload" LANGUAGE=de THEME=dark

The site is a whole one with the shipped panel, in a folder that is kept: a second run begins with its files.
--fresh begins anew. The pictures and one sheet per language and theme are in var/screenshots.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from ..chaos.site import BASE, Site
from . import sheet
from .states import STATES, State

OUT = BASE / "var" / "screenshots"
CHROMIUM = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
WIDTHS = {1280: 800, 390: 844}  # heights of the window
LOCALES = {"en": "en-GB", "de": "de-DE"}
THEMES = ("light", "dark")
# Pictures below the window are loaded when somebody scrolls to them.
SHOW_PICTURES = """() => Promise.all([...document.images].map(picture => {
  picture.loading = "eager";
  return picture.decode().catch(() => {});
}))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these states; the first letters are enough")
    parser.add_argument("--language", choices=LOCALES, help="one language")
    parser.add_argument("--theme", choices=THEMES, help="one theme")
    parser.add_argument("--width", type=int, choices=WIDTHS, help="one width")
    parser.add_argument("--fresh", action="store_true", help="begin with an empty site")
    options = parser.parse_args()
    states = [state for state in STATES if not options.only or state.name.startswith(tuple(options.only))]
    if not states:
        parser.error(f"no such state; there are: {', '.join(state.name for state in STATES)}")
    folder = OUT / "site"
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(folder, "")
    site.environment |= {"BUNDLES_DIR": str(BASE / "ml_models"), "BLIND_PERCENT": "0", "DOUBLE_PERCENT": "0"}
    site.start()
    try:
        cast = make_cast(site)
        with sync_playwright() as playwright:
            path = next((path for path in CHROMIUM if Path(path).exists()), None)
            if path is None:
                sys.exit("Chromium is not installed. On Debian and Ubuntu: sudo apt install chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
            for language in [options.language] if options.language else LOCALES:
                for theme in [options.theme] if options.theme else THEMES:
                    widths = [options.width] if options.width else list(WIDTHS)
                    take_all(browser, site, cast, states, language, theme, widths)
                    made = sheet.make(OUT, [state.name for state in states], language, theme, widths)
                    print(made.relative_to(BASE))
            browser.close()
    finally:
        site.stop()


def make_cast(site: Site) -> dict[str, dict[str, str]]:
    """The sessions and ids that cast.py prints."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c"]
    code = "from tests.screenshots import cast; cast.main()"
    done = subprocess.run([*command, code], cwd=BASE, env=site.environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    cast: dict[str, dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
    return cast


def take_all(
    browser: Browser,
    site: Site,
    cast: dict[str, dict[str, str]],
    states: list[State],
    language: str,
    theme: str,
    widths: list[int],
) -> None:
    address = f"http://localhost:{site.port}"
    for who in dict.fromkeys(state.who for state in states):
        context = browser.new_context(
            base_url=address,
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            locale=LOCALES[language],
        )
        if who:
            context.add_cookies([{"name": "session", "value": cast["sessions"][who], "url": address}])
        page = context.new_page()
        for state in states:
            for width in widths if state.who == who else ():
                page.set_viewport_size({"width": width, "height": WIDTHS[width]})
                take(page, state, cast["ids"], OUT / f"{state.name}-{language}-{theme}-{width}.png")
        context.close()


def take(page: Page, state: State, ids: dict[str, str], path: Path) -> None:
    page.goto(state.path.format(**ids))
    page.wait_for_load_state("networkidle" if "result" in state.name else "load")
    if state.steps:
        state.steps(page)
    page.evaluate(SHOW_PICTURES)
    page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main()
