//! `docs/operations.md` says of each alert what to do.

const PAGE: &str = include_str!("../../docs/operations.md");
const ALERTS: &str = include_str!("../../deploy/prometheus/alerts.yaml");
const ALERTS_TEST: &str = include_str!("../../deploy/prometheus/alerts_test.yaml");

#[test]
fn every_alert_has_its_section_and_no_section_is_left_over() {
    let (_, sections) = PAGE.split_once("\n## Alerts\n").unwrap();
    let explained: Vec<&str> = sections.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(explained, alerts());
}

#[test]
fn every_alert_is_tried_by_promtool() {
    for alert in alerts() {
        let fires = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(ALERTS_TEST.contains(&fires), "alerts_test.yaml never lets {alert} fire");
    }
}

/// Their names, in order.
fn alerts() -> Vec<&'static str> {
    ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect()
}
