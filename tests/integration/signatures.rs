//! Signatures as forgers write them, end to end.

use std::fmt::Write as _;

use crate::stand::{BODY, Setup, Stand};

/// The fields of a genuine delivery as text: id, timestamp, signature.
fn genuine(stand: &Stand, id: &str) -> [String; 3] {
    let signed = stand.signed(id, BODY);
    ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|wanted| {
        let (_, value) = signed.iter().find(|(name, _)| name == wanted).unwrap();
        value.to_str().unwrap().to_owned()
    })
}

/// What a delivery of [`BODY`] with these header lines gets.
async fn send(stand: &Stand, lines: &str) -> String {
    let head = format!(
        "POST /hooks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n{lines}\r\n",
        BODY.len()
    );
    stand.exchange(&[head.as_bytes(), BODY].concat(), std::time::Duration::from_secs(5)).await
}

#[tokio::test]
async fn one_good_signature_among_others_is_enough() {
    let stand = Stand::with_flags(&[]).await;
    let wrong = format!("v1,{}=", "A".repeat(43));
    for (number, (what, before, after)) in [
        ("alone", String::new(), String::new()),
        ("behind a wrong one", format!("{wrong} "), String::new()),
        ("before a wrong one", String::new(), format!(" {wrong}")),
        ("the sixteenth", format!("{wrong} ").repeat(15), String::new()),
        ("behind an unknown version", "v1a,AAAA v2,AAAA ".to_owned(), String::new()),
        ("behind one that is unreadable", "v1,!! ".to_owned(), String::new()),
        ("behind a thousand of unknown versions", "v9,x ".repeat(1000), String::new()),
        ("between empty entries", "  ".to_owned(), "  ,".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let [id, timestamp, good] = genuine(&stand, &format!("msg_{number}"));
        let lines = format!(
            "webhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {before}{good}{after}\r\n"
        );
        let answer = send(&stand, &lines).await;
        assert!(answer.starts_with("HTTP/1.1 204 "), "{what}: {answer}");
    }
}

#[tokio::test]
#[allow(clippy::too_many_lines, reason = "a table")]
async fn what_is_not_a_good_signature_is_none() {
    let stand = Stand::with_flags(&[]).await;
    let other = Stand::with_flags(&[]).await;
    let [id, timestamp, good] = genuine(&stand, "msg_1");
    let [_, _, others] = genuine(&other, "msg_1");
    let tag = good.strip_prefix("v1,").unwrap();
    let wrong = format!("v1,{}=", "A".repeat(43));
    let hex: String = tag.bytes().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    let rows: Vec<(&str, String, &str)> = vec![
        ("another source's secret", others, "signature_mismatch"),
        ("the tag alone", tag.to_owned(), "signature_malformed"),
        ("the version alone", "v1,".to_owned(), "signature_malformed"),
        ("the version without a comma", "v1".to_owned(), "signature_malformed"),
        ("another version", good.replacen("v1", "v2", 1), "signature_malformed"),
        ("an upper-case version", good.replacen("v1", "V1", 1), "signature_malformed"),
        ("a version with a space", good.replacen("v1,", "v1, ", 1), "signature_malformed"),
        ("another separator", good.replacen("v1,", "v1=", 1), "signature_malformed"),
        ("without padding", good.trim_end_matches('=').to_owned(), "signature_malformed"),
        ("with more padding", format!("{good}="), "signature_malformed"),
        ("a byte less", format!("v1,{}=", &tag[..tag.len() - 5]), "signature_malformed"),
        ("a byte more", format!("v1,{}AAAA", &tag[..tag.len() - 1]), "signature_malformed"),
        ("its first half", format!("v1,{}", &tag[..20]), "signature_malformed"),
        ("a letter in another case", flip_case(&good), "signature_mismatch"),
        ("in hexadecimal", format!("v1,{hex}"), "signature_malformed"),
        ("in quotes", format!("\"{good}\""), "signature_malformed"),
        ("in full-width letters", good.replacen("v1", "\u{ff56}\u{ff11}", 1), "signature_malformed"),
        ("behind a byte order mark", format!("\u{feff}{good}"), "signature_malformed"),
        ("in commas instead of spaces", format!("{wrong},{good}"), "signature_malformed"),
        ("with a tab between", format!("{wrong}\t{good}"), "signature_malformed"),
        ("seventeen", format!("{}{good}", format!("{wrong} ").repeat(16)), "signature_malformed"),
        ("six hundred", format!("{}{good}", format!("{wrong} ").repeat(599)), "signature_malformed"),
        ("a long word", "a".repeat(30_000), "signature_malformed"),
        ("empty", String::new(), "signature_missing"),
        ("spaces", "   ".to_owned(), "signature_missing"),
    ];
    for (what, signature, code) in rows {
        let lines = format!(
            "webhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-signature: {signature}\r\n"
        );
        let answer = send(&stand, &lines).await;
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains(code), "{what}: {answer}");
    }
    let good_line = format!("webhook-signature: {good}\r\n");
    let wrong_line = format!("webhook-signature: {wrong}\r\n");
    for (what, lines) in [
        ("good and wrong", format!("{good_line}{wrong_line}")),
        ("wrong and good", format!("{wrong_line}{good_line}")),
        (
            "good twice",
            format!("{good_line}{}", good_line.to_uppercase().replace(&good.to_uppercase(), &good)),
        ),
        ("good and empty", format!("{good_line}webhook-signature:\r\n")),
        ("a second timestamp", format!("{good_line}webhook-timestamp: {timestamp}\r\n")),
        ("a second id", format!("{good_line}webhook-id: {id}\r\n")),
    ] {
        let head = format!("webhook-id: {id}\r\nwebhook-timestamp: {timestamp}\r\n");
        let answer = send(&stand, &(head + &lines)).await;
        assert!(
            answer.starts_with("HTTP/1.1 401 ") && answer.contains("header_repeated"),
            "{what}: {answer}"
        );
    }
    assert!(stand.app.take_seen().is_empty());
    assert_eq!(stand.post_genuine("msg_1").await.status, 204, "no forgery burned the id");
}

