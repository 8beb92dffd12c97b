"""A channel that logs in with a token: which variable or secret holds it. The token itself is no setting."""

from typing import ClassVar

from pydantic import Field, model_validator

from collector.secret import SECRET_PATTERN, VARIABLE_PATTERN, Secret, read_secret
from logtriage.notifiers.channel import ChannelConfig

__all__ = ["TokenConfig"]


class TokenConfig(ChannelConfig):
    """Keys of a channel with a token. Without one of them it is in `default_variable` of its kind."""

    default_variable: ClassVar[str]  # LOGTRIAGE_SLACK_TOKEN; also in _OTHER_NAMES of logtriage/config.py

    token_env: str = Field(default="", pattern=VARIABLE_PATTERN)  # another variable that holds the token
    token_secret: str = Field(default="", pattern=SECRET_PATTERN)  # projects/P/secrets/S/versions/latest

    @model_validator(mode="after")
    def _has_one_token(self) -> "TokenConfig":
        if self.token_env and self.token_secret:
            message = "the token is in token_env or in token_secret, not in both"
            raise ValueError(message)
        return self

    def read_token(self) -> Secret:
        """The token as it is now; ConfigError or SourceUnavailable as of `read_secret`."""
        env = self.token_env or self.default_variable
        return read_secret(env=env, secret=self.token_secret, where=f"Channel `{self.name}` cannot log in")
