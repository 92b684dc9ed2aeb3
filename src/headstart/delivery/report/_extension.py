"""What adding classes gave and took: old and new classes apart, as a table."""

from __future__ import annotations

from html import escape

from headstart.delivery.report.evidence import ReportEvidence


def extension(evidence: ReportEvidence) -> str:
    """The table, the first row its head; nothing where no classes were added."""
    if not evidence.extension:
        return ""
    head, *rows = evidence.extension
    titles = "".join(
        f'<th scope="col" class="{"number" if i else "name"}">{escape(name)}</th>' for i, name in enumerate(head)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0].strip())}</th>'
        + "".join(f'<td class="number">{escape(cell)}</td>' for cell in row[1:3])
        + f"<td>{escape(row[3].strip())}</td></tr>"
        for row in rows
    )
    return (
        '<p class="lead">No example judges here that the new head learnt from.</p>'
        '<div class="wide" role="region" aria-label="Old and new classes" tabindex="0"><table>'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )
