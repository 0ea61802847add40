"""The command line: `retrofolio VERB ...`, also `python -m scripts VERB ...`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from scripts.outcome import Outcome, execute
from vocabulary import RetrofolioError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which retrofits save most, with at least 20 % saved wherever a building is touched?\n\n"
    "Example: retrofolio run scripts/studies/jiading_sample.yaml --out out/jiading_sample",
)

StudyFile = Annotated[Path, typer.Argument(help="study file (YAML)", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="output folder", show_default=False)]
Workers = Annotated[int, typer.Option("--workers", min=1, max=4096, help="engine runs at the same time")]
Scheduler = Annotated[str | None, typer.Option("--scheduler", help="address of a running dask scheduler")]
Cluster = Annotated[str | None, typer.Option("--cluster", help="slurm: start workers as jobs of the queue")]
Store = Annotated[Path | None, typer.Option("--store", help="folder of finished runs (default: OUT/runs)")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="run failed cases again")]
KeepRaw = Annotated[bool, typer.Option("--keep-raw", help="keep model and engine files of new runs under STORE/kept")]
Quiet = Annotated[bool, typer.Option("--quiet", help="no progress")]
Json = Annotated[bool, typer.Option("--json", help="one JSON object on standard output")]


def _run_stage(module: str, study: Path, out: Path, as_json: bool, **options: object) -> None:
    """Read the study, claim the folder, run one stage; the modules are imported late to keep --help quick."""

    def action(outcome: Outcome) -> None:
        context = import_module("scripts.context")
        workspace = import_module("scripts.workspace").Workspace(out)
        stage = import_module(f"scripts.{module}")
        asked = context.Options(as_json=as_json, trains=module in ("simulate", "fit"), **options)
        ready = context.open_study(study, workspace, asked, outcome)
        import_module("scripts.input_faults").check_inputs(ready)
        workspace.claim(ready.study)
        workspace.start_log()
        stage.stage(ready)

    raise typer.Exit(execute(module, str(out), action, as_json=as_json))


def _running_verb(name: str, text: str) -> Callable[..., None]:
    def verb(
        study: StudyFile, out: Out, workers: Workers = 2, scheduler: Scheduler = None, cluster: Cluster = None,
        store: Store = None, retry_failed: Retry = False, keep_raw: KeepRaw = False, quiet: Quiet = False,
        json: Json = False,
    ) -> None:
        _run_stage(
            name, study, out, json, workers=workers, scheduler=scheduler, cluster=cluster, store=store,
            retry_failed=retry_failed, keep_raw=keep_raw, quiet=quiet,
        )

    example = EXAMPLES.get(name, "scripts/studies/jiading_sample.yaml --out out/jiading_sample")
    verb.__doc__ = f"{text}\n\nExample: retrofolio {name} {example}"
    return verb


RUNNING_VERBS = {
    "run": "The whole chain: sample, simulate, fit, validate, optimise, verify, report.",
    "simulate": "Run the engine on all baselines, training and held-out cases.",
    "fit": "Fit the surrogate on the runs of `simulate`.",
    "calibrate": "Tune every building on its bills, and confirm by engine runs; nothing to do without bills.",
    "optimise": "Choose the portfolio of every scenario from predicted savings.",
    "verify": "Simulate what was chosen, and choose again until every floor holds in simulation.",
    "report": "Write report.html and tables/*.csv.",
}
EXAMPLES = {"calibrate": "mine/billed.yaml --out out/mine_billed (the study of docs/tutorial.md, section 5)"}
"""Arguments for verbs that the sample study is no example of: it has no bills."""
for _name, _text in RUNNING_VERBS.items():
    app.command(_name)(_running_verb(_name, _text))


@app.command("validate")
def validate(
    study: StudyFile, out: Out, cases: Annotated[int | None, typer.Option("--cases", min=1, help="fresh cases")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="seed of the fresh cases")] = None,
    workers: Workers = 2, scheduler: Scheduler = None, cluster: Cluster = None, store: Store = None,
    retry_failed: Retry = False, keep_raw: KeepRaw = False, quiet: Quiet = False, json: Json = False,
) -> None:
    """Draw fresh cases, simulate them and their baselines, and state the surrogate's errors.

    Example: retrofolio validate scripts/studies/jiading_sample.yaml --out out/jiading_sample --cases 20 --seed 7
    """
    _run_stage(
        "validate", study, out, json, workers=workers, scheduler=scheduler, cluster=cluster, store=store,
        retry_failed=retry_failed, keep_raw=keep_raw, quiet=quiet, validation_cases=cases, validation_seed=seed,
    )


@app.command("sensitivity")
def sensitivity(
    study: StudyFile, out: Out, building: Annotated[str, typer.Option("--building", help="building_id")],
    package: Annotated[
        str | None, typer.Option("--package", help="measure ids joined by + (default: what the first scenario chose)")
    ] = None,
    store: Store = None, quiet: Quiet = False, json: Json = False,
) -> None:
    """Say which unknown of a building its saving and cost hang on, and how to measure it.

    Runs the engine only where there is no surrogate yet, neither in the folder nor named by the study.

    Example: retrofolio sensitivity scripts/studies/jiading_sample.yaml --out out/jiading_sample
    --building JS01 --package led
    """
    _run_stage("sensitivity", study, out, json, store=store, quiet=quiet, building=building, package=package)


@app.command("check")
def check(study: StudyFile, json: Json = False) -> None:
    """Check a study and everything it names; run nothing; all faults in one message.

    Example: retrofolio check scripts/studies/jiading_sample.yaml
    """

    def action(outcome: Outcome) -> None:
        import_module("scripts.check").check_study(study, outcome)

    raise typer.Exit(execute("check", "", action, as_json=json))


@app.command("compare")
def compare(
    folders: Annotated[list[Path], typer.Argument(help="output folders of finished studies", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="page to write", show_default=False)], json: Json = False,
) -> None:
    """Put two to eight scenarios side by side on one page, of one output folder or of several.

    All scenarios of the folders if these are at most eight together, else of each folder the one that costs most.

    Example: retrofolio compare out/jiading_sample out/other --out out/compare.html
    """

    def action(outcome: Outcome) -> None:
        import_module("scripts.compare").compare_folders(folders, out, outcome)

    raise typer.Exit(execute("compare", str(out), action, as_json=json))


def main() -> None:
    """Run the command line."""
    app.add_typer(import_module("scripts.weather").app, name="weather")
    app.add_typer(import_module("scripts.buildings").app, name="buildings")
    try:
        app()
    except RetrofolioError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
