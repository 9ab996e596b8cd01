"""Regions of Google Cloud and the cities that they are named after, as their pages list them."""

from __future__ import annotations

from typing import Any

CITIES = {
    "europe-west1": "Belgium",
    "us-central1": "Iowa",
    "europe-west2": "London",
    "europe-west3": "Frankfurt",
    "europe-west4": "Netherlands",
    "europe-west6": "Zurich",
    "europe-west8": "Milan",
    "europe-west9": "Paris",
    "europe-north1": "Finland",
    "europe-central2": "Warsaw",
    "us-east1": "South Carolina",
    "us-east4": "Northern Virginia",
    "us-west1": "Oregon",
    "us-west2": "Los Angeles",
    "northamerica-northeast1": "Montréal",
    "southamerica-east1": "São Paulo",
    "asia-east1": "Taiwan",
    "asia-northeast1": "Tokyo",
    "asia-southeast1": "Singapore",
    "australia-southeast1": "Sydney",
}


def location_json(project: str, location: str) -> dict[str, Any]:
    """A Location of REST. Source: `projects.locations` of the reference."""
    return {
        "name": f"projects/{project}/locations/{location}",
        "locationId": location,
        "displayName": CITIES.get(location, location),
        "labels": {"cloud.googleapis.com/region": location},
    }
