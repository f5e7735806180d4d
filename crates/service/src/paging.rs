//! The cursors of lists: opaque text outside, places inside.

use crate::ServiceError;
use model::{
    entry::Page,
    id::{decode_base32, encode_base32},
};

/// The most items of a page.
pub const MAX_LIMIT: u32 = 100;

/// Checks the number of items asked for.
pub(crate) fn limit(asked: u32) -> Result<u32, ServiceError> {
    if (1..=MAX_LIMIT).contains(&asked) {
        return Ok(asked);
    }
    Err(ServiceError::invalid("limit", format!("give a number from 1 to {MAX_LIMIT}")))
}

/// Reads a cursor of `N` numbers; `None` stays `None`.
pub(crate) fn place<const N: usize>(cursor: Option<&str>) -> Result<Option<[i64; N]>, ServiceError> {
    let Some(text) = cursor else { return Ok(None) };
    let wrong = || ServiceError::invalid("cursor", "give the next_cursor of an earlier answer, unchanged");
    let text = text.strip_prefix('p').ok_or_else(wrong)?;
    let numbers: Option<Vec<i64>> = text.split('-').map(decode_base32).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).map(Some).ok_or_else(wrong)
}

/// Cuts the one item too many that was asked of the store, and says where the next page begins.
pub(crate) fn page<T, const N: usize>(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> [i64; N]) -> Page<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| {
        let numbers: Vec<String> = place(last).iter().map(|number| encode_base32(*number)).collect();
        format!("p{}", numbers.join("-"))
    });
    Page { items, next_cursor }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_the_last_page_has_none() {
        let first = page(vec![9, 8, 7], 2, |item| [*item, 1]);
        assert_eq!(first.items, [9, 8]);
        assert_eq!(place::<2>(first.next_cursor.as_deref()).unwrap(), Some([8, 1]));
        assert_eq!(page(vec![7], 2, |item| [*item]).next_cursor, None);
    }

    #[test]
    fn foreign_cursors_are_refused() {
        for text in ["", "p", "x", "p0000000000001-zz", "c00000000000001"] {
            assert!(place::<2>(Some(text)).is_err(), "{text}");
        }
    }
}
