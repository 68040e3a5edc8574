"""`housing-sweep report`: a sweep on one page."""

from pathlib import Path

import click

from housing_sweep.cli import connect


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("sweep", metavar="SWEEP")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="HTML file to write; Markdown goes beside it.  [default: report-ID.html]",
)
@connect.ranking_options
@click.option("--no-log", is_flag=True, help="Write the files only, log nothing to W&B.")
def report(
    sweep: str, out: Path | None, metric: str | None, goal: str | None, no_log: bool
) -> None:
    """Write the report of SWEEP: one HTML file that opens without internet, and Markdown.

    The best model and whether it was promoted; parallel coordinates; which parameters mattered;
    best so far and validation curves; where it errs; every trial; the decision. It is
    shown in W&B too: on the promotion's run, or without one on a run with job type "report".
    """
    login = connect.backend()
    from housing_sweep.pipeline.report.write_report import write_report

    written = write_report(
        login, sweep, out, metric=metric, goal=connect.goal_of(goal), log=not no_log
    )
    click.echo(
        f"wrote {written.html} ({written.html.stat().st_size / 1000:.0f} kB) and {written.markdown}"
    )
    if written.report.no_errors:
        click.echo(f"  without the error map: {written.report.no_errors}")
    if written.logged:
        click.echo(f"shown at {written.logged}")
