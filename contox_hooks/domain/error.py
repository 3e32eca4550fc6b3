"""Every error that a user can meet, grouped by what they can do about it.

Error
├── UsageError            2  the command line is wrong
├── RepositoryError       3  not a repository, no commits, unreadable
├── NotFound              4  no such session, job, item; nothing active to end
├── NotInitialised        5  this repository is not captured yet
│   └── NotConnected         captured here, not connected to a server
├── SettingError          6  unknown setting, wrong type, broken YAML
├── StoreError            7  a store cannot be opened, written or understood
│   ├── StoreNewer           written by a newer program: left untouched
│   └── StoreDamaged         not a database any more: set aside, rebuilt from git
├── StageFailed           8  a pipeline stage failed; retry from it
├── Refused               9  doing it would overwrite something of the user's
├── Busy                 10  another process holds what is needed
├── RemoteError          11  the server cannot be reached, or its answer cannot be used: it passes, or waits
├── AccessRefused        12  the server refuses the key, the signing secret or the project
└── SpendRefused         13  a cap on what a language model may use is reached: nothing was asked

1 is an unexpected failure, 0 success. The numbers are a contract (README, "Exit codes").
"""

from __future__ import annotations

from typing import ClassVar


class Error(Exception):
    """One line for people: what is wrong, on which thing, and what to type next.

    `message` says what and on which; `hint` is the next command or step, may be empty.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(Error):
    exit_code = 2
    code = "usage"


class RepositoryError(Error):
    exit_code = 3
    code = "repository"


class NotFound(Error):
    exit_code = 4
    code = "not_found"


class NotInitialised(Error):
    exit_code = 5
    code = "not_initialised"


class NotConnected(NotInitialised):
    code = "not_connected"


class SettingError(Error):
    exit_code = 6
    code = "setting"


class StoreError(Error):
    exit_code = 7
    code = "store"


class StoreNewer(StoreError):
    code = "store_newer"


class StoreDamaged(StoreError):
    code = "store_damaged"


class StageFailed(Error):
    exit_code = 8
    code = "stage_failed"


class Refused(Error):
    exit_code = 9
    code = "refused"


class Busy(Error):
    exit_code = 10
    code = "busy"


class RemoteError(Error):
    exit_code = 11
    code = "remote"


class AccessRefused(Error):
    exit_code = 12
    code = "access_refused"


class SpendRefused(Error):
    exit_code = 13
    code = "spend_refused"
