//! `docs/metrics.md` has every metric that is declared, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_metric_has_its_row_and_no_row_is_left_over() {
    let page = include_str!("../../docs/metrics.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: BTreeSet<String> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
    assert_eq!(documented, declared());
}

/// Where they are made: the first argument of what makes them.
fn declared() -> BTreeSet<String> {
    let mut names =
        BTreeSet::from(["countersign_build_info", "process_start_time_seconds"].map(str::to_owned));
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telemetry")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for kind in ["counter", "counters", "gauge", "gauges", "ratio", "histogram", "histograms"] {
            for made in text.split(&format!(".{kind}(")).skip(1) {
                let name = made.trim_start().trim_start_matches("&format!(");
                let Some(name) = name.strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                    continue;
                };
                if let Some(rest) = name.strip_prefix("{peer}") {
                    names.extend(["upstream", "consumer"].map(|peer| format!("countersign_{peer}{rest}")));
                } else {
                    names.insert(format!("countersign_{name}"));
                }
            }
        }
    }
    names
}
