"""Every error the program raises on purpose.

    InterviewerError                 exit code 1
    ├── UsageError                   exit code 2: what was typed cannot be done
    ├── SettingsError                exit code 2: a configuration file or variable is wrong
    ├── BankError                    a question or rubric file is wrong
    ├── AudioError                   sound in or out failed
    │   ├── NoDeviceError            there is no microphone or no speaker to open
    │   └── DeviceLostError          the device went away while it was in use
    ├── SpeechError                  words in or out failed
    │   ├── SynthesisError           no voice, or the voice made no sound
    │   ├── ModelUnavailableError    the weights are neither cached, downloadable nor packaged
    │   └── TranscriptionError       the recogniser failed on this utterance
    ├── ScoringError                 the scorer cannot work, so the answer is not scored
    └── ArchiveError                 the archive cannot be read or written
        └── DiskFullError            there is no room left for a recording

Each carries a message (what failed, and what is allowed) and a hint (what to type next).
Only `interviewer.cli.main` turns them into output and exit codes.
"""


class InterviewerError(Exception):
    """A failure that a person can understand and mend.

    Args:
        message: what failed, with the allowed choices where there are any.
        hint: what to do or type next; empty only where there is nothing to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(InterviewerError):
    exit_code = 2


class SettingsError(InterviewerError):
    exit_code = 2


class BankError(InterviewerError):
    pass


class AudioError(InterviewerError):
    pass


class NoDeviceError(AudioError):
    pass


class DeviceLostError(AudioError):
    pass


class SpeechError(InterviewerError):
    pass


class SynthesisError(SpeechError):
    pass


class ModelUnavailableError(SpeechError):
    pass


class TranscriptionError(SpeechError):
    pass


class ScoringError(InterviewerError):
    pass


class ArchiveError(InterviewerError):
    pass


class DiskFullError(ArchiveError):
    pass
