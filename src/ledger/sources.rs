//! The sources that a table counts and fences, each at its place.
//!
//! A place is for good: a source that a reload takes away keeps its own, and
//! finds it again when it comes back. So a list only grows, and whoever reads it
//! never waits for whoever adds to it.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::watermark::Watermark;
use super::{LedgerOptions, SOURCES_MAX, SourceIndex, SourceTag};
use crate::clock::UnixTime;
use crate::limits::Bound;

/// Those of the process, at their places, with those among them that only an
/// earlier process had.
pub(super) struct Sources {
    list: ArcSwap<Vec<Arc<Source>>>,
    entries_max: u64,
    boot_fence: Option<UnixTime>,
}

/// What is kept for one source.
pub(super) struct Source {
    pub(super) tag: SourceTag,
    pub(super) entries: Bound,
    pub(super) watermark: Watermark,
}

impl Sources {
    /// The sources of the start, behind the boot fence.
    pub(super) fn new(options: &LedgerOptions) -> Self {
        let entries_max = options.entries_max_per_source as u64;
        let source = |&tag| Arc::new(Source::new(tag, entries_max, options.boot_fence));
        let list = options.sources.iter().map(source).collect();
        Self { list: ArcSwap::from_pointee(list), entries_max, boot_fence: options.boot_fence }
    }

    /// The source at a place that was given out.
    pub(super) fn at(&self, index: SourceIndex) -> Option<Arc<Source>> {
        self.list.load().get(index.0 as usize).cloned()
    }

    /// Every source.
    pub(super) fn all(&self) -> Guard<Arc<Vec<Arc<Source>>>> {
        self.list.load()
    }

    /// The place of a source. One that is new to the process begins behind the
    /// boot fence, as those of the start did: nobody but an earlier process can
    /// have accepted anything of it. `None` when there are too many.
    pub(super) fn place(&self, tag: SourceTag) -> Option<SourceIndex> {
        let index = self.place_behind(tag, self.boot_fence);
        (index.0 < SOURCES_MAX).then_some(index)
    }

    /// The same for a source of which entries are known.
    pub(super) fn place_unfenced(&self, tag: SourceTag) -> SourceIndex {
        self.place_behind(tag, None)
    }

    fn place_behind(&self, tag: SourceTag, fence: Option<UnixTime>) -> SourceIndex {
        let find = |list: &[Arc<Source>]| list.iter().position(|source| source.tag == tag);
        if find(&self.list.load()).is_none() {
            self.list.rcu(|list| match find(list) {
                Some(_) => Arc::clone(list),
                None if list.len() >= SOURCES_MAX as usize => Arc::clone(list),
                None => {
                    let new = Arc::new(Source::new(tag, self.entries_max, fence));
                    Arc::new(list.iter().cloned().chain([new]).collect())
                }
            });
        }
        let place = find(&self.list.load()).and_then(|place| u32::try_from(place).ok());
        SourceIndex(place.unwrap_or(SOURCES_MAX))
    }

    /// Has the watermark of `tag` at `watermark`, wherever it was.
    pub(super) fn restore(&self, tag: SourceTag, watermark: UnixTime) {
        if let Some(source) = self.at(self.place_unfenced(tag)) {
            source.watermark.restore(watermark);
        }
    }
}

impl Source {
    fn new(tag: SourceTag, entries_max: u64, watermark: Option<UnixTime>) -> Self {
        Self { tag, entries: Bound::new(entries_max), watermark: Watermark::new(watermark) }
    }
}
