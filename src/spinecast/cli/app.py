"""Where commands meet and errors become one message and an exit status.

Status 0 is success, 2 an error the user can act on, 130 an interruption; 70 is a defect of spinecast, whose
traceback goes to a file and not to the screen.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from spinecast import __version__
from spinecast.cli import (
    accounts,
    audit,
    checks,
    cohort,
    compare,
    database,
    dictionary,
    evaluate,
    evidence,
    explain,
    models,
    monitor,
    outcomes,
    predict,
    report,
    samplesize,
    scores,
    serve,
    study,
    synth,
    train,
    update,
    validate,
)
from spinecast.errors import SpinecastError
from spinecast.notices import RESEARCH_USE

__all__ = ["app", "main"]

INTERRUPTED = 130

app = typer.Typer(
    name="spinecast",
    help=f"Build, check, explain and serve prognosis models for people with spinal metastases. {RESEARCH_USE}",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("train")(train.train)
app.command("predict")(predict.predict)
app.command("explain")(explain.explain)
app.command("evaluate")(evaluate.evaluate)
app.command("validate")(validate.validate)
app.command("update")(update.update)
app.command("compare")(compare.compare)
app.command("monitor")(monitor.monitor)
app.command("report")(report.report)
app.command("serve")(serve.serve)
app.command("scores")(scores.scores)
app.command("synth")(synth.synth)
app.add_typer(models.app, name="models")
app.add_typer(study.app, name="study")
app.add_typer(dictionary.app, name="dictionary")
app.add_typer(cohort.app, name="cohort")
app.add_typer(checks.app, name="checks")
app.add_typer(samplesize.app, name="samplesize")
app.add_typer(evidence.app, name="evidence")
app.add_typer(database.app, name="database")
app.add_typer(audit.app, name="audit")
app.add_typer(outcomes.app, name="outcomes")
app.add_typer(accounts.users, name="users")
app.add_typer(accounts.keys, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"spinecast {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line and end the process with its status."""
    threading.excepthook = _hear_threads
    try:
        status = app(standalone_mode=False)
    except SpinecastError as error:
        _fail(f"error: {error}", 2)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader of a pipe has gone (head, a closed pager): nothing is left to say or to whom.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:  # the last line of defence: a user never meets a traceback
        show = getattr(error, "show", None)
        if not callable(show):
            _fail(_defect(error), 70)
        show()  # a wrong option or argument: typer's own errors show themselves
        raise SystemExit(getattr(error, "exit_code", 2)) from None
    if status == INTERRUPTED:  # typer turns Ctrl-C into this status
        _fail("interrupted", INTERRUPTED)
    raise SystemExit(status if isinstance(status, int) else 0)


def _hear_threads(failure: threading.ExceptHookArgs) -> None:
    """Pass a thread's failure on, but for joblib's manager thread.

    It trips over the workers that Ctrl-C has ended; a worker that dies of itself is reported by the call that waits
    for it.
    """
    if failure.thread is None or not failure.thread.name.startswith("ExecutorManagerThread"):
        threading.__excepthook__(failure)


def _fail(message: str, status: int) -> NoReturn:
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
    raise SystemExit(status)


def _defect(error: Exception) -> str:
    with tempfile.NamedTemporaryFile(
        "w", prefix="spinecast-defect-", suffix=".txt", delete=False, encoding="utf-8"
    ) as handle:
        handle.write("".join(traceback.format_exception(error)))
    return (
        f"error: a defect of spinecast, not of your input: {type(error).__name__}: {error}\n"
        f"  where:    {Path(handle.name)}\n"
        "  to do:    report it with that file, after checking that it names no patient"
    )
