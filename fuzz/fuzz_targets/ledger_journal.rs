//! Whatever a file of the ledger holds, it is read to its end, every byte is
//! accounted for, and what was understood of it reads the same when it is
//! written anew.
#![no_main]

use countersign::ledger::account;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let first = account(bytes);
    assert_eq!(first.in_records + first.in_damage + first.in_torn_tail, bytes.len() as u64);
    let again = account(&first.rewritten);
    assert_eq!((again.in_damage, again.in_torn_tail), (0, 0));
    assert_eq!((again.rewritten, again.entries), (first.rewritten, first.entries));
});
