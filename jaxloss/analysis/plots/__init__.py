"""Pictures of losses and of training runs; the only room that imports matplotlib.

Each function gives a PNG for a light or a dark ground, in one style.
"""

from jaxloss.analysis.plots.calibration import (
    interval_figure as interval_figure,
    reliability_figure as reliability_figure,
)
from jaxloss.analysis.plots.diagnosis import diagnosis_figure as diagnosis_figure
from jaxloss.analysis.plots.gradients import (
    conflict_figure as conflict_figure,
    cosine_matrix as cosine_matrix,
    gradient_heatmap as gradient_heatmap,
    gradient_histograms as gradient_histograms,
)
from jaxloss.analysis.plots.landscape import (
    line_figure as line_figure,
    plane_figure as plane_figure,
)
from jaxloss.analysis.plots.shapes import (
    Shape as Shape,
    shape_card as shape_card,
    shape_figure as shape_figure,
)
from jaxloss.analysis.plots.style import (
    BLUE as BLUE,
    CYCLES as CYCLES,
    DASHES as DASHES,
    GREEN as GREEN,
    GROUNDS as GROUNDS,
    ORANGE as ORANGE,
    PURPLE as PURPLE,
    SKY as SKY,
    VERMILLION as VERMILLION,
    YELLOW as YELLOW,
    Floats as Floats,
    Theme as Theme,
    drawing as drawing,
    png as png,
)
from jaxloss.analysis.plots.training import (
    BANDS as BANDS,
    Band as Band,
    LossCurves as LossCurves,
    Ranked as Ranked,
    curves_figure as curves_figure,
    draw_loss as draw_loss,
    draw_metric as draw_metric,
    draw_ranking as draw_ranking,
    loss_figure as loss_figure,
    metric_figure as metric_figure,
    overview as overview,
)
