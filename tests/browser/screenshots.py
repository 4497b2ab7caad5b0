"""Makes the screenshots of the studio's main pages: `python -m tests.browser.screenshots FOLDER` (default: docs/images)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser.conftest import CHROMIUM, make_studio

WIDE, PHONE = (1440, 900), (390, 844)
PAGES = {
    "overview": "/",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/{long}",
    "unknown": "/deliveries/{unknown}",
    "templates": "/templates",
    "new-template": "/new-template",
    "editor": "/templates/cart-reminder",
    "form": "/templates/cart-reminder?view=form",
    "samples": "/templates/cart-reminder/samples",
    "settings": "/templates/cart-reminder/settings",
    "versions": "/templates/cart-reminder/versions",
    "connect": "/connect/cart-reminder",
    "suppressions": "/suppressions",
    "content": "/content",
}


def main(folder: Path) -> None:
    """One picture a page, in light and dark and for a phone."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as var, sync_playwright() as playwright:
        studio = make_studio(Path(var), count=12_000)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        user = next(each for each in studio.parts.store.users.list() if each.login.startswith("mara"))
        cookie = {"name": "burgee_session", "value": studio.parts.store.sessions.open(user), "url": studio.url}
        for look, scheme, (width, height) in (("light", "light", WIDE), ("dark", "dark", WIDE), ("phone", "dark", PHONE)):
            viewport = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")
            context.add_cookies([cookie])
            page = context.new_page()
            for name, path in PAGES.items():
                page.goto(studio.url + path.format(**studio.found))
                page.screenshot(path=folder / f"{name}-{look}.png")
            context.close()
        browser.close()
        studio.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
