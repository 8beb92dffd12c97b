"""Names of all scenarios, for help texts that must not load the generator; scenarios/registry.py builds them."""

__all__ = ["SCENARIO_NAMES"]

SCENARIO_NAMES = (
    "secret_lost", "bad_image", "dependency_down", "canary", "two_roots", "slower", "suite_only", "quiet",
    "memory_lowered", "concurrency_lowered", "concurrency_raised", "instances_lowered", "cpu_lowered",
    "variable_changed", "variable_added", "variable_lost", "secret_moved", "busy_hours", "held_change",
    "innocent_canary", "rolled_back", "pinned_back", "doubled_deploy", "deleted_since", "overlapping_rollouts",
    "first_seen_today", "leak", "grows", "multiplied", "returns", "few_failures", "quiet_night", "secret_rotated",
    "permission_removed", "database_maintained", "certificate_expired", "bad_client", "surge",
    "outage_after_deploy", "outage_beside_guilty", "outage_of_one", "callee_breaks_caller",
    "caller_breaks_callee", "found_by_tests", "skewed_clocks", "unlogged_requests", "spans_only",
    "event_stopped", "event_stopped_untraced", "events_stopped_half", "event_hollow", "event_renamed",
    "event_trigger_gone", "event_swallowed", "slower_route", "slower_unseen", "slower_tail", "slower_setting",
    "slower_callee", "slower_database", "slower_surge", "cold_starts", "other_mix",
    "driven_browsers", "hang_timeout", "hang_silent", "failing_in_spans", "span_and_log", "socket_closed",
    "client_hang", "scan_wave", "negative_suite",
    "fixed_then_back", "rolled_back_drains", "fixed_without_traffic", "fixed_in_one_of_two", "muted_variant", "bursty",
    "week",
)  # fmt: skip