/// With the case of its last letter changed.
fn flip_case(signature: &str) -> String {
    let at = signature[..signature.len() - 2].rfind(|c: char| c.is_ascii_alphabetic()).unwrap();
    let letter = signature[at..].chars().next().unwrap();
    let flipped =
        if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
    format!("{}{flipped}{}", &signature[..at], &signature[at + 1..])
}

#[tokio::test]
async fn a_timestamp_and_an_id_have_one_form() {
    let stand = Stand::with_flags(&[]).await;
    let [id, timestamp, good] = genuine(&stand, "msg_1");
    for (field, value, code) in [
        ("webhook-timestamp", format!("0{timestamp}"), "timestamp_malformed"),
        ("webhook-timestamp", format!("+{timestamp}"), "timestamp_malformed"),
        ("webhook-timestamp", format!("-{timestamp}"), "timestamp_malformed"),
        ("webhook-timestamp", format!("{timestamp}.0"), "timestamp_malformed"),
        ("webhook-timestamp", format!("{timestamp}000"), "timestamp_in_future"),
        ("webhook-timestamp", format!("{timestamp}e0"), "timestamp_malformed"),
        ("webhook-timestamp", "18446744073709551616".to_owned(), "timestamp_malformed"),
        ("webhook-timestamp", "0".to_owned(), "timestamp_too_old"),
        ("webhook-timestamp", "2027-01-15T08:00:00Z".to_owned(), "timestamp_malformed"),
        ("webhook-timestamp", "\u{661}\u{668}".to_owned(), "timestamp_malformed"),
        ("webhook-timestamp", String::new(), "timestamp_missing"),
        ("webhook-id", format!("{id}.{timestamp}"), "id_malformed"),
        ("webhook-id", "a b".to_owned(), "id_malformed"),
        ("webhook-id", "m\u{e9}g".to_owned(), "id_malformed"),
        ("webhook-id", "m".repeat(257), "id_malformed"),
        ("webhook-id", String::new(), "id_missing"),
        ("webhook-id", "MSG_1".to_owned(), "signature_mismatch"),
    ] {
        let of = |name: &str, genuine: &str| {
            let shown = if name == field { &value } else { genuine };
            format!("{name}: {shown}\r\n")
        };
        let lines =
            of("webhook-id", &id) + &of("webhook-timestamp", &timestamp) + &of("webhook-signature", &good);
        let answer = send(&stand, &lines).await;
        assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains(code), "{field}: {value:?}: {answer}");
    }
    assert!(stand.app.take_seen().is_empty());
}

#[tokio::test]
async fn a_signature_header_of_another_scheme_counts_for_nothing() {
    let github = Stand::start(Setup { preset: "github", ..Setup::default() }).await;
    let hex = "a".repeat(40);
    for lines in [
        format!("x-hub-signature: sha1={hex}\r\n"),
        format!("x_hub_signature_256: sha256={hex}\r\n"),
        "authorization: Bearer x\r\n".to_owned(),
        stand_lines(&github, "webhook-signature"),
    ] {
        let answer = send(&github, &lines).await;
        assert!(answer.contains("signature_missing"), "{lines}: {answer}");
    }
    assert!(github.app.take_seen().is_empty());
}

/// The genuine signature, under another name.
fn stand_lines(stand: &Stand, name: &str) -> String {
    let (_, value) = stand.signed("", BODY).remove(0);
    format!("{name}: {}\r\n", value.to_str().unwrap())
}
