"""The page that planners compare on, and the numbers behind it as tables."""

from optimiser.published import Published
from optimiser.report.comparison import write_comparison
from optimiser.report.material import Material
from optimiser.report.page import write_report
from optimiser.report.sheets import write_tables

__all__ = ["Material", "Published", "write_comparison", "write_report", "write_tables"]
