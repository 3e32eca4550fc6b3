"""A commit in a `vscode_capture` event: the vendor's fields (CONTRACT.md section 3), and ours to give the digest back.

Must not know the event around it. Invariant: whatever the payload or the shape holds, reading it gives a digest; a
field of the wrong type counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final, cast, get_args

from contox_hooks.domain.digest import CommitDigest, CommitKind, FileChange, FileStatus, Person
from contox_hooks.wire.jsontext import joined_surrogates
from contox_hooks.wire.loose import count_of, object_of, objects_of, rows_of, text_of, time_of, whole_of

SHA_SENT: Final = 12
_ID_LENGTH: Final = 64
"""A SHA-256 in hex, the longest id that git has."""
_LAST_S: Final = 253_402_214_400
"""9999-12-31, the last day that every zone can write with four digits."""


def commit_shape(digest: CommitDigest) -> dict[str, object]:
    """The vendor's fields first. The file list's totals are of all files, listed or not."""
    shape: dict[str, object] = {
        "sha": digest.sha[:SHA_SENT],
        "message": digest.subject,
        "author": digest.author.name,
        "timestamp": _iso_strict(digest.author),
        "filesChanged": [file.path for file in digest.files],
        "insertions": digest.insertions,
        "deletions": digest.deletions,
    }
    if digest.diff:
        shape["diff"] = digest.diff
    committer = digest.committer
    return shape | {
        "commitSha": digest.sha,
        "parents": list(digest.parents),
        "branch": digest.branch,
        "kind": digest.kind,
        "origin": digest.origin,
        "body": digest.body,
        "authoredAt": digest.author.at_utc,
        "authoredOffsetMin": digest.author.offset_min,
        "committer": {"name": committer.name, "at": committer.at_utc, "offsetMin": committer.offset_min},
        "changes": [_change_shape(file) for file in digest.files],
        "filesTotal": digest.files_total,
        "excludedFiles": digest.excluded_files,
        "redactions": digest.redactions,
        "diffCut": digest.diff_cut,
        "diffMissing": digest.diff_missing,
    }


def digest_of_shape(shape: Mapping[str, object]) -> CommitDigest:
    """Also of a commit that the vendor's extension sent, which has its own fields only."""
    authored = time_of(shape.get("timestamp"))
    author = {
        "name": shape.get("author"),
        "at_utc": shape.get("authoredAt", None if authored is None else int(authored)),
        "offset_min": shape.get("authoredOffsetMin"),
    }
    sent = object_of(shape.get("committer"))
    committer = {"name": sent.get("name"), "at_utc": sent.get("at"), "offset_min": sent.get("offsetMin")}
    paths = [path for path in rows_of(shape.get("filesChanged")) if isinstance(path, str)]
    changes = [object_of(change) for change in rows_of(shape.get("changes"))]
    changes += [{}] * (len(paths) - len(changes))
    return digest_of_payload({
        "sha": text_of(shape.get("commitSha")) or shape.get("sha"),
        "parents": shape.get("parents"),
        "author": author,
        "committer": committer if sent else author,
        "subject": shape.get("message"),
        "body": shape.get("body"),
        "files": [_file_payload(path, change) for path, change in zip(paths, changes, strict=False)],
        "files_total": shape.get("filesTotal", len(paths)),
        "insertions": shape.get("insertions"),
        "deletions": shape.get("deletions"),
        "diff": shape.get("diff"),
        "diff_cut": shape.get("diffCut"),
        "diff_missing": shape.get("diffMissing"),
        "excluded_files": shape.get("excludedFiles"),
        "redactions": shape.get("redactions"),
        "kind": shape.get("kind"),
        "branch": shape.get("branch"),
        "origin": shape.get("origin"),
    })  # fmt: skip


