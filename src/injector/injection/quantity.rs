//! Kubernetes quantities, such as `10m`, `0.5` or `128Mi`.

/// What `text` says in its unit: cores or bytes. `None` where it is no
/// quantity, or less than nothing.
///
/// Serialization Format of the Kubernetes API (resource.Quantity), without
/// signs and exponents, which nobody writes.
pub(crate) fn quantity(text: &str) -> Option<f64> {
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, suffix) = text.split_at(digits);
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == suffix)?;
    let is_number = number.starts_with(|first: char| first.is_ascii_digit()) && !number.ends_with('.');
    is_number.then(|| number.parse::<f64>().ok()).flatten().map(|number| number * unit)
}

const UNITS: [(&str, f64); 14] = [
    ("", 1.0),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_server_takes_has_a_value() {
        for (text, value) in
            [("10m", Some(0.01)), ("0.5", Some(0.5)), ("128Mi", Some(134_217_728.0)), ("1G", Some(1e9))]
        {
            assert_eq!(quantity(text), value, "{text}");
        }
        for text in ["", "Mi", ".5", "1.", "1.2.3", "128MB", "-1", "1e3", " 1"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }
}
