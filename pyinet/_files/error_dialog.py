"""``ErrorDlg`` without a dialog: the session's policy decides. Source: MFC ``CHttpFile``."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from pyinet._files.sending import HttpSending
from pyinet._request.credentials import Credentials
from pyinet._request.redirect import refused_downgrade
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import CallerError, describe

if TYPE_CHECKING:
    from pyinet._answer.challenges import Challenge
    from pyinet._transfer.pack import Row
    from pyinet.enums import Decision, ErrorUiFlag
    from pyinet.policy import InternetPolicy

__all__ = ["ErrorDialog"]

_CHANGE_OPTIONS, _GENERATE_DATA = 2, 4  # ErrorUiFlag
_DENIED, _PROXY_DENIED = 401, 407
_TO_HTTP = 0x8000  # IGNORE_REDIRECT_TO_HTTP, the same bit of InternetFlag and SecurityFlag


class ErrorDialog(HttpSending):
    """Base of `HttpFile`: what WinINet asks the user."""

    _led_to = (0, "")  # status and target of the last redirect

    def error_dlg(
        self,
        error: int = Code.ERROR_INTERNET_INCORRECT_PASSWORD,
        flags: ErrorUiFlag | int = _GENERATE_DATA | _CHANGE_OPTIONS,
    ) -> Decision:
        """Ask ``session.policy`` what to do about an error or an answer, and take over what it says.

        Args:
            error: Number of the error; 12014 for an answer of 401 or 407. 0 when there is none.
            flags: ``FLAGS_ERROR_UI_*``.

        Returns:
            ``Decision.OK`` (0): go on. ``Decision.RETRY`` (12032): send the request again. ``Decision.CANCEL`` (1223).

        Raises:
            CallerError: 87, the policy answers what is no answer.
            HandleClosed: 6, the file was closed.

        Source: MFC ``CHttpFile::ErrorDlg``; WinINet ``InternetErrorDlg``.
        """
        from pyinet.policy import InternetPolicy, decide  # here: most programs never ask

        self._handle.check("the file")
        plan = self._planned()
        answer = self._headers
        status = 0 if answer is None else self.status_code
        outcome = decide(
            int(error), int(flags), policy=self._session.policy or InternetPolicy(), request=self,
            status=status or self._led_to[0], challenges=self._challenges(status), info=self._failed,
            new_url=self._led_to[1], has_client_certificate=plan.certificate is not None,
        )  # fmt: skip
        if outcome.credentials is not None:
            self._take_credentials(outcome.credentials, of_proxy=status == _PROXY_DENIED)
        plan.security |= int(outcome.flags)
        plan.flags |= int(outcome.flags) & _TO_HTTP
        return outcome.decision

    def _challenges(self, status: int) -> list[Challenge]:
        if status not in {_DENIED, _PROXY_DENIED}:
            return []
        from pyinet._answer.challenges import parse_challenges
        from pyinet._urls.wire import host_and_port

        by_proxy = status == _PROXY_DENIED
        lines = self.headers.get_all("proxy-authenticate" if by_proxy else "www-authenticate")
        return parse_challenges(lines, host=host_and_port(self.url)[0], is_proxy=by_proxy)

    def _take_credentials(self, given: tuple[str, str], *, of_proxy: bool) -> None:
        if not of_proxy:
            self.set_credentials(*given)
            return
        settings = self._own_settings()
        checked = Credentials(*given)
        settings.proxy_user, settings.proxy_password = checked.user, checked.password

    def set_credentials(self, user: str | None, password: str | None) -> None:
        """Take these for the server when the request is sent next, as options USERNAME and PASSWORD do.

        Raises:
            CallerError: 87, one is no str, or holds a control character or half a surrogate pair.
            HandleClosed: 6, the file was closed.
        """
        self._handle.check("the file")
        given = Credentials(user, password)
        if self._credentials is None:
            self._credentials = given
        else:
            self._credentials.user, self._credentials.password = given.user, given.password

    def _asks(self, row: Row) -> None:
        """Have the policy asked before a redirect of *row* is followed."""
        known = weakref.ref(self)  # the file has the row: together they would be garbage that the collector has to find

        def allows(status: int, url: str, *, downgrade: bool) -> None:
            file = known()
            if file is not None:
                file._allow(row, status, url, downgrade=downgrade)  # noqa: SLF001 - of this class

        row.allows = allows

    def _allow(self, row: Row, status: int, url: str, *, downgrade: bool) -> None:
        self._led_to = (status, url)
        policy: InternetPolicy | None = self._session.policy
        answer = None if policy is None else policy.allow_redirect(self, status, url)
        if answer is None:
            if downgrade and not row.flags & _TO_HTTP:
                raise refused_downgrade(row.url)
        elif int(answer) == Code.ERROR_CANCELLED:
            code = Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION
            raise CallerError(describe("the policy forbade the redirect", code, url=url), code, url=url)
