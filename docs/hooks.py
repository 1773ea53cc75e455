"""Pages of the site that stand elsewhere in the repository, and links between those and docs/.

`extra.outside` in mkdocs.yml says which. Links are written as they work in the repository; on the site they lead to the
page of the same file. A link to a file that is no page becomes its text. A link to nothing stays, and fails the build.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere."""
    for page, path in config.extra["outside"].items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links of the repository into links of the site."""
    pages = {path: name for name, path in config.extra["outside"].items()}
    here = page.file.src_uri
    at = config.extra["outside"].get(here, f"docs/{here}")

    def site_link(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(at), target))
        name = pages.get(path, path.removeprefix("docs/") if path.startswith("docs/") else None)
        if name is None:
            return text if (ROOT / path).exists() else match[0]
        return f"{mark}[{text}]({posixpath.relpath(name, posixpath.dirname(here) or '.')}{anchor or ''})"

    return LINK.sub(site_link, markdown)
