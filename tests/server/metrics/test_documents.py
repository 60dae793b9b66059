"""The list of metrics, the alert rules and the dashboard name what there is, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from server.metrics.scrape import text
from tests.server.metrics.known import everything

DOCS = Path(__file__).parents[3] / "docs"
FAMILIES = [*text_string_to_metric_families(text(everything()).decode())]
SAMPLES = {sample.name for family in FAMILIES for sample in family.samples}
LABELS = {
    family.name + ("_total" if family.type == "counter" else ""): {
        label for sample in family.samples for label in sample.labels if label != "le"
    }
    for family in FAMILIES
}


def listed() -> dict[str, set[str]]:
    """Metrics in the list, with their labels."""
    rows = re.findall(r"^\| `(cdc_\w+)` \|([^|]*)\|", (DOCS / "metrics.md").read_text(), re.MULTILINE)
    return {name: set(filter(None, labels.replace(" ", "").split(","))) for name, labels in rows}


def test_the_list_is_complete_and_true() -> None:
    assert listed() == LABELS


@pytest.mark.parametrize("name", ["metrics.md", "prometheus-alerts.yml", "grafana-dashboard.json"])
def test_only_metrics_that_exist_are_named(name: str) -> None:
    named = set(re.findall(r"\bcdc_[a-z0-9_]+", (DOCS / name).read_text()))
    assert named
    assert named <= SAMPLES | set(LABELS)


def test_the_rules_are_rules() -> None:
    document = yaml.safe_load((DOCS / "prometheus-alerts.yml").read_text())
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 10
    for rule in rules:
        assert {"alert", "expr", "labels", "annotations"} == set(rule) - {"for"}
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert {"summary", "description"} == set(rule["annotations"])
        named = re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))
        metrics = re.findall(r"cdc_[a-z0-9_]+", rule["expr"])
        assert all(label in LABELS[metric] for label in named for metric in metrics[:1])


def test_the_dashboard_is_one() -> None:
    document = json.loads((DOCS / "grafana-dashboard.json").read_text())
    panels = document["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels) > 10
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in panels]
    cells = [(x + i, y + j) for x, y, w, h in places for i in range(w) for j in range(h)]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert all(0 <= x < 24 for x, _ in cells)
    assert all(target["expr"] for panel in panels for target in panel["targets"])
