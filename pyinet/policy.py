"""What is decided about errors where WinINet shows a dialog. Pure. Source: WinINet ``InternetErrorDlg``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from pyinet._answer.challenges import Challenge
from pyinet._httpenums import Decision, ErrorUiFlag, SecurityFlag
from pyinet.enums import InternetErrorCode as Code
from pyinet.errors import invalid_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeAlias

    File: TypeAlias = Any
    """An `HttpFile`, which stands above this module: Any, so that a subclass may name it."""

__all__ = ["InternetPolicy", "Outcome", "decide"]

_DENIED, _PROXY_DENIED = 401, 407
_SCHEMES = frozenset({"basic", "digest", "negotiate", "ntlm"})

_CERTIFICATE: Mapping[int, SecurityFlag] = MappingProxyType(
    {
        Code.ERROR_INTERNET_SEC_CERT_DATE_INVALID: SecurityFlag.IGNORE_CERT_DATE_INVALID,
        Code.ERROR_INTERNET_SEC_CERT_CN_INVALID: SecurityFlag.IGNORE_CERT_CN_INVALID,
        Code.ERROR_INTERNET_INVALID_CA: SecurityFlag.IGNORE_UNKNOWN_CA,
        Code.ERROR_INTERNET_SEC_CERT_ERRORS: SecurityFlag.IGNORE_UNKNOWN_CA
        | SecurityFlag.IGNORE_CERT_CN_INVALID
        | SecurityFlag.IGNORE_CERT_DATE_INVALID,
        Code.ERROR_INTERNET_SEC_CERT_REV_FAILED: SecurityFlag.IGNORE_REVOCATION,
        Code.ERROR_INTERNET_SEC_CERT_REVOKED: SecurityFlag.IGNORE_REVOCATION,
    }
)
"""Errors of a certificate, and what a request has to ignore when it is accepted."""
_REDIRECT: Mapping[int, SecurityFlag] = MappingProxyType(
    {
        Code.ERROR_INTERNET_HTTP_TO_HTTPS_ON_REDIR: SecurityFlag.IGNORE_REDIRECT_TO_HTTPS,
        Code.ERROR_INTERNET_HTTPS_TO_HTTP_ON_REDIR: SecurityFlag.IGNORE_REDIRECT_TO_HTTP,
        Code.ERROR_INTERNET_HTTPS_HTTP_SUBMIT_REDIR: SecurityFlag.IGNORE_REDIRECT_TO_HTTP,
        Code.ERROR_HTTP_REDIRECT_NEEDS_CONFIRMATION: SecurityFlag(0),
    }
)
"""Errors of a redirect, and what a request has to ignore when it is allowed."""
_ALLOWED = frozenset(
    {
        Code.ERROR_SUCCESS,
        Code.ERROR_INTERNET_HTTP_TO_HTTPS_ON_REDIR,
        Code.ERROR_INTERNET_CHG_POST_IS_NON_SECURE,
        Code.ERROR_INTERNET_POST_IS_NON_SECURE,
        Code.ERROR_HTTP_COOKIE_NEEDS_CONFIRMATION,
    }
)
"""What needs nobody's consent; everything else is refused unless a policy allows it."""


class InternetPolicy:
    """Answers what WinINet asks the user. This one asks nobody: it gives no credentials and accepts no certificate.

    Make a subclass and set it as ``session.policy``. What a method raises ends the operation.
    """

    def get_credentials(self, req: File, challenge: Challenge) -> tuple[str, str] | None:
        """Return user name and password for *challenge*, or None to leave the answer 401 or 407 as it is.

        Args:
            req: The `HttpFile` that was asked for credentials.
            challenge: Who asks, and for what.
        """
        del req, challenge
        return None

    def accept_certificate(self, req: File, error: int, info: object) -> Decision:
        """Return ``Decision.CANCEL`` to refuse a certificate, any other to accept it for this request.

        Args:
            req: The `HttpFile` that could not be opened.
            error: What is wrong: 12037, 12038, 12045, 12055, 12057 or 12170.
            info: What is known of the certificate.
        """
        del req, error, info
        return Decision.CANCEL

    def allow_redirect(self, req: File, status: int, new_url: str) -> Decision | None:
        """Return ``Decision.CANCEL`` to refuse a redirect, any other to allow it, None to go by the flags of *req*.

        Args:
            req: The `HttpFile` that is redirected; its `url` leads to *new_url*.
            status: 301, 302, 303, 307 or 308.
            new_url: Where it would go. From https to http the flags allow only with IGNORE_REDIRECT_TO_HTTP.
        """
        del req, status, new_url
        return None