def digest_of_payload(payload: object, *, sha: str = "") -> CommitDigest:
    """`CommitDigest.from_payload` for what may be damaged; `sha` is taken when the payload has none."""
    fields = object_of(payload)
    kind, branch = fields.get("kind"), fields.get("branch")
    return CommitDigest(
        sha=(_text(fields.get("sha")) or sha)[:_ID_LENGTH],
        parents=tuple(_text(row)[:_ID_LENGTH] for row in rows_of(fields.get("parents")) if isinstance(row, str)),
        author=_person(fields.get("author")),
        committer=_person(fields.get("committer")),
        subject=_text(fields.get("subject")),
        body=_text(fields.get("body")),
        files=tuple(_file(row) for row in objects_of(fields.get("files")) if isinstance(row.get("path"), str)),
        files_total=count_of(fields.get("files_total")),
        insertions=count_of(fields.get("insertions")),
        deletions=count_of(fields.get("deletions")),
        diff=_text(fields.get("diff")),
        diff_cut=fields.get("diff_cut") is True,
        diff_missing=_text(fields.get("diff_missing"))[:_ID_LENGTH],
        excluded_files=count_of(fields.get("excluded_files")),
        redactions=count_of(fields.get("redactions")),
        kind=cast(CommitKind, kind) if kind in get_args(CommitKind) else "commit",
        branch=_text(branch) if isinstance(branch, str) else None,
        origin="history" if fields.get("origin") == "history" else "created",
    )


def payload_of(digest: CommitDigest) -> dict[str, Any]:
    """As the capture store gives it back: lists, no tuples."""
    payload = digest.to_payload()
    return payload | {"parents": list(payload["parents"]), "files": list(payload["files"])}


def _text(value: object) -> str:
    return joined_surrogates(text_of(value))


def _person(value: object) -> Person:
    fields = object_of(value)
    return Person(
        _text(fields.get("name")), _text(fields.get("email")),
        whole_of(fields.get("at_utc")), whole_of(fields.get("offset_min")),
    )  # fmt: skip


def _file(row: Mapping[str, object]) -> FileChange:
    status, old_path = row.get("status"), row.get("old_path")
    return FileChange(
        path=_text(row.get("path")),
        status=cast(FileStatus, status) if status in get_args(FileStatus) else "M",
        insertions=_lines(row.get("insertions")),
        deletions=_lines(row.get("deletions")),
        old_path=_text(old_path) if isinstance(old_path, str) else None,
        binary=row.get("binary") is True,
        old_mode=_text(row.get("old_mode")) or _USUAL.old_mode,
        new_mode=_text(row.get("new_mode")) or _USUAL.new_mode,
    )


_USUAL: Final = FileChange("", "M")


def _lines(value: object) -> int | None:
    count = whole_of(value, -1)
    return count if count >= 0 else None


def _change_shape(file: FileChange) -> dict[str, object]:
    """What `filesChanged` does not say of the file at the same place; what is as usual is left out."""
    said = {
        "insertions": file.insertions, "deletions": file.deletions, "oldPath": file.old_path,
        "binary": file.binary or None,
        "oldMode": None if file.old_mode == _USUAL.old_mode else file.old_mode,
        "newMode": None if file.new_mode == _USUAL.new_mode else file.new_mode,
    }  # fmt: skip
    return {"status": file.status} | {name: value for name, value in said.items() if value is not None}


def _file_payload(path: str, change: Mapping[str, object]) -> dict[str, object]:
    return {
        "path": path, "status": change.get("status"),
        "insertions": change.get("insertions"), "deletions": change.get("deletions"),
        "old_path": change.get("oldPath"), "binary": change.get("binary"),
        "old_mode": change.get("oldMode"), "new_mode": change.get("newMode"),
    }  # fmt: skip


def _iso_strict(author: Person) -> str:
    """git's `%aI`; a date or an offset that no calendar has stands at the nearest end, exact in `authoredAt`."""
    at = min(max(author.at_utc, 0), _LAST_S)
    offset = author.offset_min if abs(author.offset_min) < 24 * 60 else 0
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    return moment.astimezone(timezone(timedelta(minutes=offset))).isoformat(timespec="seconds")
