"""Errors that stop a job. Each message names the file, key or coin, what is wrong, and what to do."""


class CoinsparkError(Exception):
    """An error that the user can fix. Commands print its message without a traceback."""


class ConfigError(CoinsparkError):
    """The configuration has an unknown key or an invalid value."""


class InputError(CoinsparkError):
    """A source, list or weights file is missing, unreadable, or does not match the configuration."""


class AuditError(CoinsparkError):
    """A staged table violates its constraints. Nothing was published."""


class LockError(CoinsparkError):
    """Another build is running on this warehouse."""


class TrainingError(CoinsparkError):
    """A training run failed. Its last complete checkpoint is kept; the next run resumes from it."""
