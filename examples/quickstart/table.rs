//! What is printed: one line a scene, as soon as it was played.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::Seen;
use crate::client::Failure;
use crate::scenes::{self, Got, Played, Scene, codes};
use crate::world::World;

/// The table, and whether every row was as it must be.
pub(crate) struct Table {
    rows: usize,
    wrong: usize,
}

impl Table {
    /// Prints the head.
    pub(crate) fn new() -> Self {
        println!("    {:<42} {:<44} {:>8}  the app saw", "sent", "got", "µs");
        Self { rows: 0, wrong: 0 }
    }

    /// Plays scenes and prints a row for each.
    pub(crate) async fn play(&mut self, world: &World, scenes: Vec<Scene>) -> Result<(), Failure> {
        for scene in scenes {
            self.row(&scenes::play(world, scene).await?);
        }
        Ok(())
    }

    /// Prints one row; a row that differs is followed by what it must be.
    fn row(&mut self, played: &Played) {
        let mark = if played.is_as_it_must_be() { "ok" } else { "NO" };
        println!(
            "{mark}  {:<42} {:<44} {:>8}  {}",
            played.scene.sent,
            summary(&played.got),
            micros(&played.got),
            sight(&played.seen)
        );
        self.rows += 1;
        if !played.is_as_it_must_be() {
            self.wrong += 1;
            println!("    must be: {}", played.scene.expected);
        }
    }

    /// Prints the count.
    pub(crate) fn close(&self) {
        println!("\n{} of {} as they must be", self.rows - self.wrong, self.rows);
    }

    pub(crate) fn is_as_it_must_be(&self) -> bool {
        self.wrong == 0
    }
}

/// `204, 409 replayed`; many replies are counted by kind.
fn summary(got: &[Got]) -> String {
    let codes = codes(got);
    if codes.len() <= 2 {
        return codes.join(", ");
    }
    let mut counts = BTreeMap::new();
    for code in codes {
        *counts.entry(code).or_insert(0) += 1;
    }
    let counted: Vec<String> = counts.iter().map(|(code, count)| format!("{count}x {code}")).collect();
    counted.join(", ")
}

/// The median time from the request to the last byte of its answer.
fn micros(got: &[Got]) -> String {
    let mut times: Vec<Duration> = got
        .iter()
        .filter_map(|got| match got {
            Got::Reply(reply) => Some(reply.took),
            Got::NoConnection => None,
        })
        .collect();
    times.sort_unstable();
    times.get(times.len() / 2).map_or_else(|| "-".to_owned(), |time| time.as_micros().to_string())
}

fn sight(seen: &[Seen]) -> String {
    match seen {
        [] => "nothing".to_owned(),
        [one] => format!("1 request, {} bytes, {}", one.body.len(), one.field("countersign-class")),
        more => format!("{} requests", more.len()),
    }
}
