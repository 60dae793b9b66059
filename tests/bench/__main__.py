"""`python -m tests.bench`: measure, print the ratios, exit 1 where something could not be measured."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil  # type: ignore[import-untyped]
from rich.console import Console

from tests.bench.measures import MEASURES, Measure
from tests.bench.report import SUBJECTS, Report
from tests.bench.rig import rig
from tests.bench.sizes import QUICK, Sizes
from tests.bench.subject import Subject
from tests.bench.subjects import subjects

_console = Console(stderr=True)


def arguments(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    known = [measure.name for measure in MEASURES]
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small and once: shows that it works, not more")
    parser.add_argument("--repetitions", type=int, help="how often each is measured (3)")
    parser.add_argument("--only", type=_names(known), default=known, help=f"some of {','.join(known)}")
    parser.add_argument(
        "--subjects",
        type=_names(list(SUBJECTS)),
        default=list(SUBJECTS),
        help=f"some of {','.join(SUBJECTS)}",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write everything to FILE")
    return parser.parse_args(words)


def _names(known: list[str]) -> Callable[[str], list[str]]:
    def read(words: str) -> list[str]:
        chosen = words.split(",")
        if stray := set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(stray))} is none of {', '.join(known)}")
        return chosen

    return read


@contextmanager
def noted(what: str, subject: Subject, report: Report) -> Iterator[None]:
    """Say what is being done; what goes wrong is noted, and the others go on."""
    _console.print(f"  {what}: {subject.name}", style="dim")
    try:
        yield
    except (OSError, RuntimeError, TimeoutError, asyncpg.PostgresError, ExceptionGroup) as error:
        traceback.print_exception(error)
        _console.print(subject.said(), markup=False, highlight=False)
        report.failures.append(f"{what} of {subject.name} failed: {type(error).__name__} {error}")


async def measured(
    sizes: Sizes, measures: list[Measure], names: list[str], parent: str | None = None
) -> Report:
    """Measure in turns: each repetition takes every subject once, each time another one first.

    `parent` is where the servers' folder is made; None: where temporary files go.
    """
    report = Report(sizes)
    async with rig(parent) as servers:
        chosen = []
        needed = {name for measure in measures for name in measure.subjects} & set(names)
        for subject in subjects(servers, needed):
            with noted("seeding", subject, report):
                await subject.prepare(sizes)
                chosen.append(subject)
        for repetition in range(sizes.repetitions):
            _console.print(f"repetition {repetition + 1} of {sizes.repetitions}", style="bold")
            report.busy.append(await asyncio.to_thread(psutil.cpu_percent, 1.0))
            for measure in measures:
                fit = [subject for subject in chosen if subject.name in measure.subjects]
                turn = repetition % len(fit) if fit else 0
                for subject in fit[turn:] + fit[:turn]:
                    with noted(measure.name, subject, report):
                        report.add(subject.name, await measure.take(subject, sizes))
    return report


def main(words: list[str]) -> int:
    """Run the benchmark and return the exit code."""
    options = arguments(words)
    sizes = QUICK if options.quick else Sizes()
    if options.repetitions:
        sizes = Sizes(
            **{name: getattr(sizes, name) for name in Sizes.__slots__} | {"repetitions": options.repetitions}
        )
    measures = [measure for measure in MEASURES if measure.name in options.only]
    report = asyncio.run(measured(sizes, measures, options.subjects))
    Console(width=160).print(report.shown())
    if options.json:
        options.json.write_text(json.dumps(report.document(), indent=1) + "\n")
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
