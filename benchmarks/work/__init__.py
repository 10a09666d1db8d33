"""A Django app with the workflows of the workloads, found by autodiscovery like any user's."""
