"""One self-contained HTML page about a comparison, and the pictures in it."""

import base64
import html
from collections.abc import Callable
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from jaxloss.analysis import plots
from jaxloss.analysis.curves import Estimate, estimate
from jaxloss.lab import words
from jaxloss.lab.compare import Comparison, Result
from jaxloss.lab.metrics import ACCURACY as PERCENT, Metric, with_error

MAKER = "jaxloss compare"
GOOD = ("healthy", "still improving")
NEUTRAL = ("steady generalisation gap", "noisy validation", "validation below training")


def sheet(comparison: Comparison) -> bytes:
    """Ranking and all curves on one PNG."""
    metric = comparison.metric
    done = words.corruption(comparison.corruption, comparison.data.task)
    scores = [(r, estimate(r.metrics[metric.name])) for r in comparison.results]
    ranking = [
        plots.Ranked(words.short(r, comparison), score.mean, score.error, leading(r))
        for r, score in scores
        if np.isfinite(score.mean)
    ]
    return plots.overview(
        ranking,
        [_curves(result, comparison) for result in comparison.results],
        comparison.plan.grid.astype(float),
        title=f"{comparison.data.name}{done}: "
        f"{len(comparison.results)} losses, {comparison.seeds} seeds",
        metric=metric.label,
        percent=metric.percent,
        target=comparison.target,
    )


def page(comparison: Comparison, *, command: str, versions: str, seconds: float) -> str:
    """The report as HTML.

    Args:
        comparison: a finished comparison.
        command: how to repeat it.
        versions: of what it was made with.
        seconds: how long it took.
    """
    answer = words.headline(comparison)
    css = resources.files("jaxloss.lab").joinpath("report.css").read_text("utf-8")
    data = comparison.data
    remarks = "".join(f"<li>{escape(text)}</li>" for text in words.remarks(comparison))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="{MAKER}">
