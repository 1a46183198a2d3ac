"""What stops a job on purpose: each message names the file, key or coin, and what to do about it."""


class CoinsparkError(Exception):
    """A fault that the user can mend; shown as its message alone, without a traceback."""


class ConfigError(CoinsparkError):
    """The configuration asks for something unknown or impossible."""


class InputError(CoinsparkError):
    """A source, list or weights file is missing, unreadable, or not what the configuration says."""


class AuditError(CoinsparkError):
    """A staged table breaks its own promises; nothing of it was published."""


class LockError(CoinsparkError):
    """Another nightly holds this warehouse."""


class TrainingError(CoinsparkError):
    """A training run could not go on; its last whole checkpoint stays, and the next run takes it up."""
