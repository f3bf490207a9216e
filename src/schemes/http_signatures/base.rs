//! The signature base: the bytes that are signed (RFC 9421 section 2.5).

use sfv::{InnerList, Item, ItemSerializer, ListSerializer};

use super::component::Component;
use super::subject::Subject;
use crate::schemes::refusal::Refusal;

/// A line for each component, and last the list that names them.
pub(super) fn base(
    subject: &Subject<'_>,
    components: &[Component],
    list: &InnerList,
) -> Result<Vec<u8>, Refusal> {
    let mut base = Vec::with_capacity(BASE_BYTES);
    for component in components {
        let value = subject.value(component)?;
        base.extend_from_slice(identifier(&component.identifier).as_bytes());
        base.extend_from_slice(b": ");
        base.extend_from_slice(&value);
        base.push(b'\n');
    }
    base.extend_from_slice(b"\"@signature-params\": ");
    base.extend_from_slice(parameters(list).as_bytes());
    Ok(base)
}

/// The list as RFC 9651 writes it: what `Signature-Input` has for the label.
pub(super) fn parameters(list: &InnerList) -> String {
    let mut serializer = ListSerializer::new();
    let mut inner = serializer.inner_list();
    inner.items(&list.items);
    let _ = inner.finish().parameters(&list.params);
    serializer.finish().expect("the list has one member")
}

pub(super) fn identifier(item: &Item) -> String {
    ItemSerializer::new().bare_item(&item.bare_item).parameters(&item.params).finish()
}

/// Room for what most signatures cover.
const BASE_BYTES: usize = 512;