class Outcome(NamedTuple):
    """What was decided, and what the request has to take over.

    Attributes:
        decision: What to do.
        flags: ``SECURITY_FLAG_IGNORE_*`` bits to set on the request.
        credentials: User name and password for the server; for the proxy when it was the proxy that asked. None: none.
    """

    decision: Decision
    flags: SecurityFlag = SecurityFlag(0)
    credentials: tuple[str, str] | None = None

    def __repr__(self) -> str:
        return f"<Outcome {self.decision.name} {self.flags!r}>"  # no credentials


def decide(
    error: int,
    flags: int,
    *,
    policy: InternetPolicy,
    request: File,
    status: int = 0,
    challenges: Sequence[Challenge] = (),
    info: object = None,
    new_url: str = "",
    has_client_certificate: bool = False,
) -> Outcome:
    """Decide what to do about an error or an answer, and ask *policy* where WinINet asks the user.

    Args:
        error: What happened: a number of `InternetErrorCode`; 0 for nothing but an answer.
        flags: `ErrorUiFlag` bits. With FILTER_FOR_ERRORS an answer 401 or 407 counts without an error; without
            CHANGE_OPTIONS nothing is set on the request, so what was accepted is no reason to send it again; with NO_UI
            nobody is asked, as if *policy* were `InternetPolicy`.
        policy: Who is asked.
        request: The `HttpFile` that the policy is told of.
        status: Status code of the answer; 0 when there is none.
        challenges: What the answer asks for, when its status is 401 or 407.
        info: For `InternetPolicy.accept_certificate`.
        new_url: For `InternetPolicy.allow_redirect`.
        has_client_certificate: Whether a client certificate is configured.

    Raises:
        CallerError: 87, a policy answers what is no answer.

    Source: MFC ``CHttpFile::ErrorDlg``; WinINet ``InternetErrorDlg``.
    """
    if flags & ErrorUiFlag.NO_UI:
        policy = InternetPolicy()
    if error == Code.ERROR_INTERNET_INCORRECT_PASSWORD or (not error and flags & ErrorUiFlag.FILTER_FOR_ERRORS):
        return _about_credentials(policy, request, status, challenges)
    if error in _CERTIFICATE:
        accepted = _checked(policy.accept_certificate(request, error, info), "accept_certificate")
        return _granted(_CERTIFICATE[error], flags) if accepted else Outcome(Decision.CANCEL)
    if error in _REDIRECT:
        answer = policy.allow_redirect(request, status, new_url)
        if answer is not None:
            allowed = _checked(answer, "allow_redirect")
            return _granted(_REDIRECT[error], flags) if allowed else Outcome(Decision.CANCEL)
    if error == Code.ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED and has_client_certificate:
        return Outcome(Decision.OK)
    return Outcome(Decision.OK if error in _ALLOWED else Decision.CANCEL)


def _about_credentials(policy: InternetPolicy, request: File, status: int, challenges: Sequence[Challenge]) -> Outcome:
    if status not in {_DENIED, _PROXY_DENIED}:
        return Outcome(Decision.OK)  # programs ask after every sending: there is nothing to do
    known = [one for one in challenges if one.scheme.lower() in _SCHEMES]
    asked = [*known, *challenges, Challenge("", "", "", status == _PROXY_DENIED)][0]
    answer = policy.get_credentials(request, asked)
    if answer is None:
        return Outcome(Decision.CANCEL)
    return Outcome(Decision.RETRY, credentials=_checked_credentials(answer))


def _checked_credentials(answer: object) -> tuple[str, str]:
    if isinstance(answer, tuple) and len(answer) == 2:  # noqa: PLR2004 - a pair
        user, password = answer
        if isinstance(user, str) and isinstance(password, str):
            return user, password
    raise invalid_parameter("get_credentials must return user name and password as two str, or None")


def _checked(answer: object, method: str) -> bool:
    """Whether *answer* is not CANCEL."""
    if not isinstance(answer, Decision):
        raise invalid_parameter(f"{method} must return a Decision, not {answer!r}")
    return answer != Decision.CANCEL


def _granted(ignored: SecurityFlag, flags: int) -> Outcome:
    if not flags & ErrorUiFlag.CHANGE_OPTIONS:
        return Outcome(Decision.OK)
    return Outcome(Decision.RETRY, ignored)
