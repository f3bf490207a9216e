//! The settings as a page of the manual has them.

use super::kind::Kind;
use super::names::PREFIX;
use super::setting::{self, Form, Setting};

/// Every setting, in Markdown: `docs/kubernetes.md` holds it between its marks.
pub(super) fn markdown() -> String {
    let (both, guard): (Vec<_>, Vec<_>) =
        setting::all_of(Kind::Guard).iter().partition(|setting| is_of_both(setting));
    let signer = setting::all_of(Kind::Signer).iter().filter(|setting| !is_of_both(setting)).collect();
    let mut page = String::new();
    for (title, settings) in [("Of both", both), ("Of the guard", guard), ("Of the signer", signer)] {
        page.extend([
            "\n### ",
            title,
            "\n\n| `",
            PREFIX,
            "…` | value | default | |\n| --- | --- | --- | --- |\n",
        ]);
        page.extend(settings.into_iter().map(row));
    }
    page
}

/// Whether both sidecars have it, and it means the same.
fn is_of_both(setting: &Setting) -> bool {
    Kind::ALL.iter().all(|kind| setting::all_of(*kind).contains(setting))
}

fn row(setting: &Setting) -> String {
    let Setting { key, form, value_name, help, default } = setting;
    let value = match form {
        Form::Flag { is_list: true } | Form::File { is_list: true, .. } => format!("`{value_name}`, …"),
        _ => format!("`{value_name}`"),
    };
    let default = match (default, form) {
        (Some(default), _) => format!("`{default}`"),
        (None, Form::File { entry, .. }) => format!("key `{entry}`"),
        (None, _) => String::new(),
    };
    let cells = [format!("`{key}`"), value, default, help.clone()].map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | ").replace("  ", " "))
}