<title>{html.escape(answer)}</title>
<style>
{css}</style>
</head>
<body>
<main>
<p class="kicker"><b>jaxloss compare</b> · {html.escape(data.name)} · {data.task} ·
{len(comparison.results)} losses, {comparison.seeds} seeds each</p>
<h1>{escape(answer)}</h1>
<ul class="remarks">{remarks}</ul>
<h2>Ranking by test {comparison.metric.label}</h2>
<section class="card">
{_ranking(comparison)}
</section>
<h2>On held-out data</h2>
<section class="card wide">
{_held_out(comparison)}
</section>
<h2>In training, at the end</h2>
<section class="card wide">
{_training(comparison)}
</section>
<p class="small soft">Means over seeds ± one standard error. The unit of a loss is its own: compare
losses along a row, never down a column.</p>
<h2>How fast: validation {comparison.metric.label} over steps</h2>
<section class="card metric">
{_metric_picture(comparison)}
</section>
<h2>Training and validation loss</h2>
<p class="soft">Each in the unit of its own loss; bands are one standard error over the seeds. The
verdict speaks of the steps up to the last one.</p>
<section class="panels">
{"".join(_panel(result, comparison) for result in comparison.results)}
</section>
<h2>What was done</h2>
<section class="card">{definitions(words.deeds(comparison))}</section>
<h2>What the figures mean</h2>
<section class="card">{definitions(words.definitions(comparison))}</section>
<h2>Repeat it</h2>
<pre>{html.escape(command)}</pre>
<footer>{html.escape(versions)} · {seconds:.0f} s · every figure and curve is in
results.json</footer>
</main>
</body>
</html>
"""


def escape(text: str) -> str:
    """Text for a page; a value keeps its error and its unit on the same line."""
    return html.escape(text).replace(" ± ", "&nbsp;±&nbsp;").replace(" %", "&nbsp;%")


def _name(result: Result, comparison: Comparison) -> str:
    """A label that may break behind underscores and colons."""
    name = html.escape(words.short(result, comparison))
    return name.replace("_", "_<wbr>").replace(":", ":<wbr>")


def leading(result: Result) -> bool:
    """Whether a loss is the best or cannot be told from it."""
    return result.standing in ("best", "within noise")


def _ranking(comparison: Comparison) -> str:
    """Dots with bars of two standard errors on one scale, as plain HTML."""
    metric = comparison.metric
    scores = [estimate(result.metrics[metric.name]) for result in comparison.results]
    spans = [_span(score) for score in scores if np.isfinite(score.mean)]
    low, high = (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0.0, 1.0)
    room = 0.03 * max(high - low, 1e-9)
    low, high = low - room, high + room
    rows = []
    for place, (result, score) in enumerate(zip(comparison.results, scores, strict=True), 1):
        kind = {"best": " lead", "within noise": " tied"}.get(result.standing, "")
        track = ""
        if np.isfinite(score.mean):
            left, right = (100 * (value - low) / (high - low) for value in _span(score))
            middle = 100 * (score.mean - low) / (high - low)
            track = (
                f'<i style="left:{left:.2f}%;width:{right - left:.2f}%"></i>'
                f'<b style="left:{middle:.2f}%"></b>'
            )
        rows.append(
            f'<div class="rank{kind}"><span class="place">{place}</span>'
            f'<span class="name">{_name(result, comparison)}</span>'
            f'<span class="track">{track}</span><span class="score">'
            f"{metric.text(score.mean, score.error)}{_against(result, comparison)}</span></div>"
        )
    ends = f"<span>{metric.text(low)}</span><span>{metric.text(high)}</span>"
    note = '<p class="small soft" style="margin:12px 0 0">Bars span two standard errors. '
    better = "right" if metric.better == "higher" else "left"
    return (
        f'{"".join(rows)}<div class="scale"><div>{ends}</div></div>{note}'
        f"Better is to the {better}; round marks are the best loss and those within noise of it. "
        "Below each value stands the paired difference to the best. Always "
        f"{words.constant_text(comparison)}.</p>"
    )


def _span(score: Estimate) -> tuple[float, float]:
    error = 2 * score.error if np.isfinite(score.error) else 0.0
    return score.mean - error, score.mean + error


def _against(result: Result, comparison: Comparison) -> str:
    if result.standing == "best":
        return '<span class="tie">best</span>'
    difference = words.difference_text(result.difference, comparison.metric, signed=True)
    if result.standing == "within noise":
        return f'<span class="tie">{difference}, noise</span>'
    return f"<span>{difference}</span>"


def _held_out(comparison: Comparison) -> str:
    heads = [f"Test {metric.label}" for metric in comparison.metrics]
    heads += ["Stopped early", "Steps to target", "Progress area", "Verdict"]
    return _table(
        comparison,
        heads,
        lambda result: [
            *(_score(metric, result.metrics[metric.name]) for metric in comparison.metrics),
            _score(comparison.metric, result.stopped_early),
            words.reached_text(result),
            _plain(estimate(result.progress)),
            _badge(result),
        ],
    )


def _training(comparison: Comparison) -> str:
    heads = ["Final training loss", "Final validation loss", "Gradient norm"]
    heads += ["Saturated", "Effective examples"]
    return _table(
        comparison,
        heads,
        lambda result: [
            *(
                _plain(result.final(name))
                for name in ("train_loss", "validation_loss", "gradient_norm")
            ),
            _share(result.final("saturated")),
            _share(result.final("gradient_sample_size")),
        ],
    )


def _table(comparison: Comparison, heads: list[str], cells: Callable[[Result], list[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in ("Loss", *heads))
    rows = "".join(
        f"<tr><th>{_name(result, comparison)}</th>"
        f"{''.join(f'<td>{cell}</td>' for cell in cells(result))}</tr>"
        for result in comparison.results
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _score(metric: Metric, values: NDArray[np.float64]) -> str:
    score = estimate(values)
    return metric.text(score.mean, score.error)


def _plain(value: Estimate) -> str:
    return with_error(value.mean, value.error)


def _share(value: Estimate) -> str:
    return PERCENT.text(value.mean, value.error)


def _badge(result: Result) -> str:
    name = result.verdict.name
    kind = " good" if name in GOOD else "" if name in NEUTRAL else " warn"
    return f'<span class="badge{kind}">{name}</span>'


def _panel(result: Result, comparison: Comparison) -> str:
    curves = _curves(result, comparison)
    steps = comparison.plan.grid.astype(float)
    light, dark = (plots.loss_figure(curves, steps, theme) for theme in ("light", "dark"))
    name = html.escape(words.short(result, comparison))
    return (
        f'<article class="card panel"><h3>{_name(result, comparison)}</h3>'
        f"<div>{_badge(result)}</div>"
        f"{picture(light, dark, f'training and validation loss of {name} over steps')}"
        f"<p>{escape(result.verdict.reason)} {escape(result.verdict.advice)}</p>"
        f'<p class="small">{html.escape(result.verdict.source)}</p></article>'
    )


def _metric_picture(comparison: Comparison) -> str:
    curves = [_curves(result, comparison) for result in comparison.results]
    steps, metric = comparison.plan.grid.astype(float), comparison.metric
    light, dark = (
        plots.metric_figure(
            curves,
            steps,
            metric.label,
            percent=metric.percent,
            target=comparison.target,
            theme=theme,
        )
        for theme in ("light", "dark")
    )
    return picture(light, dark, f"validation {metric.label} of each loss over steps")


def picture(light: bytes, dark: bytes, words_for_it: str) -> str:
    """Both grounds in one element; the reader's scheme picks.

    Args:
        light: PNG for a light ground.
        dark: PNG for a dark one.
        words_for_it: what it shows.
    """
    sources = [f"data:image/png;base64,{base64.b64encode(i).decode()}" for i in (light, dark)]
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{sources[1]}">'
        f'<img src="{sources[0]}" alt="{words_for_it}"></picture>'
    )


def definitions(pairs: list[tuple[str, str]]) -> str:
    """A list of terms and what they mean.

    Args:
        pairs: of term and meaning.
    """
    rows = "".join(f"<dt>{html.escape(a)}</dt><dd>{escape(b)}</dd>" for a, b in pairs)
    return f"<dl>{rows}</dl>"


def _curves(result: Result, comparison: Comparison) -> plots.LossCurves:
    curves = result.run.curves
    return plots.LossCurves(
        words.short(result, comparison),
        curves["train_loss"],
        curves["validation_loss"],
        curves["validation_metric"],
        float(result.run.baseline.mean()),
    )
